// A statement is forgotten. (Not a message in the log: nothing depends on it.)
@@
expression E;
position p : script:python() { picked(p) };
@@
(
 pr_err(...);
|
- E@p;
+ {}
)
