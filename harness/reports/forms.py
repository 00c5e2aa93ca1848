"""The forms of a report: a table for people, JSON and JUnit for machines."""

import json
from abc import ABC, abstractmethod
from typing import Any

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


def seed_text(seed: int) -> str:
    """Return a seed as SEED= takes it."""
    return f"0x{seed:x}"
