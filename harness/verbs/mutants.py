"""The verb mutants: wrong versions of the labs, made by rules, and how many a check notices."""

from argparse import Namespace

from harness.base.errors import RequestError, SetupError
from harness.base.paths import LABS
from harness.base.progress import step
from harness.build import mutants
from harness.build.mutants import RulePlace
from harness.catalogue import labs
from harness.catalogue.mutants import (
    Equivalent,
    choose_rules,
    read_equivalents,
    rules,
    sources,
)
from harness.catalogue.patches import CORE_FOLDER
from harness.kernels.request import Request, new_seed
from harness.reports import mutants_report
from harness.reports.mutants_report import MutantsReport
from harness.runs import try_mutants


def main(args: Namespace) -> int:
    """Try the mutants, print the score and the survivors; return the exit status."""
    seed = new_seed() if args.seed is None else args.seed
    known = read_equivalents()
    _require_all(known)
    chosen = try_mutants.sample(_places(args), args.sample, seed)
    if not chosen:
        raise RequestError(f"there is no place: --only {args.only} names none")
    # A module of a mutant stands behind the others in one archive, which is for booting.
    request = Request(limit=args.limit, seed=seed, boots=True)
    results, seconds = try_mutants.try_all(chosen, known, request, args.jobs)
    report = MutantsReport(results=results, seed=seed, seconds=seconds, sampled=args.sample)
    report.print(args.format)
    if args.write:
        mutants_report.write(report)
    return report.status


def _places(args: Namespace) -> list[RulePlace]:
    """Return the places of the labs and by the rules that the options choose."""
    owners = {lab.name: lab.directory.name for lab in labs.all_labs()}
    owners[try_mutants.CORE_NAME] = CORE_FOLDER
    names = labs.choose_names(args.lab, sorted(owners))
    directories = {owners[name] for name in names}
    files = [path for path in sources() if path.parent.name in directories]
    found = []
    with step("looking where the rules match") as progress:
        for path in files:
            progress.detail = path.name
            found += mutants.places(choose_rules(args.rule), path)
    if not args.only:
        return found
    # Only what is in the file has to be made.
    return [
        place
        for place in found
        if args.only.startswith(f"{place.source.parent.name}/{place.source.name}")
        and (mutant := mutants.make(place))
        and mutant.name.startswith(args.only)
    ]


def _require_all(known: list[Equivalent]) -> None:
    """Raise SetupError for an entry of equivalent.toml that matches no mutant any more."""
    for one in known:
        mine = [rule for rule in rules() if rule.name == one.rule]
        source = LABS / one.file
        found = mutants.places(mine, source) if source.is_file() else []
        made = (mutants.make(place) for place in found if place.function == one.function)
        if not any(mutant and one.is_of(mutant) for mutant in made):
            raise SetupError(f"equivalent.toml: there is no mutant any more: {one}")
