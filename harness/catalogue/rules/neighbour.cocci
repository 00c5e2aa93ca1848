// A function or a flag is taken for its neighbour.
@@
position p : script:python() { picked(p) };
@@
(
- kzalloc@p
+ kmalloc
|
- vmalloc_user@p
+ vzalloc
|
- mutex_lock_killable@p
+ mutex_lock_interruptible
|
- fatal_signal_pending@p
+ signal_pending
|
- signal_pending@p
+ fatal_signal_pending
|
- copy_to_user@p
+ __copy_to_user
|
- copy_from_user@p
+ __copy_from_user
|
- pgprot_device@p
+ pgprot_writecombine
|
- ioremap@p
+ ioremap_wc
|
- GFP_KERNEL@p
+ GFP_NOWAIT
|
- MEMREMAP_WB@p
+ MEMREMAP_WT
|
- CAP_SYS_ADMIN@p
+ CAP_SYS_RAWIO
|
- FMODE_READ@p
+ FMODE_WRITE
|
- FMODE_WRITE@p
+ FMODE_READ
|
- VM_MAYSHARE@p
+ VM_SHARED
|
- VM_MAYEXEC@p
+ VM_EXEC
|
- VM_EXEC@p
+ VM_MAYEXEC
|
- VM_PFNMAP@p
+ VM_MIXEDMAP
|
- IORESOURCE_SYSTEM_RAM@p
+ IORESOURCE_MEM
|
- IORES_DESC_RESERVED@p
+ IORES_DESC_NONE
)

@@
expression C;
position p : script:python() { picked(p, "namespace") };
@@
- capable@p(C)
+ ns_capable(current_user_ns(), C)
