"""The machine in a page: made ready by node once, and then run by a reader's browser.

    build/docs-machine/     what a page loads, and index.html, a page with the machine alone

v86 (BSD-2-Clause) is an emulator of a 32-bit PC in WebAssembly. Here it boots Debian's 32-bit
kernel with the labs loaded until the shell reads, and its state is kept; the page goes on from
there. A page on disk may load scripts but no data, so all data is in scripts, as base64 of what
gzip packed.
"""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from harness.base import digest, npm, tools
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.progress import step
from harness.build import check_programs, initramfs, modules
from harness.kernels import debian
from harness.kernels.debian import Kernel
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import WEB_ARCH, Target

TARGET = Target(DEFAULT_SERIES, WEB_ARCH)
PLACE = BUILD / "docs-machine"
_WORK = BUILD / "docs-machine.work"
_FILES = Path(__file__).parent / "web"

# What a page loads as it is; the first defines the others' options.
_SCRIPTS = ("page_tables.js", "picture.js", "machine.js", "machine.css")
_DATA = ("wasm", "bios", "vga_bios", "state")

# Debian's package seabios, which QEMU needs as well.
_BIOS = Path("/usr/share/seabios/bios.bin")
_VGA_BIOS = Path("/usr/share/seabios/vgabios-stdvga.bin")

# The emulator puts the initramfs at 64 MiB. Page and boot must have the same machine.
_OPTIONS = {
    "memory_size": 128 << 20,
    "vga_memory_size": 1 << 20,
    "uart1": True,
    "disable_keyboard": True,
    "disable_mouse": True,
    "disable_speaker": True,
}

# Memory that was freed is zeroes, so the kept state packs better. Reserved RAM lies between
# other RAM, from 96, 98 and 100 MiB on, for a lab each (web/init).
_RESERVED = " ".join(f"memmap=1M${start << 20:#x}" for start in (96, 98, 100))
_COMMAND_LINE = (
    f"quiet tsc=reliable mitigations=off init_on_free=1 init_on_alloc=0 nokaslr {_RESERVED}"
)
_PROMPT = "# "

# Seconds. On a free machine it takes half a minute, on one with much to do five.
_LIMIT = 1800


@dataclass(frozen=True)
class TerminalAnswer:
    """What became of a command that was typed in the machine's terminal."""

    status: int
    lines: tuple[str, ...]


def make() -> Path:
    """Make the machine, or reuse what is there; return its directory.

    Raises SetupError if a part of it is missing, or if it does not boot.
    """
    kernel = debian.fetch(TARGET)
    built = modules.build(kernel)
    programs = check_programs.build(kernel.target.architecture)
    v86 = npm.fetch("v86")
    inputs: list[str | Path] = [kernel.version, built.digest, programs.digest, v86.name]
    inputs += [_FILES, _BIOS, _VGA_BIOS, initramfs.base(kernel), Path(__file__)]
    for path in (_BIOS, _VGA_BIOS):
        if not path.is_file():
            raise SetupError(f"{path} is missing: run harness/setup docs")
    wanted = digest.of(inputs)
    made = [PLACE / name for name in ("index.html", "libv86.js", "options.js", *_SCRIPTS)]
    made += [_state(), *(PLACE / name for name in _parts())]
    with locked(_WORK.with_suffix(".lock"), "the machine in the page"):
        stamp = _WORK.with_suffix(".digest")
        if not digest.is_current(made, stamp, wanted):
            stamp.unlink(missing_ok=True)
            PLACE.mkdir(parents=True, exist_ok=True)
            archives = [initramfs.base(kernel), initramfs.build(kernel, built, programs)]
            _boot(kernel, archives)
            _write(v86 / "build")
            digest.set_current(made, stamp, wanted)
    return PLACE


def fragment(lab: str, place: str, maps: bool = True) -> str:
    """Return the part of a page that has the machine with a lab.

    ``place`` is the address of make()'s directory, from that page. A lab that maps nothing has
    no steps. Nothing large is loaded before a reader asks for it.
    """
    text = (_FILES / "fragment.html").read_text()
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(text)
    return template.render(lab=lab, place=place, maps=maps)


def run(commands: Sequence[str]) -> list[TerminalAnswer]:
    """Run commands in the machine that make() has made, one after another, without a browser.

    Raises SetupError if the machine does not answer.
    """
    answers = _WORK / "answers.json"
    configuration: dict[str, object] = {"commands": list(commands), "options": _OPTIONS}
    with locked(_WORK / "run.lock", "the machine in the page"):
        answers.unlink(missing_ok=True)
        with step("running commands in the machine for the page"):
            _node("commands.mjs", [_state(), answers], configuration)
        found = json.loads(answers.read_text())
    return [TerminalAnswer(one["status"], tuple(one["lines"])) for one in found]


def _state() -> Path:
    return _WORK / "state.gz"


def _boot(kernel: Kernel, archives: list[Path]) -> None:
    """Have node boot the machine and keep its state. Raises SetupError if that fails."""
    _WORK.mkdir(parents=True, exist_ok=True)
    job = initramfs.write_job(_WORK, {}, init=_FILES / "init")
    initrd = initramfs.join([*archives, job], _WORK)
    console = f"console={kernel.target.architecture.console}"
    configuration: dict[str, object] = {
        "command_line": f"{console} {_COMMAND_LINE}",
        "prompt": _PROMPT,
        "options": _OPTIONS,
    }
    with step("booting the machine for the page"):
        _node("boot.mjs", [kernel.image, initrd, _state()], configuration)


def _node(script: str, files: list[Path], configuration: dict[str, object]) -> None:
    """Have node run a script that makes an emulator."""
    v86 = npm.fetch("v86") / "build"
    command: list[str | Path] = ["timeout", str(_LIMIT), "node", _FILES / script, v86]
    command += [_BIOS, _VGA_BIOS, *files, json.dumps(configuration)]
    log = _WORK / Path(script).with_suffix(".log")
    tools.run(command, log, "the emulator of the machine for the page")


def _write(v86: Path) -> None:
    """Write what the page loads."""
    for name in _SCRIPTS:
        (PLACE / name).write_bytes((_FILES / name).read_bytes())
    (PLACE / "libv86.js").write_bytes((v86 / "libv86.js").read_bytes())
    (PLACE / "LICENSE").write_bytes((v86.parent / "LICENSE").read_bytes())
    _write_part("wasm", gzip.compress((v86 / "v86.wasm").read_bytes(), mtime=0))
    _write_part("bios", gzip.compress(_BIOS.read_bytes(), mtime=0))
    _write_part("vga_bios", gzip.compress(_VGA_BIOS.read_bytes(), mtime=0))
    _write_part("state", _state().read_bytes())
    large = sum((PLACE / name).stat().st_size for name in ("libv86.js", *_parts()))
    (PLACE / "options.js").write_text(
        f"const MACHINE_OPTIONS = {json.dumps(_OPTIONS)};\n"
        f"const MACHINE_MEGABYTES = {large / 1e6:.0f};\n"
    )
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>A machine</title>'
    body = f"<main><h1>A machine in the page</h1>\n{fragment('lab_remap', '.')}</main>"
    (PLACE / "index.html").write_text(f"{head}\n{body}\n")


def _parts() -> list[str]:
    return [f"{name}.js" for name in _DATA]


def _write_part(name: str, packed: bytes) -> None:
    text = base64.b64encode(packed).decode()
    (PLACE / f"{name}.js").write_text(f'machinePart("{name}", "{text}");\n')
