"""Machines of other architectures, made up: what runs there, and why all else does not."""

import platform

import pytest

from harness.base.errors import RequestError
from harness.base.paths import ROOT
from harness.kernels import host
from harness.kernels.targets import ARCHES, target
from harness.tests.conftest import call


def runs(monkeypatch: pytest.MonkeyPatch, machine: str) -> set[str]:
    """Return the architectures whose guests run on a machine."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    return {name for name, architecture in ARCHES.items() if not host.why_not(architecture)}


def test_everything_runs_on_an_x86_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs(monkeypatch, "x86_64") == set(ARCHES)


def test_on_an_arm_machine_its_own_architecture_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs(monkeypatch, "aarch64") == {"arm64"}


def test_on_other_machines_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not runs(monkeypatch, "riscv64")


def test_every_reason_is_given() -> None:
    for name, architecture in ARCHES.items():
        assert architecture.hosts and architecture.elsewhere, f"{name} says neither where nor why"


@pytest.mark.parametrize(
    ("machine", "arch", "says"),
    [
        ("aarch64", "um", r"um does not run on this machine \(aarch64\): .*x86.* runs: arm64$"),
        ("aarch64", "x86_64", r"no cross compiler for it\. Here runs: arm64$"),
        ("riscv64", "arm64", r"Here runs: nothing of this project$"),
    ],
)
def test_a_request_that_cannot_be_met_says_why_and_what_can(
    monkeypatch: pytest.MonkeyPatch, machine: str, arch: str, says: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(RequestError, match=says):
        target("6.1", arch)


def test_an_arm_machine_can_have_what_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert target("6.1", "arm64").arch == "arm64"
    assert host.debian_name() == "arm64"


def test_a_machine_that_is_no_debian_is_sent_to_the_container() -> None:
    # env -i leaves a PATH without dpkg.
    setup = ROOT / "harness/setup"
    outcome = call("env", "-i", "PATH=/nonexistent", "/bin/sh", setup, "run").expect(2)
    assert "docs/machines.md" in outcome.err, outcome.err
