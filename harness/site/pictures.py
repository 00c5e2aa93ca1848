"""The pictures of a lab's mapping, which make show has drawn of real runs.

    build/pictures/TARGET/LAB/STEP.svg
    build/pictures/TARGET/LAB/PARAMETERS/STEP.svg    of a load that is not its first
    build/pictures/TARGET/run.json       what they show
"""

import json
from collections.abc import Collection
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from harness.base.paths import BUILD
from harness.catalogue.labs import Lab, Load
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import ARCHES, DEFAULT_ARCH, KUNIT_ARCH, Target, series_of
from harness.site import places

PLACE = BUILD / "pictures"
# In the order of a mapping's life; others come behind.
STEPS = ("before", "mmap", "touch", "fork", "munmap", "last")


def of_lab(lab: Lab, step: str, load: str = "") -> dict[str, Path]:
    """Return the picture of a step, for each target that has one.

    ``load`` is the name of a folder, for a load that is not the lab's first.
    """
    found = [*PLACE.glob("/".join(("*", lab.name, *filter(None, [load]), f"{step}.svg")))]
    by_target = {path.relative_to(PLACE).parts[0]: path for path in found}
    return {target: by_target[target] for target in sorted(by_target, key=_turn)}


def _turn(target: str) -> tuple[bool, str]:
    """Return what is smaller for a target that comes first: the default one."""
    return target != str(Target(DEFAULT_SERIES, DEFAULT_ARCH)), target


def run_of(target: str) -> dict[str, Any]:
    """Return what is said of the run that a target's pictures show."""
    file = PLACE / target / "run.json"
    try:
        return _read_run(file, file.stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}


@cache
def _read_run(file: Path, _time: int) -> dict[str, Any]:
    """Return what a file holds, which is megabytes, as long as its time is the same."""
    found = json.loads(file.read_text())
    return found if isinstance(found, dict) else {}


def caption(target: str) -> str:
    """Return which kernel and seed a target's pictures are of, and when they were made."""
    run = run_of(target)
    parts = [f"Linux {run['release']}" if "release" in run else "", target]
    parts += [f"SEED={run['seed']}" if "seed" in run else "", str(run.get("date", ""))]
    return ", ".join(part for part in parts if part)


def figures(lab: Lab, step: str) -> str:
    """Return the picture of a step among prose, and what makes those that are missing.

    It is the first target's; those of the others are folded, so that a reader keeps the thread.
    """
    first, *others = of_lab(lab, step) or [""]
    if not first:
        return missing(lab)
    shown = _row(lab, step, only=[first])
    if others:
        names = escape(", ".join(others))
        row = _row(lab, step, only=others)
        shown += f"<details><summary>the same on {names}</summary>{row}</details>"
    return shown + absent(lab)


def _row(lab: Lab, step: str, load: str = "", only: Collection[str] = ()) -> str:
    """Return the pictures of a step beside each other: of these targets, or of all."""
    found = of_lab(lab, step, load)
    where = ", ".join(only) or "each target"
    words = " ".join(filter(None, [lab.name, load])) + f", {title(lab, step)}, on {where}"
    shown = "".join(
        f'<figure class="picture">{path.read_text()}'
        f"<figcaption>{escape(caption(target))}</figcaption></figure>"
        for target, path in found.items()
        if not only or target in only
    )
    return f'<div class="pictures" role="region" aria-label="{words}" tabindex="0">{shown}</div>'


def missing(lab: Lab) -> str:
    """Return what stands where a picture should be."""
    if not lab.has_mmap:
        return f'<p class="run">{lab.name} has no mmap(), so there is no picture of a mapping.</p>'
    command = places.command("show", lab)
    return (
        f'<p class="run">No picture is kept of a run here: <code>{command}</code> makes them.</p>'
    )


def absent(lab: Lab, load: str = "") -> str:
    """Return why there is no picture of each target that has none, or the command for it."""
    there = {path.relative_to(PLACE).parts[0] for path in PLACE.glob(f"*/{lab.name}/{load}/*.svg")}
    named = {"-".join(parameters): Load(lab, parameters) for parameters in lab.loads[1:]}
    shown = named.get(load, Load(lab, lab.loads[0]))
    missed = [target for target in _targets(lab) if str(target) not in there]
    said = []
    for target in missed:
        why = shown.why_not(target)
        command = places.command("show", lab, target)
        said.append(f"{target}: " + (escape(why) if why else f"<code>{command}</code> makes it"))
    return f'<p class="run">No picture is kept here of {"; of ".join(said)}.</p>' if said else ""


def _targets(lab: Lab) -> list[Target]:
    """Return the targets that pictures are of: the series that all architectures have, if it
    is not too old for the lab.
    """
    if lab.since:
        return [Target(series_of(KUNIT_ARCH)[-1], KUNIT_ARCH)]
    return [Target(DEFAULT_SERIES, arch) for arch in ARCHES]


def are_there(lab: Lab) -> bool:
    """Say whether a lab has pictures of any target."""
    return bool(_names(lab))


def _names(lab: Lab) -> set[str]:
    return {path.stem for path in PLACE.glob(f"*/{lab.name}/*.svg")}


def gallery(lab: Lab) -> str:
    """Return all steps of a lab, each to be unfolded."""
    there = _names(lab)
    steps = [step for step in STEPS if step in there]
    if not steps:
        return absent(lab) if lab.has_mmap else missing(lab)
    folds = _folds(lab, steps) + absent(lab)
    for parameters in lab.loads[1:]:
        load = "-".join(parameters)
        if more := [step for step in steps if of_lab(lab, step, load)]:
            heading = escape(" ".join(parameters))
            folds += f"<h3>Loaded with {heading}</h3>"
            folds += _folds(lab, more, load) + absent(lab, load)
    return f'<div class="steps"><h2>A mapping in pictures, of real runs</h2>{folds}</div>'


def _folds(lab: Lab, steps: list[str], load: str = "") -> str:
    return "".join(
        f'<details class="step"><summary>{escape(title(lab, step))}</summary>'
        f"{_row(lab, step, load)}</details>"
        for step in steps
    )


def title(lab: Lab, step: str) -> str:
    """Return the words for a step."""
    words = {
        "before": "before mmap()",
        "mmap": "after mmap()",
        "touch": "after the first touch",
        "fork": "after fork()",
        "munmap": "after munmap() of the middle",
        "last": "after the last unmap",
    }
    return words.get(step, step)
