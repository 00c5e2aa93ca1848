"""The pages of the C sources: a lab's with all that it calls, and every other file's."""

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path

from harness.base.errors import SetupError
from harness.base.paths import LABS, ROOT, USERSPACE
from harness.catalogue.labs import Lab
from harness.kernels.targets import KUNIT_ARCH
from harness.reports import kept_reports
from harness.results import kept_runs
from harness.runs import web_machine
from harness.site import kernel_index, library, markdown, pictures, places, prose_names, terms
from harness.site.annotated import Annotator
from harness.site.definitions import Definitions
from harness.site.kernel_index import KernelIndex
from harness.site.uses import Lookup


def annotator(paths: Iterable[Path], every: Iterable[Lab]) -> Annotator:
    """Return what makes the pages of these sources."""
    lookup = Lookup(
        Definitions(paths),
        kernel_index.all_indices(),
        library.names(),
        frozenset(prose_names.NOWHERE),
        is_whole=not kernel_index.missing(),
    )
    since = {lab.directory: lab.since.series for lab in every if lab.since}
    suites = {
        ROOT / f"kunit/labs/{lab.name}_kunit.c": lab.since.series for lab in every if lab.since
    }
    return Annotator(lookup, terms.read(), since | suites)


def pages(maker: Annotator, paths: Iterable[Path], every: Iterable[Lab]) -> dict[str, str]:
    """Return the page of each source, and that of the kernel's names.

    Raises SetupError, with all that would be wrong on them.
    """
    labs = {lab.directory / f"{lab.name}.c": lab for lab in every}
    found = {}
    for path in paths:
        lab = labs.get(path)
        found[places.document(path)] = _of_lab(maker, lab, path) if lab else _of_file(maker, path)
    wrong = [*dict.fromkeys([*maker.wrong, *maker.lookup.wrong])]
    if wrong:
        raise SetupError("the pages of the sources would be wrong:\n" + "\n".join(wrong))
    found[places.KERNEL_NAMES] = _kernel_names(maker.lookup.indices, maker.kernel_names)
    return found


def _of_lab(maker: Annotator, lab: Lab, path: Path) -> str:
    origin = places.document(path)
    more = [
        ("lesson", lab.directory / "lesson.md"),
        ("check program", USERSPACE / f"labs/{lab.name}.c"),
        ("KUnit suite", ROOT / f"kunit/labs/{lab.name}_kunit.c"),
        ("what all labs share", LABS / "core/lab_core.c"),
    ]
    links = [
        f'<a href="{places.link(origin, places.document(one))}">{name}</a>'
        for name, one in more
        if one.exists()
    ]
    links.append(
        f'<a href="{places.link(origin, places.puzzles(lab.directory.name))}">mistakes</a>'
    )
    return (
        f"---\nhide-toc: true\n---\n# {path.name}\n\n"
        + markdown.html(
            f'<p class="links">{escape(lab.title)} · {" · ".join(links)}</p>'
            f"{_last_runs(lab)}{pictures.gallery(lab)}"
            "<p>What the code uses from other files folds open beneath it.</p>"
        )
        + markdown.html(maker.page(path, quotes=True))
        + markdown.html(_machine(lab, origin))
    )


def why_no_machine(lab: Lab) -> str | None:
    """Return why a lab's page has no machine in it, or None if it has one."""
    if lab.devices:
        return "the emulator that could run in it has none of QEMU's devices"
    return lab.why_not(web_machine.TARGET)


def _machine(lab: Lab, origin: str) -> str:
    """Return the machine that a lab's page has, or why it has none."""
    if reason := why_no_machine(lab):
        return f'<p class="run">No machine runs in this page: {escape(reason)}.</p>'
    return web_machine.fragment(lab.name, places.file(origin, places.MACHINE), lab.has_mmap)


def _of_file(maker: Annotator, path: Path) -> str:
    origin = places.document(path)
    folder = path.parent.relative_to(ROOT).as_posix()
    where = places.link(origin, places.document(path.parent))
    return (
        f"---\nhide-toc: true\norphan: true\n---\n# {path.name}\n\n"
        + markdown.html(f'<p class="links">A file of <a href="{where}">{folder}/</a></p>')
        + markdown.html(maker.page(path))
    )


def _last_runs(lab: Lab) -> str:
    """Return the last results of make run, by target; or the command that makes one."""
    said = [
        f"{target}, {kept[lab.name]['kernel']}, on {kept[lab.name]['date']}: "
        f"{', '.join(kept[lab.name]['loads'])}"
        for target, kept in kept_runs.read(kept_reports.RUNS).items()
        if lab.name in kept
    ]
    if not said:
        command = places.command("run", lab)
        what = "run of its checks" if pictures.are_there(lab) else "run"
        return (
            f'<p class="run">No {what} on this machine is kept: '
            f"<code>{command}</code> makes one.</p>"
        )
    return "".join(f'<p class="run">Last run: {escape(text)}.</p>' for text in said)


def _kernel_names(indices: list[KernelIndex], names: dict[str, dict[str, str]]) -> str:
    """Return the page that says where each series has each name."""
    heads = "".join(
        f'<th scope="col" data-series="{one.series}">Linux {one.series}'
        f"<br>{escape(one.version)}</th>"
        for one in indices
    )
    rows = "".join(
        f'<tr id="{name}"><th scope="row"><code>{name}</code></th>'
        + "".join(
            f'<td data-series="{one.series}"><code>{escape(where.get(one.series, "–"))}</code></td>'
            for one in indices
        )
        + "</tr>"
        for name, where in sorted(names.items())
    )
    missing = kernel_index.missing()
    lacking = (
        f"Not fetched here: Linux {', '.join(missing)}; "
        + ", ".join(f"`make run ARCH={KUNIT_ARCH} KERNEL={series}`" for series in missing)
        + " does it.\n\n"
        if missing
        else ""
    )
    return (
        "---\nhide-toc: true\norphan: true\n---\n# The kernel's names\n\n"
        "Where the kernel defines what the sources use: "
        "file and line of the source that Debian packs. What lab_compat.h defines for a series "
        f"is marked by its path.\n\n{lacking}"
        + markdown.html(
            '<div class="wide" role="region" aria-label="Names" tabindex="0">'
            "<table><caption>Names and their places, by series</caption>"
            f'<thead><tr><th scope="col">name</th>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
    )


def script_of_names(maker: Annotator) -> str:
    """Return the script that has the places of the kernel's names, for the reader's choice."""
    series = json.dumps([one.series for one in maker.lookup.indices])
    names = json.dumps(maker.kernel_names, sort_keys=True)
    return f"window.kernelSeries = {series};\nwindow.kernelNames = {names};\n"
