"""Set-up: nothing happens without apt, and never half of it.

dpkg-query, apt-get, sudo and id are replaced by scripts that stand first on
PATH, so no test can install anything.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.base.paths import ROOT


@dataclass
class FakeMachine:
    """A machine with some packages; it logs what apt-get was called with."""

    directory: Path
    installed: list[str]

    def script(self, name: str, body: str) -> None:
        path = self.directory / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def setup(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run harness/setup of a copy of the tree, with two packages in its list."""
        (self.directory / "installed").write_text("\n".join(self.installed) + "\n")
        return subprocess.run(
            [self.directory / "tree/harness/setup", *words],
            env={"PATH": f"{self.directory / 'bin'}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        log = self.directory / "calls"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    (tmp_path / "bin").mkdir()
    (tmp_path / "tree/harness").mkdir(parents=True)
    shutil.copy(ROOT / "harness/setup", tmp_path / "tree/harness/setup")
    (tmp_path / "tree/harness/packages").write_text("# why\nmake\t# reason\n\nqemu-x\t# reason\n")
    fake = FakeMachine(tmp_path, [])
    fake.script("dpkg-query", f"sed 's/^/installed /' {tmp_path}/installed | tr '\\n' ' '; exit 1")
    fake.script(
        "apt-get",
        f'echo "$*" >>{tmp_path}/calls\n'
        f'case "$*" in *" install "*) printf "make\\nqemu-x\\n" >{tmp_path}/installed;; esac',
    )
    fake.script("id", "echo 0")
    fake.script("sudo", "exit 1")
    return fake


def test_nothing_is_done_when_nothing_is_missing(machine: FakeMachine) -> None:
    machine.installed = ["make", "qemu-x", "other"]
    result = machine.setup()
    assert (result.returncode, result.stderr, machine.calls) == (0, "", [])


def test_root_gets_what_is_missing_after_one_update(machine: FakeMachine) -> None:
    machine.installed = ["make"]
    result = machine.setup()
    assert result.returncode == 0, result.stderr
    assert len(machine.calls) == 2, result.stderr
    assert machine.calls[0].endswith("update")
    assert machine.calls[1].endswith("install --no-install-recommends qemu-x")
    assert "installing qemu-x" in result.stderr


def test_without_rights_the_one_line_is_printed_and_the_status_is_2(machine: FakeMachine) -> None:
    machine.script("id", "echo 1000")
    result = machine.setup()
    assert result.returncode == 2
    assert machine.calls == []
    assert "apt-get update && apt-get install --no-install-recommends make qemu-x" in result.stderr


def test_sudo_without_a_password_will_do(machine: FakeMachine) -> None:
    machine.script("id", "echo 1000")
    machine.script("sudo", 'shift; exec "$@"')
    assert machine.setup().returncode == 0
    assert machine.calls[1].endswith("install --no-install-recommends make qemu-x")


def test_what_apt_said_is_shown_when_it_fails(machine: FakeMachine) -> None:
    machine.script("apt-get", "echo 'E: Unable to fetch some archives'; exit 100")
    result = machine.setup()
    assert result.returncode == 2
    assert "E: Unable to fetch some archives" in result.stderr
    assert "apt-get install --no-install-recommends make qemu-x" in result.stderr


def test_a_package_that_apt_did_not_install_is_noticed(machine: FakeMachine) -> None:
    machine.script("apt-get", "true")
    result = machine.setup()
    assert result.returncode == 2
    assert "did not install: make qemu-x" in result.stderr


@pytest.mark.parametrize("known", ["libold1", "libold1t64"])
def test_a_package_goes_by_the_name_that_this_release_has(machine: FakeMachine, known: str) -> None:
    with (machine.directory / "tree/harness/packages").open("a") as packages:
        packages.write("libold1|libold1t64\t# reason\n")
    machine.script("apt-cache", f'[ "$2" = {known} ]')
    machine.installed = ["make", "qemu-x"]
    result = machine.setup()
    assert f"apt-get did not install: {known}\n" in result.stderr, result.stderr
    machine.installed.append(known)
    assert machine.setup().returncode == 0, "either name will do"


SECTIONS = "for: vax test\nqemu-vax\t# reason\nfor: test lint\nlinter\t# reason\n"


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["run", ""], ""),
        (["tes", "va"], ""),
        ([], ""),
        (["lint", ""], "linter"),
        (["run", "vax"], "qemu-vax"),
        (["lint", "vax"], "qemu-vax linter"),
        (["test", ""], "qemu-vax linter"),
    ],
)
def test_packages_of_a_verb_or_an_architecture_are_wanted_for_it_only(
    machine: FakeMachine, words: list[str], missing: str
) -> None:
    with (machine.directory / "tree/harness/packages").open("a") as packages:
        packages.write(SECTIONS)
    machine.installed = ["make", "qemu-x"]
    result = machine.setup(*words)
    assert result.returncode == (2 if missing else 0)
    assert bool(machine.calls) == bool(missing)
    assert not missing or f"apt-get did not install: {missing}\n" in result.stderr


def test_what_was_complete_for_one_verb_is_looked_at_again_for_another(
    machine: FakeMachine,
) -> None:
    with (machine.directory / "tree/harness/packages").open("a") as packages:
        packages.write(SECTIONS)
    machine.installed = ["make", "qemu-x"]
    for words in [["run"], ["run", "vax"], ["lint"]]:
        machine.setup(*words)
    machine.installed = ["make", "qemu-x", "qemu-vax", "linter"]
    for words in [["run", "vax"], ["lint", "vax"]]:
        assert machine.setup(*words).returncode == 0
    stamps = {path.name for path in (machine.directory / "tree/build").glob("*.stamp")}
    assert stamps == {"setup.stamp", "setup-vax.stamp", "setup-lint-vax.stamp"}
