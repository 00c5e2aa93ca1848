// A call's answer is ignored: an error goes on as if all were well.
@@
identifier f;
expression list A;
statement S;
position p : script:python() { picked(p, "if") };
@@
- if (f@p(A)) S
+ f(A);

@@
identifier f;
expression list A;
position p : script:python() { picked(p, "return") };
@@
- return f@p(A);
+ return f(A), 0;

@@
identifier f;
expression list A;
expression V;
position p : script:python() { picked(p, "err") };
@@
- V = f@p(A);
+ V = (f(A), 0);
