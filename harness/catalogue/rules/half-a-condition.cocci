// Of two conditions one is not asked for.
@@
expression A, B;
position p : script:python() { picked(p, "first") };
@@
(
- A && B@p
+ A
|
- A || B@p
+ A
)

@@
expression A, B;
position p : script:python() { picked(p, "second") };
@@
(
- A && B@p
+ B
|
- A || B@p
+ B
)
