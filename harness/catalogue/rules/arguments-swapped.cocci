// Two arguments of a call change places.
@@
identifier f !~ "^pr_|^sysfs_emit$";
expression list[n] Before;
expression A, B;
expression list After;
position p : script:python() { picked(p) };
@@
 f(Before,
- A, B@p
+ B, A
  , After)
