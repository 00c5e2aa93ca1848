"""The checkers of shell and of Python."""

import re
from pathlib import Path

from harness.lint.checker import Checker, Finding, Tree, call
from harness.base.progress import Step


class Shellcheck(Checker):
    """shellcheck on whatever begins with the #! of a shell."""

    name = "shellcheck"
    programs = ("/usr/bin/shellcheck",)

    _FINDING = re.compile(r"([^\s:]+):(\d+):\d+: (?:error|warning|note): (.*) \[(SC\d+)\]")

    def files(self, tree: Tree) -> list[Path]:
        return tree.shell_scripts

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        files = self.files(tree)
        if not files:
            return []
        output = call(["shellcheck", "--format=gcc", *files], tree.root)
        matches = [self._FINDING.match(line) for line in output.text.splitlines()]
        found = [Finding(m[1], int(m[2]), m[3], m[4]) for m in matches if m]
        if len(found) != len(matches) or bool(output.status) != bool(found):
            raise output.trouble("shellcheck")
        return found


class _Python(Checker):
    """A checker of Python with its settings in the tree's own files."""

    settings_files: tuple[str, ...] = ("pyproject.toml",)

    def files(self, tree: Tree) -> list[Path]:
        return tree.python_files

    def settings(self, tree: Tree) -> list[str | Path]:
        paths = [tree.root / name for name in self.settings_files]
        return [path for path in paths if path.is_file()]


class Black(_Python):
    """black, which formats: what would it change?"""

    name = "black"
    programs = ("/usr/bin/black",)

    _HUNK = re.compile(r"@@ -(\d+)")

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        command: list[str | Path] = ["black", "--check", "--diff", "--quiet"]
        output = call([*command, *self.files(tree)], tree.root)
        found = self._read(output.text)
        if bool(output.status) != bool(found):
            raise output.trouble("black")
        return found

    def _read(self, text: str) -> list[Finding]:
        """Read a diff: a finding for each hunk, at the first line that changes."""
        found: list[Finding] = []
        name, number = "", 0
        hunk: list[str] = []
        for line in text.splitlines():
            if line.startswith("--- "):
                name = line.split()[1]
            elif line.startswith("error: cannot format "):
                path, _, why = line.removeprefix("error: cannot format ").partition(": ")
                found.append(Finding(path, 0, why))
            elif match := self._HUNK.match(line):
                number, hunk = int(match[1]), []
                found.append(Finding(name, number, ""))
            elif found and not line.startswith("+++ "):
                hunk.append(line)
                same = next((n for n, old in enumerate(hunk) if old[:1] in "-+"), 0)
                found[-1] = Finding(
                    name, number + same, "black writes this another way:", "", tuple(hunk)
                )
        return found


class Flake8(_Python):
    """flake8: style, names that are not used, names that are not there."""

    name = "flake8"
    programs = ("/usr/bin/flake8",)
    settings_files = (".flake8",)

    _FINDING = re.compile(r"([^\s:]+):(\d+):\d+: (\w+) (.*)")

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        output = call(["flake8", *self.files(tree)], tree.root)
        matches = [self._FINDING.match(line) for line in output.text.splitlines()]
        found = [Finding(m[1], int(m[2]), m[4], m[3]) for m in matches if m]
        if len(found) != len(matches) or bool(output.status) != bool(found):
            raise output.trouble("flake8")
        return found


class Mypy(_Python):
    """mypy, as strict as the tree's pyproject.toml asks it to be."""

    name = "mypy"
    programs = ("/usr/bin/mypy",)

    _FINDING = re.compile(r"([^\s:]+):(\d+): error: (.*?)(?:  \[([\w-]+)\])?$")

    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        # Whole packages, or it takes harness.errors and errors for two modules.
        packages = sorted({path.parts[0] for path in self.files(tree)})
        command: list[str | Path] = ["mypy", "--cache-dir", tree.work / self.name]
        command += ["--no-error-summary", "--show-error-codes"]
        output = call([*command, *packages], tree.root)
        matches = [self._FINDING.match(line) for line in output.text.splitlines()]
        found = [Finding(m[1], int(m[2]), m[3], m[4] or "") for m in matches if m]
        if bool(output.status) != bool(found):
            raise output.trouble("mypy")
        return found
