"""The museum of hostile submissions: each is made here, and docs/museum.md shows it.

Most attack from lab_pages, which is right otherwise, and hand in a right lab_remap beside it.
"""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.base.paths import LABS

PAGES, REMAP = "02_pages/lab_pages.c", "05_remap/lab_remap.c"

# What the museum's secret file holds. No mark may show it.
SECRET = "do-not-show-4711"

# Ten words become ten to the twelfth.
_TENFOLD = "".join(f"#define T{n} {f'T{n - 1} ' * 10}\n" for n in range(1, 12))

_GET = "\terr = lab_pages_get();\n"
_MAP = "first + vma->vm_pgoff"


@dataclass(frozen=True)
class Exhibit:
    """A submission: what it tries, and how it is made at a path, given that of the secret.

    ``pages`` are the points that lab_pages must have, None for any but all. lab_remap must have
    all of its points if ``remap`` says so. ``says`` is a part of what the student is shown.
    """

    name: str
    tries: str
    make: Callable[[Path, Path], None]
    pages: int | None = 0
    says: str = ""
    remap: bool = True


def _sources(change: Callable[[str], str] = lambda text: text) -> dict[str, bytes]:
    text = (LABS / PAGES).read_text()
    return {PAGES: change(text).encode(), REMAP: (LABS / REMAP).read_bytes()}


