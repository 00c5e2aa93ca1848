"""um: user-mode Linux, a kernel that runs as a program on the machine itself.

It is built from the source (kernels/uml.py), so that KUnit is in it and, in the
instrumented flavour, what catches mistakes: KASAN, kmemleak, lockdep, fault injection.
"""

from harness.kernels.architecture import Architecture, Toolchain

_TIMELESS = "time-travel=inf-cpu"

# There need not be a plain gcc.
COMPILERS = ("CC=gcc-12", "HOSTCC=gcc-12")

ARCHITECTURE = Architecture(
    name="um",
    summary="user-mode Linux with the sanitizers in it, built once in some minutes",
    debian="amd64",
    source="um",
    flavours=("instrumented", "plain"),
    console="ttyS0",
    results="ttyS1",
    elsewhere="user-mode Linux is a program, and there is one for x86 processors only",
    toolchain=Toolchain(compiler="/usr/bin/gcc-12", make=("ARCH=um", *COMPILERS)),
    has_kunit=True,
    has_sanitizers=True,
    # kmemleak reports a leak only after five seconds: in this mode a
    # sleep costs none. KASAN reports every error, not only the first.
    thorough_arguments=(_TIMELESS, "kasan_multi_shot"),
    timeless_argument=_TIMELESS,
)
