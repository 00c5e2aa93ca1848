// An error has the wrong number.
@@
constant C =~ "^E[A-Z]+$";
position p : script:python() { picked(p) };
@@
- -C@p
+ -EDOM
