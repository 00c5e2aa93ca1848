"""The checkers that come with the kernel's source: checkpatch, kernel-doc, Coccinelle's.

All three are those of the newest series that the table in targets.py has.
"""

import re
from pathlib import Path

from harness.kernels import uml
from harness.lint.checker import Checker, Finding, Output, Tree, call, side_by_side
from harness.base.progress import Step

# A module of perl that has checkpatch.pl start once for many files: a third of its time.
_EACH_IN_A_CHILD = "EachInAChild"
_HERE = Path(__file__).parent
_AT_ONCE = 16


class _FromSource(Checker):
    """A checker of all C files that the kernel's source brings."""

    def files(self, tree: Tree) -> list[Path]:
        return tree.c_files

    def settings(self, tree: Tree) -> list[str | Path]:
        return [uml.newest_source().version]


class Checkpatch(_FromSource):
    """scripts/checkpatch.pl --strict.

    It judges a file by its place, too: it takes what is in tools/ for user space, where kernel
    types and functions are not to be had. So it is shown the tree by way of links.
    """

    name = "checkpatch"
    programs = ("/usr/bin/perl",)

    _FINDING = re.compile(r"([^\s:]+):(\d+): (?:ERROR|WARNING|CHECK):([A-Z_0-9]+): (.*)")
    _KERNEL = Path("drivers/misc/kmaplab")
    _USER = Path("tools/kmaplab")

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        source = uml.newest_source().directory
        # Not in the tree itself: there it would ask git about it.
        place = tree.work / self.name
        for link in (self._KERNEL, self._USER):
            (place / link).parent.mkdir(parents=True, exist_ok=True)
            (place / link).unlink(missing_ok=True)
            (place / link).symlink_to(tree.root.resolve())
        command: list[str | Path] = [
            *("perl", f"-I{_HERE}", f"-M{_EACH_IN_A_CHILD}"),
            *(source / "scripts/checkpatch.pl", f"--root={source}", "--strict"),
            *("--no-summary", "--terse", "--show-types", "--color=never", "-f"),
        ]
        # The names in CamelCase that the kernel itself has are collected by the first
        # that needs them, in a file here, where others must not find half of it.
        (place / "camel.c").write_text("int NoSuchName;\n")
        progress.detail = "reading the kernel's headers"
        call([*command, "camel.c"], place)

        def judge(paths: list[Path]) -> list[Finding]:
            shown = {
                str((self._KERNEL if tree.is_of_kernel(path) else self._USER) / path): path
                for path in paths
            }
            return self._read(call([*command, *shown], place), shown)

        files = self.files(tree)
        some = [files[start : start + _AT_ONCE] for start in range(0, len(files), _AT_ONCE)]
        found = side_by_side(judge, some, progress, f"times {_AT_ONCE} files")
        return [finding for findings in found for finding in findings]

    def _read(self, output: Output, shown: dict[str, Path]) -> list[Finding]:
        """Return the findings; ``shown`` are the files by the names that it knows them by."""
        matches = [self._FINDING.match(line) for line in output.text.splitlines()]
        found = [
            Finding(str(shown[m[1]]), int(m[2]), m[4], m[3]) for m in matches if m and m[1] in shown
        ]
        if len(found) != len(matches) or bool(output.status) != bool(found):
            raise output.trouble("checkpatch.pl")
        return found


class KernelDoc(_FromSource):
    """scripts/kernel-doc with all of its warnings: are the comments what it can read?"""

    name = "kernel-doc"
    programs = ("/usr/bin/python3",)

    _FINDING = re.compile(r"(?:Warning|Error): ([^\s:]+):(\d+):? (.*)")

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        script = uml.newest_source().directory / "scripts/kernel-doc"
        # -B: no bytecode into the source.
        command: list[str | Path] = ["/usr/bin/python3", "-B", script]
        command += ["-none", "-Wall", "-Werror", *self.files(tree)]
        output = call(command, tree.root)
        matches = [self._FINDING.match(line) for line in output.text.splitlines()]
        found = [Finding(m[1], int(m[2]), m[3]) for m in matches if m]
        if bool(output.status) != bool(found):
            raise output.trouble("kernel-doc")
        return list(dict.fromkeys(found))


class Coccinelle(_FromSource):
    """The semantic patches of scripts/coccinelle that can report, as coccicheck runs them.

    On what is of the kernel: they ask for its own helpers, which user space has not.
    """

    name = "coccinelle"
    # Two of them are written in OCaml, which Coccinelle compiles.
    programs = ("/usr/bin/spatch", "/usr/bin/ocamlopt")
    # The semantic patches' names.
    pattern = "*.cocci"

    _FINDING = re.compile(r"([^\s:]+):(\d+):[-\d]+: (.*)")

    # Said of the semantic patch, not of the file.
    _NOISE = re.compile(r"warning: line \d+: should \w+ be a metavariable\?")

    def files(self, tree: Tree) -> list[Path]:
        return [path for path in tree.c_files if tree.is_of_kernel(path)]

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        source = uml.newest_source().directory
        scripts = self._scripts(source)
        headers = sorted({path.parent for path in tree.c_files if path.suffix == ".h"})

        def judge(script: Path) -> list[Finding]:
            command: list[str | Path] = ["spatch", "-D", "report", "--no-show-diff"]
            command += ["--very-quiet", "--cocci-file", script, *self._options(script)]
            command += ["--patch", source]
            for path in headers:
                command += ["-I", tree.root / path]
            command += [tree.root / path for path in self.files(tree)]
            return self._read(call(command, tree.root), tree, script)

        found = side_by_side(judge, scripts, progress, "semantic patches")
        return sorted({finding for findings in found for finding in findings}, key=str)

    def _scripts(self, source: Path) -> list[Path]:
        paths = sorted((source / "scripts/coccinelle").rglob(self.pattern))
        return [path for path in paths if re.search(r"virtual\s+report", path.read_text())]

    def _options(self, script: Path) -> list[str]:
        """Return the options that a semantic patch asks for."""
        match = re.search(r"^.*Options:(.*)$", script.read_text(), re.MULTILINE)
        return match[1].split() if match else []

    def _read(self, output: Output, tree: Tree, script: Path) -> list[Finding]:
        found = []
        for line in output.text.splitlines():
            match = self._FINDING.match(line)
            if match:
                name = str(Path(match[1]).relative_to(tree.root))
                found.append(Finding(name, int(match[2]), match[3], script.stem))
            elif not self._NOISE.match(line):
                raise output.trouble(f"{script.name}, run by spatch,")
        if output.status:
            raise output.trouble(f"{script.name}, run by spatch,")
        return found
