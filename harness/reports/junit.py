"""Results as JUnit's XML, which CI systems read.

No standard describes it; these are the elements and attributes that most of them read.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

# XML has no way to write these.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class JunitResult(Enum):
    """What became of a case, and the element that says so."""

    PASSED = ""
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class JunitCase:
    """One case; ``message`` is one line, ``text`` all of it; ``seconds`` if measured."""

    name: str
    classname: str = ""
    result: JunitResult = JunitResult.PASSED
    message: str = ""
    text: str = ""
    seconds: float | None = None


@dataclass
class JunitSuite:
    """Cases that belong together. ``seconds`` are None for the sum of theirs."""

    name: str
    cases: list[JunitCase] = field(default_factory=list)
    seconds: float | None = None

    @property
    def time(self) -> float:
        """Its duration in seconds, as far as it was measured."""
        if self.seconds is not None:
            return self.seconds
        return sum(case.seconds or 0 for case in self.cases)


def as_xml(name: str, suites: list[JunitSuite]) -> str:
    """Return suites as a document of this name."""
    root = Element("testsuites", name=name)
    _count(root, [case for suite in suites for case in suite.cases])
    root.set("time", _seconds(sum(suite.time for suite in suites)))
    for suite in suites:
        element = SubElement(root, "testsuite", name=_xml(suite.name))
        _count(element, suite.cases)
        element.set("time", _seconds(suite.time))
        for case in suite.cases:
            _add_case(element, case)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _count(element: Element, cases: list[JunitCase]) -> None:
    element.set("tests", str(len(cases)))
    for name, result in (
        ("failures", JunitResult.FAILURE),
        ("errors", JunitResult.ERROR),
        ("skipped", JunitResult.SKIPPED),
    ):
        element.set(name, str(sum(case.result is result for case in cases)))


def _add_case(suite: Element, case: JunitCase) -> None:
    element = SubElement(suite, "testcase", name=_xml(case.name))
    if case.classname:
        element.set("classname", _xml(case.classname))
    if case.seconds is not None:
        element.set("time", _seconds(case.seconds))
    if case.result is not JunitResult.PASSED:
        result = SubElement(element, case.result.value, message=_xml(case.message))
        result.text = _xml(case.text) or None


def _seconds(time: float) -> str:
    return f"{time:.3f}"


def _xml(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
