"""The checkers that are compilers: gcc with W=1, sparse, and gcc's -fanalyzer."""

import os
import re
import shutil
from pathlib import Path

from harness.base import digest
from harness.build import modules
from harness.kernels import debian, uml
from harness.kernels.debian import Kernel
from harness.kernels.targets import DEFAULT_ARCH, KUNIT_ARCH, Target, series_of
from harness.lint.checker import Checker, Finding, Output, Tree, call, parse_gcc
from harness.base.progress import Step

# The directories of the tree that kbuild builds as modules, side by side.
_MODULES = ("labs", "kunit")

_SPARSE_HEADER = Path(__file__).with_name("sparse.h")

# What each of them says in one piece, though they run side by side.
_JOBS = (f"-j{os.cpu_count() or 1}", "--output-sync=target")

# modpost has no file and no line for what it finds.
_MODPOST = re.compile(r"(?:ERROR|WARNING): modpost: (.*)")


class _Kbuild(Checker):
    """Builds all modules as kbuild does with more warnings on, for each series.

    In a directory of its own, since other options mean other objects; the checkers
    that derive from this share it, so that each file is compiled once.
    """

    # What this one asks of kbuild beside what all ask.
    options: tuple[str, ...] = ()

    _COMMON = ("-k", "W=1", "KCFLAGS=-Werror", "CONFIG_DEBUG_INFO_BTF_MODULES=")

    def files(self, tree: Tree) -> list[Path]:
        return [path for path in tree.c_files if path.parts[0] in _MODULES]

    def settings(self, tree: Tree) -> list[str | Path]:
        makefiles = [path for path in tree.files if path.name in ("Kbuild", "Makefile")]
        images = [digest.of_tool(str(kernel.image)) for kernel in kernels()]
        return [*images, *(tree.root / path for path in makefiles if path.parts[0] in _MODULES)]

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        series: dict[Finding, list[str]] = {}
        for kernel in kernels():
            progress.detail = str(kernel.target)
            copy = tree.work / "kbuild" / str(kernel.target)
            names = [name for name in modules_of(kernel) if (tree.root / name / "Kbuild").is_file()]
            modules.mirror({name: tree.root / name for name in names}, copy)
            command = [*modules.command(kernel, copy), *_JOBS, *self._COMMON, *self.options]
            for finding in self._read(call(command, tree.root), copy):
                series.setdefault(finding, []).append(name_of(kernel))
        return [
            Finding(found.file, found.line, f"{found.text} ({', '.join(where)})", "", found.details)
            for found, where in series.items()
        ]

    def _read(self, output: Output, copy: Path) -> list[Finding]:
        """Return the findings; some series name files in full, some from the copy on."""
        found = parse_gcc(output.text, lambda name: name.removeprefix(f"{copy}/"))
        for line in output.text.splitlines():
            if match := _MODPOST.match(line):
                found.append(Finding("labs/Kbuild", 0, match[1]))
        if output.status and not found:
            raise output.trouble("kbuild")
        return found


class Gcc(_Kbuild):
    """gcc with the warnings of W=1, each of which is an error."""

    name = "gcc"
    programs = ("/usr/bin/gcc-12",)


class Sparse(_Kbuild):
    """sparse, which checks __user, __iomem, __le32 and similar marks; its warnings are errors.

    C=2 has it check every file again, also one that need not be compiled.
    """

    name = "sparse"
    programs = ("/usr/bin/sparse", "/usr/bin/gcc-12")
    options = (
        "C=2",
        "CHECK=sparse",
        f"CF=-Wsparse-error -Wbitwise -D__CHECK_ENDIAN__ -include {_SPARSE_HEADER}",
    )

    def settings(self, tree: Tree) -> list[str | Path]:
        return [_SPARSE_HEADER, *super().settings(tree)]

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        self._seen: set[str] = set()
        found = super().check(tree, progress)
        missed = [
            Finding(str(path), 0, "no series compiles it, so nothing has checked it")
            for path in self.files(tree)
            if path.suffix == ".c" and str(path) not in self._seen
        ]
        return found + missed

    def _read(self, output: Output, copy: Path) -> list[Finding]:
        checked = re.findall(r"^  CHECK +(.*)$", output.text, re.MULTILINE)
        self._seen |= {name.removeprefix(f"{copy}/") for name in checked}
        return super()._read(output, copy)


class Analyzer(Checker):
    """gcc -fanalyzer on the check programs; -Werror is among the Makefile's own flags."""

    name = "analyzer"
    programs = ("/usr/bin/gcc-12", "/usr/bin/make")

    _PLACE = Path("userspace")

    def files(self, tree: Tree) -> list[Path]:
        return [path for path in tree.c_files if path.parts[0] == str(self._PLACE)]

    def settings(self, tree: Tree) -> list[str | Path]:
        # What they include of the labs, and what of the test library.
        shared = [tree.root / path for path in tree.c_files if "include" in path.parts]
        return [
            tree.root / self._PLACE / "Makefile",
            digest.of_tool("/usr/include/check.h"),
            *shared,
        ]

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        objects = tree.work / self.name
        shutil.rmtree(objects, ignore_errors=True)
        directory = tree.root / self._PLACE
        command: list[str | Path] = ["make", "-k", *_JOBS, "-C", directory, f"O={objects}"]
        output = call([*command, "CC=gcc-12 -fanalyzer"], tree.root)
        found = parse_gcc(output.text, lambda name: os.path.normpath(self._PLACE / name))
        if bool(output.status) != bool(found):
            raise output.trouble("make -C userspace")
        return found


def modules_of(kernel: Kernel) -> tuple[str, ...]:
    """Return the directories that a kernel builds: the suites only where it has KUnit."""
    return _MODULES if kernel.target.architecture.has_kunit else _MODULES[:1]


def name_of(kernel: Kernel) -> str:
    """Return the series, with the architecture if it is another than that of most."""
    target = kernel.target
    return target.series if target.arch == KUNIT_ARCH else str(target)


def kernels() -> list[Kernel]:
    """Return what the modules are compiled against, built if it has to be.

    User-mode Linux has no PCI, so one of Debian's own is among them.
    """
    return [*uml.fetch_some(), debian.fetch(Target(series_of(DEFAULT_ARCH)[-1], DEFAULT_ARCH))]
