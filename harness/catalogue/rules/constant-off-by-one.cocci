// A number, or the size of a page, is one too large or one too small.
@@
constant C =~ "^([0-9]|PAGE_SHIFT$|PAGE_SIZE$)";
position p : script:python() { picked(p, "more") };
@@
- C@p
+ (C + 1)

@@
constant C =~ "^([1-9]|PAGE_SHIFT$|PAGE_SIZE$)";
position p : script:python() { picked(p, "less") };
@@
- C@p
+ (C - 1)
