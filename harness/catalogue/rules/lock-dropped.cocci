// A critical section has no lock.
@lock@
expression L;
identifier f;
position p : script:python() { picked(p) };
@@
 f(...) { <+...
(
- mutex_lock_killable@p(L)
+ 0
|
- mutex_lock_interruptible@p(L)
+ 0
)
 ...+> }

@depends on lock@
expression lock.L;
identifier lock.f;
@@
 f(...) { <+...
- mutex_unlock(L);
+ {}
 ...+> }

@map@
expression L;
identifier f;
position p : script:python() { picked(p, "mmap") };
@@
 f(...) { <+...
- mmap_read_lock@p(L);
+ {}
 ...+> }

@depends on map@
expression map.L;
identifier map.f;
@@
 f(...) { <+...
- mmap_read_unlock(L);
+ {}
 ...+> }
