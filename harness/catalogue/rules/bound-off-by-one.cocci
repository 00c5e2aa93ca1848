// A comparison is off by one: what is equal falls on the wrong side.
@disable gtr_lss, gtr_lss_eq@
expression A, B;
position p : script:python() { picked(p) };
@@
(
- A < B@p
+ A <= B
|
- A <= B@p
+ A < B
|
- A > B@p
+ A >= B
|
- A >= B@p
+ A > B
)
