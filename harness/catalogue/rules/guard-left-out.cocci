// Nobody asks: what is done, or refused, under a condition is left out.
@@
expression E;
statement S;
position p : script:python() { picked(p) };
@@
- if (E@p) S
+ {}
