// A condition is the wrong way round.
@@
expression E;
statement S1, S2;
position p : script:python() { picked(p) };
@@
(
 if (
-    E@p
+    !(E)
    ) S1 else S2
|
 while (
-       E@p
+       !(E)
       ) S1
)

@@
expression E, E1, E2;
position p : script:python() { picked(p, "?") };
@@
- E@p
+ !(E)
  ? E1 : E2
