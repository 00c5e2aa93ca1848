"""Modules of a copy that ask the kernel for what reaches beyond a lab.

A module is a part of the kernel, so what runs beside it in the guest cannot be trusted to
find out what it does there. But what it asks the kernel for stands in its table of symbols,
which the host reads before anything is loaded. A module that asks for a call of a family
below is not loaded: its lab fails with the reason, as one that does not compile does.

This bounds what a module can do by name, not what it can do: docs/sandbox.md says what remains.
So a teacher is shown all that a module asks for and no lab of the project does: see unusual().
"""

import json
import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from pathlib import Path

from harness.base import digest, sandbox
from harness.base.sandbox import Limits, Sandbox
from harness.base.tools import printable
from harness.build import modules
from harness.build.modules import Modules
from harness.catalogue import labs
from harness.kernels.debian import Kernel

# What the text says about each of them, behind the name of the lab.
SAYS = "reaches beyond a lab"

# What reads a strange module may be a program that reads one for ever.
_LIMITS = Limits(file=1 << 20, seconds=20, address_space=1 << 30, processor_seconds=10)

# Of what is found, and of a name, which its author may make as long as he likes.
_MOST_NAMED = 5
_MOST_NAME = 60
_MOST_SHOWN = 100


@dataclass(frozen=True)
class Family:
    """Calls of the kernel by the forms of their names, and what they do."""

    names: str
    does: str

    def has(self, symbol: str) -> bool:
        return bool(re.fullmatch(self.names, symbol))


# A lab gets memory, maps it and gives it back. With any of these a module can change the
# programs that check it, their results, or the code that it is a part of.
FAMILIES = (
    Family(
        r"call_usermodehelper.*|usermodehelper_.*|orderly_(poweroff|reboot)"
        r"|(kernel|do)_execve.*|begin_new_exec|open_exec|(__)?request_module.*",
        "starts programs",
    ),
    Family(
        r"filp_.*|file_open.*|dentry_(open|create).*|kernel_(read|write|file_open)"
        r"|kernel_(read_file|tmpfile_open).*|__kernel_(read|write).*|vfs_.*"
        r"|kern_path.*|user_path.*|lookup_one.*|lookup_positive.*|path_(get|lookup).*"
        r"|iterate_dir|do_splice.*|(un)?lock_rename.*|ksys_.*|(un)?register_filesystem",
        "opens, reads or writes files",
    ),
    Family(
        r"kallsyms_.*|module_kallsyms_.*|__symbol_(get|put).*|symbol_(get|put).*"
        r"|find_(module|symbol)|sprint_symbol.*",
        "looks up other code",
    ),
    Family(
        r"(un)?register_(kprobe|kretprobe|ftrace_|fprobe).*|(en|dis)able_k(ret)?probe"
        r"|(un)?register_(module|die)_notifier"
        r"|ftrace_set_.*|(un)?register_.*_hw_breakpoint|tracepoint_probe_.*"
        r"|for_each_kernel_tracepoint|klp_.*",
        "hooks other code",
    ),
    Family(
        r"set_(memory|pages)_(x|nx|ro|rw|rox)|set_direct_map_.*|text_poke.*|aarch64_insn_.*"
        r"|(__)?stop_machine.*",
        "changes other code",
    ),
    Family(
        r"access_(process|remote)_vm|(get|pin)_user_pages_remote|kthread_use_mm|use_mm"
        r"|(get_)?pid_task|find_(get_pid|vpid|pid_ns|get_task_by_vpid)|init_task|get_task_mm"
        r"|kill_p(id|grp).*|send_sig.*",
        "reaches other programs",
    ),
)


def beyond(symbols: Iterable[str]) -> dict[str, str]:
    """Return those of the symbols that are of a family, each with what it does."""
    return {
        symbol: family.does
        for symbol in sorted(set(symbols))
        for family in FAMILIES
        if family.has(symbol)
    }


def refuse(kernel: Kernel, built: Modules) -> Modules:
    """Return the modules without those of labs that reach beyond a lab, which are not built.

    They know what they import.
    """
    asked = _asked(kernel, built)
    imports = {name: tuple(symbols) for name, symbols in asked.items() if symbols}
    built = replace(built, imports=imports)
    found = _beyond_a_lab(asked)
    if not found:
        return built
    folders = {lab.directory.name for lab in labs.all_labs() if lab.name in found}
    return replace(
        built,
        files=tuple(path for path in built.files if path.parent.name not in folders),
        not_built=built.not_built | found,
        digest=digest.of([built.digest, json.dumps(found)]),
    )


