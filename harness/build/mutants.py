"""Making mutants: a rule is applied to one place of a source by Coccinelle."""

import difflib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.base import digest, kept, paths, tools
from harness.base.errors import SetupError
from harness.catalogue.mutants import PICKED, Mutant, Rule

_SPATCH = "/usr/bin/spatch"

# The digest of what an answer of Coccinelle follows from begins with these.
_SELF = Path(__file__)

_PLACE = re.compile(r"^place (\S+) (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class RulePlace:
    """A place of a source where a rule may match, as Coccinelle calls it."""

    rule: Rule
    source: Path
    where: str
    function: str


def places(rules: list[Rule], source: Path) -> list[RulePlace]:
    """Return the places of a source that some rules may match, in the order of the source.

    Raises SetupError, with Coccinelle's words, for a rule that makes no sense.
    """
    found = []
    for rule in rules:

        def look(rule: Rule = rule) -> list[list[str]]:
            said = _spatch(rule, source, None).stderr
            return [list(place) for place in dict.fromkeys(_PLACE.findall(said))]

        inputs: list[str | Path] = [_SELF, digest.of_tool(_SPATCH), PICKED, rule.path, source]
        for where, function in kept.answer("mutants/places", inputs, look):
            found.append(RulePlace(rule, source, where, function))
    return sorted(found, key=lambda place: _numbers(place.where))


def _numbers(where: str) -> list[int]:
    return [int(number) for number in where.split(":")[:4]]


def make(place: RulePlace) -> Mutant | None:
    """Return the source with the rule applied at a place; None if it does not match there."""
    inputs: list[str | Path] = [_SELF, digest.of_tool(_SPATCH), PICKED, place.rule.path]
    inputs += [place.source, place.where]
    diff = kept.answer("mutants/made", inputs, lambda: _mutate(place))
    if diff is None:
        return None
    line, change = _what_differs(place.source.read_text(), diff)
    file = f"{place.source.parent.name}/{place.source.name}"
    return Mutant(place.rule.name, file, place.function, line, change, diff)


def _mutate(place: RulePlace) -> str | None:
    with paths.scratch() as directory:
        output = directory / place.source.name
        _spatch(place.rule, place.source, place.where, "-o", output)
        text = output.read_text() if output.exists() else None
    return None if text == place.source.read_text() else text


def _spatch(
    rule: Rule, source: Path, where: str | None, *options: str | Path
) -> "subprocess.CompletedProcess[str]":
    """Apply a rule to a source, at one place or, to list them all, at none."""
    environment = tools.environment() | ({"KMAPLAB_PLACE": where} if where else {})
    with paths.scratch() as directory:
        whole = directory / rule.path.name
        whole.write_text(PICKED.read_text() + rule.path.read_text())
        command: list[str | Path] = ["spatch", "--very-quiet", "--sp-file", whole, source]
        try:
            result = subprocess.run(
                [*command, *options],
                capture_output=True,
                text=True,
                env=environment,
                check=False,
            )
        except FileNotFoundError as error:
            raise SetupError("spatch is missing: run harness/setup mutants") from error
    if result.returncode or "parse error" in result.stderr.partition("place ")[0]:
        said = "\n".join(result.stderr.splitlines()[:5])
        raise SetupError(f"{rule.path.name} on {source.name}: {said}")
    return result


def _what_differs(old: str, new: str) -> tuple[int, str]:
    """Return the line where two texts begin to differ, and what differs, on one line."""
    before, after = old.splitlines(), new.splitlines()
    blocks = [
        block
        for block in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        if block[0] != "equal"
    ]
    gone = [line for _, begin, end, _, _ in blocks for line in before[begin:end]]
    come = [line for _, _, _, begin, end in blocks for line in after[begin:end]]
    return blocks[0][1] + 1, f"{_joined(gone)} => {_joined(come)}"


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def diff(mutant: Mutant, labs: Path) -> Iterator[str]:
    """Yield the lines of a unified diff that makes a mutant of the lab."""
    old = (labs / mutant.file).read_text().splitlines()
    new = mutant.text.splitlines()
    names = (f"a/{mutant.file}", f"b/{mutant.file}")
    yield from difflib.unified_diff(old, new, *names, n=2, lineterm="")
