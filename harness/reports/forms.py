"""The forms of a report: a table for people, JSON and JUnit for machines."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from harness.guest.machine import Machine
from harness.reports import junit
from harness.reports.junit import JunitSuite


class Report(ABC):
    """What came of a run, and how it is printed."""

    @property
    @abstractmethod
    def status(self) -> int:
        """The exit status that the results call for."""

    @abstractmethod
    def print_table(self) -> None:
        """Print it for people."""

    @abstractmethod
    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""

    def print(self, form: str) -> None:
        """Write the report to standard output, as json or else for people."""
        if form == "json":
            print(json.dumps(self.as_data(), indent=2))
        else:
            self.print_table()


class CaseReport(Report):
    """A report that is made of cases, so that JUnit can hold it under ``name``."""

    name: str

    @abstractmethod
    def as_junit(self) -> list[JunitSuite]:
        """Return what JUnit holds."""

    def print(self, form: str) -> None:
        """Write the report to standard output, as junit, json, or else for people."""
        if form == "junit":
            print(junit.as_xml(self.name, self.as_junit()))
        else:
            super().print(form)


@dataclass(frozen=True)
class Booted:
    """What was booted, what the contents follow from, and the seconds of wall time."""

    release: str
    arch: str
    accel: str
    seed: int
    seconds: float

    @staticmethod
    def of(machine: Machine, seed: int, seconds: float) -> "Booted":
        """Return this of a machine."""
        kernel = machine.kernel
        return Booted(kernel.release, kernel.target.arch, machine.accel, seed, seconds)

    def __str__(self) -> str:
        return f"Linux {self.release} on {self.arch} ({self.accel})"

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return {
            "kernel": self.release,
            "arch": self.arch,
            "accel": self.accel,
            "seed": seed_text(self.seed),
            "seconds": round(self.seconds, 2),
        }


def seed_text(seed: int) -> str:
    """Return a seed as SEED= takes it."""
    return f"0x{seed:x}"