def of_labs(kernel: Kernel, built: Modules) -> dict[str, str]:
    """Return the labs whose modules reach beyond a lab, each with a text that says how.

    The modules are read as guests get them. One that cannot be read is held for such a one.
    """
    return _beyond_a_lab(_asked(kernel, built))


def usual(kernel: Kernel, own: Modules) -> frozenset[str]:
    """Return what the project's own labs have the kernel find by name."""
    every = _asked(kernel, own).values()
    return frozenset(symbol for symbols in every for symbol in symbols or ())


def unusual(symbols: Iterable[str], known: Set[str]) -> tuple[str, ...]:
    """Return the first of the symbols that are not known, as they can be shown.

    Without those for which a module is not loaded: that costs points, and its text names them.
    """
    others = set(symbols) - known - {""}
    found = sorted(others - beyond(others).keys())[:_MOST_SHOWN]
    return tuple(printable(symbol[:_MOST_NAME]) for symbol in found)


def _beyond_a_lab(asked: dict[str, list[str] | None]) -> dict[str, str]:
    texts = {name: _text(name, symbols) for name, symbols in asked.items()}
    return {name: text for name, text in texts.items() if text}


def _asked(kernel: Kernel, built: Modules) -> dict[str, list[str] | None]:
    """Return what each lab has the kernel find by name; None of a lab that cannot be read."""
    names = {lab.directory.name: lab.name for lab in labs.all_labs()}
    chosen = [path for path in built.files if path.parent.name in names]
    if not chosen:
        return {}
    given = {modules.stripped(built.directory / "src", path): path for path in chosen}
    symbols = _imports(kernel, list(given), built.sandboxed)
    found: dict[str, list[str] | None] = {}
    for module, source in given.items():
        name = names[source.parent.name]
        before, more = found.get(name, []), symbols[module]
        found[name] = None if before is None or more is None else before + more
    return found


def _imports(kernel: Kernel, paths: list[Path], sandboxed: bool) -> dict[Path, list[str] | None]:
    """Return what each module has the kernel find by name; None for one that cannot be read."""
    program = f"{kernel.target.architecture.toolchain.prefix}nm"
    # All together cost one start of the sandbox; one that nm stumbles over is looked for then.
    said = _ask(program, paths, sandboxed)
    if said is None and len(paths) > 1:
        alone = (_imports(kernel, [path], sandboxed) for path in paths)
        return {path: symbols for one in alone for path, symbols in one.items()}
    if said is None:
        return dict.fromkeys(paths)
    return {path: parse(said, path) for path in paths}


def parse(said: str, module: Path) -> list[str]:
    """Return the symbols of a module in what nm -A -P says of several: "PATH: NAME TYPE"."""
    begins = f"{module}: "
    lines = (line for line in said.splitlines() if line.startswith(begins))
    return [line.removeprefix(begins).partition(" ")[0] for line in lines]


def _ask(program: str, paths: list[Path], sandboxed: bool) -> str | None:
    """Return what nm says of modules; None if it complains of any."""
    box = Sandbox(paths[0].parent, read=tuple(paths), limits=_LIMITS) if sandboxed else None
    command = [program, "--undefined-only", "-A", "-P", *(str(path) for path in paths)]
    result = sandbox.ask(box, command)
    return None if result.returncode or result.stderr.strip() else result.stdout


def _text(lab: str, symbols: list[str] | None) -> str | None:
    """Say how a lab's module reaches beyond a lab; None if it does not."""
    if symbols is None:
        return f"{lab} {SAYS}, for all that can be told: nm cannot read its module"
    found = beyond(symbols)
    if not found:
        return None
    named = [f"{printable(symbol[:_MOST_NAME])}, which {does}" for symbol, does in found.items()]
    more = f"; and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    said = "; ".join(named[:_MOST_NAMED])
    return (
        f"{lab} {SAYS}: it uses {said}{more}. To get, map and give back memory needs no "
        "such call, and with one a module can change what checks it; so it is not loaded"
    )
