"""The pictures of a lab's mapping, which make show has drawn of real runs.

    build/pictures/TARGET/LAB/STEP.svg
    build/pictures/TARGET/LAB/PARAMETERS/STEP.svg    of a load that is not its first
    build/pictures/TARGET/run.json       what they show
"""

import json
from html import escape
from pathlib import Path
from typing import Any

from harness.base.paths import BUILD
from harness.catalogue.labs import Lab
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import DEFAULT_ARCH, Target
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
    try:
        found = json.loads((PLACE / target / "run.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def caption(target: str) -> str:
    """Return which kernel and seed a target's pictures are of, and when they were made."""
    run = run_of(target)
    parts = [f"Linux {run['release']}" if "release" in run else "", target]
    parts += [f"SEED={run['seed']}" if "seed" in run else "", str(run.get("date", ""))]
    return ", ".join(part for part in parts if part)


def figures(lab: Lab, step: str, origin: str, load: str = "") -> str:
    """Return the pictures of a step beside each other; or the command that makes them."""
    found = of_lab(lab, step, load)
    words = " ".join(filter(None, [lab.name, load])) + f", {title(lab, step)}, on each target"
    shown = "".join(
        f'<figure class="picture">{path.read_text()}'
        f"<figcaption>{escape(caption(target))}</figcaption></figure>"
        for target, path in found.items()
    )
    if not shown:
        return missing(lab)
    return f'<div class="pictures" role="region" aria-label="{words}" tabindex="0">{shown}</div>'


def missing(lab: Lab) -> str:
    """Return what stands where a picture should be."""
    if lab.mapping == "none":
        return f'<p class="run">{lab.name} has no mmap(), so there is no picture of a mapping.</p>'
    command = places.command("show", lab)
    return (
        f'<p class="run">No picture is kept of a run here: <code>{command}</code> makes them.</p>'
    )


def gallery(lab: Lab, origin: str) -> str:
    """Return all steps of a lab, each to be unfolded."""
    there = {path.stem for path in PLACE.glob(f"*/{lab.name}/*.svg")}
    steps = [step for step in STEPS if step in there]
    if not steps:
        return missing(lab)
    folds = _folds(lab, steps, origin)
    for parameters in lab.loads[1:]:
        load = "-".join(parameters)
        if more := [step for step in steps if of_lab(lab, step, load)]:
            heading = escape(" ".join(parameters))
            folds += f"<h3>Loaded with {heading}</h3>"
            folds += _folds(lab, more, origin, load)
    return f'<div class="steps"><h2>A mapping in pictures, of real runs</h2>{folds}</div>'


def _folds(lab: Lab, steps: list[str], origin: str, load: str = "") -> str:
    return "".join(
        f'<details class="step"><summary>{escape(title(lab, step))}</summary>'
        f"{figures(lab, step, origin, load)}</details>"
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
