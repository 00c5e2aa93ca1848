// A variable begins with what was on the stack, and a member with zero.
@@
type T;
identifier x;
position p : script:python() { picked(p) };
@@
(
- T x@p = { };
+ T x;
|
- T x@p = 0;
+ T x;
|
- T x@p = NULL;
+ T x;
)

@@
type T;
identifier x, member;
expression E;
position p : script:python() { picked(p, "member") };
@@
 T x = {
  ...,
- .member = E@p,
  ...,
 };
