// One flag of several is left out, or added where another is meant.
@@
expression A, B;
position p : script:python() { picked(p, "second") };
@@
(
- A | B@p
+ A
|
- A |= B@p
+ A = B
)

@@
expression A, B;
position p : script:python() { picked(p, "first") };
@@
(
- A | B@p
+ B
|
- A & B@p
+ B
)

@@
expression A, B;
position p : script:python() { picked(p, "mask") };
@@
- A & B@p
+ A