def _write(path: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"lab_pages.c has {old!r} {text.count(old)} times"
    return text.replace(old, new)


def _folder(change: Callable[[str, Path], str]) -> Callable[[Path, Path], None]:
    """Make a folder with lab_pages changed."""

    def make(path: Path, secret: Path) -> None:
        _write(path, _sources(lambda text: change(text, secret)))

    return make


def _at_load(code: str, wrong: bool = False, head: str = "") -> Callable[[Path, Path], None]:
    """Make a folder whose lab_pages does this when it is loaded, and may map wrongly as well."""

    def change(text: str, secret: Path) -> str:
        text = _replaced(text, _GET, f"{code}\n{_GET}")
        text = _replaced(text, _MAP, "first") if wrong else text
        return _replaced(text, "static long pages", f"{head}\nstatic long pages")

    return _folder(change)


def _appended(code: str) -> Callable[[Path, Path], None]:
    return _folder(lambda text, secret: text + code.replace("SECRET", str(secret)))


def _makefiles(path: Path, secret: Path) -> None:
    attack = f"$(shell cat {secret} >{secret}.seen)\nobj-m := lab_pages.o\n".encode()
    folders, names = ("", "02_pages/"), ("Kbuild", "Makefile")
    _write(path, _sources() | {f"{folder}{name}": attack for folder in folders for name in names})


def _links(path: Path, secret: Path) -> None:
    path.mkdir()
    (path / "02_pages").mkdir()
    (path / PAGES).symlink_to(secret)
    (path / "05_remap").symlink_to("/")


def _tar(path: Path, secret: Path) -> None:
    sources = _sources()
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, link in (
            (PAGES, tarfile.SYMTYPE, str(secret)),
            ("02_pages/disk", tarfile.BLKTYPE, ""),
            ("02_pages/pipe", tarfile.FIFOTYPE, ""),
            ("02_pages/hard", tarfile.LNKTYPE, "/etc/passwd"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.devmajor = kind, link, 8
            tar.addfile(info)
        for name in (f"{secret}.seen", "../../../../../tmp/kmaplab-museum", REMAP):
            info = tarfile.TarInfo(name)
            info.size = len(sources[REMAP])
            tar.addfile(info, io.BytesIO(sources[REMAP]))


def _bomb(path: Path, secret: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        with made.open("02_pages/zeroes", "w", force_zip64=True) as entry:
            for _ in range(160):
                entry.write(bytes(1 << 20))


def _nested(path: Path, secret: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        for name, data in _sources().items():
            made.writestr(name, data)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("work/work.zip", inner.getvalue())


def _names(path: Path, secret: Path) -> None:
    _write(path, _sources() | {"02_pages/\x1b[2J\nall is well\n.c": b"", "\x1b]0;x\x07/a": b""})


def _large(path: Path, secret: Path) -> None:
    _write(path, {PAGES: b"/*" + b"x" * (50 << 20) + b"*/", REMAP: _sources()[REMAP]})


def _only(data: bytes) -> Callable[[Path, Path], None]:
    return lambda path, secret: _write(path, {PAGES: data, REMAP: _sources()[REMAP]})


_OPEN = """
    struct file *env = filp_open("/job/env", O_RDONLY, 0);
    struct file *port = filp_open("/dev/ttyS1", O_WRONLY, 0);
    static char said[512], line[640];
    loff_t at = 0, to = 0;
    char *nonce;

    if (!IS_ERR(env) && !IS_ERR(port)) {
        kernel_read(env, said, sizeof(said) - 1, &at);
        nonce = strsep(&(char *){ strstr(said, "NONCE=") + 6 }, "\\n");
        at = snprintf(line, sizeof(line), "@%s end 0 0\\n@%s done 0\\n", nonce, nonce);
        kernel_write(port, line, at, &to);
    }"""

_PROGRAM = """
    struct file *program = filp_open("/checks/lab_pages", O_WRONLY | O_TRUNC, 0);
    loff_t to = 0;

    if (!IS_ERR(program))
        kernel_write(program, "#!/bin/sh\\nexit 0\\n", 17, &to);"""

# The real program runs, and what it says of a failure is turned round on its way.
_FORGER = r"""
    char *argv[] = { "/bin/busybox", "sh", "-c",
        "PATH=/bin; mkdir /real; ln -s /checks/checks /real/lab_pages; rm /checks/lab_pages;"
        "printf %s \"$1\" >/checks/lab_pages; chmod 755 /checks/lab_pages", "x",
        "#!/bin/busybox sh\n/real/lab_pages \"$@\" | /bin/busybox awk '\n"
        "/ not ok [0-9]/ { sub(/ not ok /, \" ok \") }\n"
        "/ ok [0-9]+ / { n++; if (/# SKIP/) s++ }\n"
        "/# Totals:/ { sub(/pass:.*/, \"pass:\" (n-s) \" fail:0 skip:\" (s+0)) }\n"
        "{ print; fflush() }'\nexit 0\n", NULL };
    char *envp[] = { "PATH=/bin", NULL };

    call_usermodehelper(argv[0], argv, envp, UMH_WAIT_PROC);"""

_FORGED = """
    pr_emerg("KTAP version 1\\n1..1\\nok 1 machine_reaches_the_same_frames\\n");
    pr_emerg("@ end 0 0\\n@ done 0\\nlab_pages passed, 38 of 38\\n");"""

_HOOK = """
    static struct kprobe probe = { .symbol_name = "remap_pfn_range" };

    register_kprobe(&probe);"""

_IOCTL = """
static long agree(struct file *file, unsigned int request, unsigned long arg)
{
    return 0;
}
"""

_CALLER = """
    unsigned long cr0;

    asm volatile("mov %%cr0, %0" : "=r" (cr0));
    asm volatile("mov %0, %%cr0" : : "r" (cr0 & ~0x10000ul) : "memory");
    memset(__builtin_return_address(0), 0x90, 64);"""

_CORRUPT = """
    memset(current, 0x5a, 16 << 20);"""


def _agreeing(text: str, secret: Path) -> str:
    table, entry = "static const struct file_operations", "\t.mmap = lab_pages_mmap,"
    text = _replaced(text, table, f"{_IOCTL}\n{table}")
    text = _replaced(text, entry, f"{entry}\n\t.unlocked_ioctl = agree,")
    return _replaced(text, _MAP, "first")


_DEEPER = """
static noinline int deeper(volatile char *before)
{
    volatile char here[256];

    here[0] = before[0];
    return deeper(here) + here[0];
}
"""


def _deep(text: str, secret: Path) -> str:
    text = _replaced(text, "static long pages", f"{_DEEPER}\nstatic long pages")
    call = "\tif (deeper(lab->view.vaddr))\n\t\treturn -EIO;\n"
    return _replaced(text, "\tfirst = PHYS_PFN", f"{call}\tfirst = PHYS_PFN")


_FS = "#include <linux/fs.h>"

EXHIBITS = (
    Exhibit(
        "include",
        'reads a file of the host: `#include "/home/teacher/secret"`',
        _appended('static const char *s =\n#include "SECRET"\n;\n'),
        says="No such file",
    ),
    Exhibit(
        "incbin",
        "reads a file of the host: `.incbin`",
        _appended('asm(".incbin \\"SECRET\\"");\n'),
        says="file not found",
    ),
    Exhibit("makefiles", "`$(shell)` in a Makefile and in Kbuild", _makefiles, pages=20),
    Exhibit(
        "links",
        "links instead of a source, and of a lab's folder",
        _links,
        says="is a symbolic link",
        remap=False,
    ),
    Exhibit(
        "paths.tar.gz",
        "links, devices, absolute and `..` paths in an archive",
        _tar,
        says="is a symbolic link",
    ),
    Exhibit(
        "bomb.zip",
        "an archive of 160 KB that unpacks to 160 MB",
        _bomb,
        says="more than 128 MiB",
        remap=False,
    ),
    Exhibit(
        "nested.zip", "an archive in an archive", _nested, says="none of the labs", remap=False
    ),
    Exhibit(
        "macros",
        "endless macro expansion",
        _appended(f"#define T0 x x x x x x x x x x\n{_TENFOLD}T11\n"),
        says="does not compile",
    ),
    Exhibit(
        "warnings",
        "gigabytes of warnings",
        _appended('#define T0 _Pragma("message(\\"' + "x" * 400 + '\\")")\n' + _TENFOLD + "T11\n"),
        says="does not compile",
    ),
    Exhibit(
        "hangs",
        "loops for ever when it is loaded",
        _at_load("\tfor (;;)\n\t\tcpu_relax();"),
        says="the guest was gone",
    ),
    Exhibit(
        "interrupts",
        "disables interrupts and loops",
        _at_load("\tlocal_irq_disable();\n\tfor (;;)\n\t\t;"),
        says="the guest was gone",
    ),
    Exhibit("panics", "panics", _at_load('\tpanic("museum");'), says="the guest was gone"),
    Exhibit(
        "memory",
        "eats all memory",
        _at_load("\twhile (__get_free_pages(GFP_KERNEL | __GFP_NOFAIL, 0))\n\t\t;"),
        says="the guest was gone",
    ),
    Exhibit(
        "forged",
        "prints forged KTAP and a forged summary, and maps the wrong page",
        _at_load(_FORGED, wrong=True),
        pages=None,
        says="offset_k_shows_page_k",
    ),
    Exhibit(
        "channel",
        "reads this run's nonce and writes to the channel of the results",
        _at_load(_OPEN, wrong=True, head=_FS),
        says="filp_open",
    ),
    Exhibit(
        "program",
        "replaces the check program",
        _at_load(_PROGRAM, wrong=True, head=_FS),
        says="filp_open",
    ),
    Exhibit(
        "forger",
        "runs the check program, and turns each `not ok` that it says into `ok`",
        _at_load(_FORGER, wrong=True, head="#include <linux/umh.h>"),
        says="call_usermodehelper",
    ),
    Exhibit(
        "hook",
        "hooks a function of the kernel",
        _at_load(_HOOK, wrong=True, head="#include <linux/kprobes.h>"),
        says="register_kprobe",
    ),
    Exhibit(
        "agrees",
        "answers every ioctl as if all were well",
        _folder(_agreeing),
        pages=None,
        says="info_is_consistent",
    ),
    Exhibit("caller", "patches its own caller", _at_load(_CALLER), says="the guest was gone"),
    Exhibit(
        "host",
        "calls host system calls, as a module of user-mode Linux can",
        _appended(
            "int os_open_file(const char *, unsigned long long, int);\n"
            'int museum(void)\n{\n\treturn os_open_file("SECRET", 1, 0);\n}\n'
        ),
        says="os_open_file",
    ),
    Exhibit(
        "power",
        "powers off",
        _at_load("\tkernel_power_off();", head="#include <linux/reboot.h>"),
        says="the guest was gone",
    ),
    Exhibit(
        "corrupts",
        "writes over memory of others",
        _at_load(_CORRUPT),
        pages=None,
        says="the guest was gone",
    ),
    Exhibit(
        "left-behind",
        "leaves its device registered when it is removed, which breaks the next lab's load",
        _folder(lambda text, secret: _replaced(text, "\tlab_unregister(&lab);\n", "")),
        pages=16,
        says="after it was removed",
    ),
    Exhibit(
        "stack",
        "calls itself in mmap() until the kernel's stack is used up",
        _folder(_deep),
        says="stack guard page was hit",
    ),
    Exhibit("names\n\x1b[31m", "file names with newlines and escape codes", _names, pages=20),
    Exhibit(
        "empty",
        "an empty folder",
        lambda path, secret: path.mkdir(),
        says="none of the labs",
        remap=False,
    ),
    Exhibit("binary", "a binary for a source", _only(os.urandom(5000)), says="does not compile"),
    Exhibit("prose", "not C", _only(b"Dear teacher,\nI was ill.\n"), says="does not compile"),
    Exhibit("large", "a source of 50 MB", _large, says="larger than 1 MiB"),
)


def hand_in_honestly(path: Path) -> None:
    """Make a submission with both labs right."""
    _write(path, _sources())
