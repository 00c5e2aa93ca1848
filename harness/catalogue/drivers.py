"""A driver that nobody here wrote, and what is documented of it.

What `make contract` is to expect of it stands in a profile, a small TOML file. Each key may
be left out; then the driver is taken to be as strict as a lab:

    kind            how it maps: pfnmap, mixedmap, fault, fault_pfn, as a lab, or shmem,
                    the kernel's ordinary memory (pfnmap)
    size            bytes of its memory, or "no end" (one page)
    shared_by       who sees the same memory: all who open the device, the mappings of one
                    descriptor, or nobody (all)
    offsets         page offset k of mmap() leads to page k of the memory (true)
    writable        it can be opened and mapped for writing (true)
    private         a private mapping is allowed (false)
    executable      a mapping that can be executed is allowed (false)
    mode            of the node, as "0600"; another is not compared ("0600")
    fresh           what fresh memory holds: "zeroes", or "anything" ("anything")
    buffers         the device is not mapped, but makes buffers, each with a descriptor of its
                    own: "udmabuf", of a memfd's pages, or "heap", a DMA heap
    parameters      the module's, as in ["size=4"]
    first           modules of the kernel that are loaded first, by name
    arguments       what the kernel's command line has for it, as in ["fbcon=map:1"]
"""

import re
from dataclasses import dataclass
from pathlib import Path

from harness.base import toml
from harness.base.toml import Table
from harness.catalogue.labs import MAPPINGS, Lab, Load

KINDS = (*(kind for kind in MAPPINGS if kind != "none"), "shmem")
SHARED_BY = ("all", "descriptor", "nobody")
_FRESH = ("anything", "zeroes")
BUFFERS = ("udmabuf", "heap")
_NO_END = "no end"
_PAGE = 4096
# Every page of it is compared many times.
_MOST_BYTES = 64 << 20

_MODE = re.compile(r"0?[0-7]{3}")
_PARAMETER = re.compile(r"[A-Za-z0-9_.-]+=[^\s'\"]*")
_ARGUMENT = re.compile(r"[A-Za-z0-9_.-]+(=[A-Za-z0-9_.:,-]*)?")
_MODULE = re.compile(r"[A-Za-z0-9_-]+")
DEVICE = re.compile(r"/[A-Za-z0-9_./:-]+")


@dataclass(frozen=True)
class Profile:
    """What is documented of a driver; ``size`` is 0 if its memory has no end."""

    kind: str = MAPPINGS[0]
    size: int = _PAGE
    shared_by: str = SHARED_BY[0]
    offsets: bool = True
    writable: bool = True
    private: bool = False
    executable: bool = False
    mode: int = 0o600
    fresh: str = _FRESH[0]
    buffers: str | None = None
    parameters: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Driver(Lab):
    """A driver as the runs see it, which take it for a lab.

    Its ``name`` is that of its module; ``device`` the path of its node. ``built_in`` says that
    it has no module.
    """

    device: str = ""
    profile: Profile = Profile()
    built_in: bool = False

    @property
    def load(self) -> Load:
        """The one load of it."""
        return Load(self, self.loads[0])

    @property
    def facts(self) -> str:
        """What --driver tells the check program: userspace/shared/driver.c reads it."""
        profile = self.profile
        words = [
            *(f"device={self.device}", f"module={self.name}", f"kind={profile.kind}"),
            *(f"size={profile.size}", f"mode=0{profile.mode:o}", f"shared_by={profile.shared_by}"),
        ]
        if profile.buffers:
            words.append(f"buffers={profile.buffers}")
        if not self.built_in:
            words.append(f"file={OWN_FILE}")
        said = {
            "whole_only": not profile.offsets,
            "read_only": not profile.writable,
            "private": profile.private,
            "executable": profile.executable,
            "zeroes": profile.fresh == "zeroes",
        }
        return ",".join([*words, *(word for word, is_so in said.items() if is_so)])


# Where the guest has the driver's module; those that it needs stand before it.
OWN_NAME = "99-own.ko"
OWN_FILE = f"/extra/{OWN_NAME}"


def of(name: str, device: str, profile: Profile, built_in: bool, place: Path) -> Driver:
    """Return a driver, of which the files are in ``place``."""
    return Driver(
        name=name,
        title=f"{name}, at {device}",
        directory=place,
        loads=(profile.parameters,),
        mapping=profile.kind if profile.kind in MAPPINGS else "fault",
        device=device,
        profile=profile,
        built_in=built_in,
    )


def read_profile(path: Path) -> Profile:
    """Read a profile. Raises SetupError, with file and key, if it makes no sense."""
    file = toml.read(path)
    usual = Profile()
    profile = Profile(
        kind=_one_of(file, "kind", KINDS, usual.kind),
        size=_size(file, usual.size),
        shared_by=_one_of(file, "shared_by", SHARED_BY, usual.shared_by),
        offsets=file.flag("offsets", usual.offsets),
        writable=file.flag("writable", usual.writable),
        private=file.flag("private", usual.private),
        executable=file.flag("executable", usual.executable),
        mode=_mode(file, usual.mode),
        fresh=_one_of(file, "fresh", _FRESH, usual.fresh),
        buffers=_one_of(file, "buffers", BUFFERS, "") or usual.buffers,
        parameters=_all_match(file, "parameters", _PARAMETER),
        first=_all_match(file, "first", _MODULE),
        arguments=_all_match(file, "arguments", _ARGUMENT),
    )
    file.end()
    return profile


def _one_of(file: Table, key: str, known: tuple[str, ...], usual: str) -> str:
    if key not in file.values:
        return usual
    value = file.text(key)
    return value if value in known else file.refuse(key, f"must be one of {', '.join(known)}")


def _size(file: Table, usual: int) -> int:
    if "size" not in file.values:
        return usual
    if file.values["size"] == _NO_END:
        file.text("size")
        return 0
    size = file.number("size")
    if not 0 < size <= _MOST_BYTES or size % _PAGE:
        file.refuse("size", f"must be whole pages of {_PAGE} bytes, at most {_MOST_BYTES}")
    return size


def _mode(file: Table, usual: int) -> int:
    if "mode" not in file.values:
        return usual
    text = file.text("mode")
    return int(text, 8) if _MODE.fullmatch(text) else file.refuse("mode", 'must be as "0600"')


def _all_match(file: Table, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    words = file.texts(key, default=())
    for word in words:
        if not pattern.fullmatch(word):
            file.refuse(key, f"has {word!r}, which makes no sense there")
    return words
