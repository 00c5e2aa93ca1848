// Part of a sum, a shift or a product is forgotten.
@@
expression A, B;
position p : script:python() { picked(p, "second") };
@@
(
- A + B@p
+ A
|
- A - B@p
+ A
|
- A << B@p
+ A
|
- A >> B@p
+ A
|
- A / B@p
+ A
|
- A * B@p
+ A
)

@@
expression A, B;
position p : script:python() { picked(p, "first") };
@@
- A + B@p
+ B

@@
expression A, B;
position p : script:python() { picked(p, "step") };
@@
(
- A += B@p
+ A = B
|
- A -= B@p
+ A = B
|
- A@p++
+ A
)
