"""Which names a C source uses, and where each is defined: in the project or in the kernel.

A name that is called, a structure that is named and a constant in capitals must be defined
somewhere. In the kernel that is in each series in which the line is compiled, so a name that a
series no longer has is an error.
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from harness.base.paths import ROOT, USERSPACE
from harness.kernels.series import number
from harness.site import passages
from harness.site.definitions import COMPAT, Definition, Definitions
from harness.site.kernel_index import MEMBER, KernelIndex
from harness.site.series_parts import CONDITION, VERSION

_NAME = re.compile(r"[A-Za-z_]\w*")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]{2,}")
_STRUCTURE = re.compile(r"\b(?:struct|union|enum)\s+$")
# A member of a structure, or what a macro puts behind another name.
_MEMBER = re.compile(r"(?:->|\.|##)\s*$")
# Names that a file itself gives to what it calls: parameters of macros, pointers to functions.
_OF_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+\w+\(([^)]*)\)", re.MULTILINE)
_POINTER = re.compile(r"\(\s*\*(?:const\s+)?(\w+)(?:\[\w*\])?\)\s*\(")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b.*$", re.MULTILINE)
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
}
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
# The name of a namespace of symbols is defined nowhere.
_NAMESPACE = re.compile(r"(?<=\bLAB_IMPORT_NS\()\w+(?=\))")
# How our own names begin: no page means one of the kernel by such a name.
_OURS = ("lab_", "edu_")
_FORWARD = re.compile(r"^\s*(?:struct|union) (\w+);", re.MULTILINE)
# The compiler's own, the linker's, and what Kconfig and kbuild define.
_LANGUAGE = re.compile(
    "if|else|for|while|do|switch|case|return|sizeof|typeof|defined|alignof|asm|volatile|const|"
    "static|inline|struct|union|enum|extern|void|bool|int|long|short|char|unsigned|signed|_Generic|"
    "NULL|EOF|_Static_assert|_Alignof|include|define|if(n?)def|endif|undef|error|pragma|__asm__|"
    "__typeof__|__VA_ARGS__|__attribute__|__(atomic|builtin|real|wrap)_\\w+|CONFIG_\\w+|"
    "KBUILD_MODNAME"
)


@dataclass(frozen=True)
class Use:
    """A name in a source: where it stands, and what it is.

    ``ours`` is the project's definition; ``kernel`` where each series has it, with our own
    definition for a series that lacks it.
    """

    start: int
    end: int
    line: int
    name: str
    ours: Definition | None
    kernel: dict[str, str]


@dataclass
class Lookup:
    """What is defined: by the project, by each series of the kernel, by the C library.

    ``nowhere`` are the names that prose may use though nothing defines them. Unless
    ``is_whole``, the source of some series is not here.
    """

    definitions: Definitions
    indices: list[KernelIndex]
    library: frozenset[str]
    nowhere: frozenset[str]
    is_whole: bool = True
    wrong: list[str] = field(default_factory=list)

    @cached_property
    def _lines_of_compat(self) -> dict[int, frozenset[str]]:
        return self._active(COMPAT.read_text())

    def kernel(self, name: str) -> dict[str, str]:
        """Return where each series has a name: "mm/memory.c:2490"."""
        found = {}
        for index in self.indices:
            if name in index.places:
                path, line = index.places[name]
                found[index.series] = f"{path}:{line}"
        return found

    def compat(self, name: str) -> dict[str, Definition]:
        """Return our own definition for each series that lacks a name of newer ones."""
        found: dict[str, Definition] = {}
        for one in self.definitions.of_file(name, COMPAT):
            found |= {series: one for series in self._lines_of_compat.get(one.line, ())}
        return found

    def anywhere(self, name: str) -> bool:
        """Whether anything is called so, in the project, in some series or in the C library."""
        kernel = self.kernel(name) or self.kernel(f"sys_{name}") or self.kernel(MEMBER + name)
        return bool(self.definitions.any(name) or kernel or name in self.library | self.nowhere)

    def is_gone(self, name: str) -> bool:
        """Whether a text names what is nowhere.

        What the kernel may define in a series whose source is not here is not gone.
        """
        return not self.anywhere(name) and (self.is_whole or name.startswith(_OURS))

    def uses(self, path: Path, since: str | None = None) -> list[Use]:
        """Return the names that a source uses and that are defined outside of it or in it.

        ``since`` is the first series that it is compiled on. What is wrong is added to
        ``wrong``.
        """
        text = path.read_text()
        code = passages.code_only(text)
        for pattern in (_INCLUDE, _ATTRIBUTE, _NAMESPACE):
            code = _blank(pattern, code)
        ends = list(accumulate(len(line) + 1 for line in code.split("\n")))
        active = self._active(text, since)
        own = _own_names(code)
        in_kernel = not path.is_relative_to(USERSPACE)
        return [
            use
            for match in _NAME.finditer(code)
            if match[0] not in own and not _LANGUAGE.fullmatch(match[0])
            for line in [bisect(ends, match.start()) + 1]
            if (use := self._use(path, code, match, line, active.get(line, frozenset()), in_kernel))
        ]

    def _use(
        self,
        path: Path,
        code: str,
        match: re.Match[str],
        line: int,
        active: frozenset[str],
        in_kernel: bool,
    ) -> Use | None:
        name = match[0]
        before, after = code[max(0, match.start() - 40) : match.start()], code[match.end() :][:2]
        if _MEMBER.search(before):
            return None
        is_call = after.lstrip(" \t").startswith("(")
        is_structure = bool(_STRUCTURE.search(before))
        ours = self.definitions.find(name, "sug" if is_structure else "fdtep", path)
        if ours and ours.path == COMPAT and path != COMPAT:
            ours = None
        if ours and ours.path == path and ours.line <= line <= ours.line + 1:
            return None
        use = Use(match.start(), match.end(), line, name, ours, {})
        if ours:
            return use
        must = is_call or is_structure or bool(_CONSTANT.fullmatch(name))
        if not must:
            return None
        if in_kernel:
            return self._of_kernel(path, use, active)
        self._of_library(path, use, is_call)
        return None

    def _of_library(self, path: Path, use: Use, is_call: bool) -> None:
        """Look up what a program calls, which needs no link."""
        if is_call and use.name not in self.library and not self.anywhere(use.name):
            where = f"{path.relative_to(ROOT)}:{use.line}"
            self.wrong.append(f"{where}: {use.name}() is not defined")

    def _of_kernel(self, path: Path, use: Use, active: frozenset[str]) -> Use:
        places = self.kernel(use.name)
        for series, one in self.compat(use.name).items():
            places[series] = f"{COMPAT.relative_to(ROOT)}:{one.line}"
        if lacking := sorted(active - set(places), key=number):
            where = f"{path.relative_to(ROOT)}:{use.line}"
            self.wrong.append(f"{where}: Linux {', '.join(lacking)} has no {use.name}")
        return replace(use, kernel=places)

    def _active(self, text: str, since: str | None = None) -> dict[int, frozenset[str]]:
        """Return for each line the series that it is compiled on."""
        every = frozenset(
            index.series
            for index in self.indices
            if since is None or number(index.series) >= number(since)
        )
        found: dict[int, frozenset[str]] = {}
        stack: list[tuple[frozenset[str], frozenset[str]]] = []
        now = every
        for line_number, line in enumerate(text.splitlines(), 1):
            match = CONDITION.match(line)
            if not match:
                found[line_number] = now
            elif match[1] in ("if", "ifdef", "ifndef"):
                stack.append((now, self._where_true(match[1], match[2].strip(), now)))
                now = stack[-1][1]
            elif match[1] in ("else", "elif"):
                outer, first = stack[-1]
                # Of another condition than a version both sides may be compiled.
                now = outer - first if first != outer else outer
            elif stack:
                now = stack.pop()[0]
        return found

    def _where_true(self, word: str, condition: str, now: frozenset[str]) -> frozenset[str]:
        if version := VERSION.fullmatch(condition):
            wanted, compare = (int(version[1]), int(version[2])), _COMPARE[version[4]]
            return frozenset(series for series in now if compare(wanted, number(series)))
        if word == "ifdef" and condition.startswith("LAB_HAS_"):
            return now & frozenset(self.compat(condition))
        if word == "ifndef":
            lacking = frozenset(series for series in now if series not in self.kernel(condition))
            return lacking if self.kernel(condition) else now
        return now


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Return the text with blanks for what matches, every line where it was."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _own_names(code: str) -> set[str]:
    """Return parameters of macros, pointers to functions, and structures only named."""
    found = {name for names in _OF_MACRO.findall(code) for name in _NAME.findall(names)}
    return found | set(_POINTER.findall(code)) | set(_FORWARD.findall(code))


def differing(lookup: Lookup, uses: Iterable[Use]) -> Iterator[tuple[str, dict[str, Definition]]]:
    """Yield the names that lab_compat.h defines for some series, each once."""
    seen: set[str] = set()
    for use in uses:
        if use.name not in seen and not use.ours and (found := lookup.compat(use.name)):
            seen.add(use.name)
            yield use.name, found


def locals_of(path: Path) -> set[str]:
    """Return what a file names without defining it: members, parameters, pointers."""
    return set(_NAME.findall(passages.code_only(path.read_text())))
