"""The first page: the idea, the ways to map memory side by side, and where to begin."""

from collections.abc import Iterable
from pathlib import Path

from harness.base.paths import ROOT
from harness.catalogue.labs import Lab
from harness.site import places

_IDEA = Path(__file__).parent / "files/idea.svg"

_SHARED = (
    "labs/core/lab_core.c",
    "labs/core/lab_core.h",
    "labs/include/lab.h",
    "labs/include/lab_compat.h",
    places.puzzles("core"),
    "userspace/index",
    "kunit/index",
    places.KERNEL_NAMES,
)

_HEAD = """\
# Kernel memory, mapped to user space

A kernel module owns memory. A process maps it. Then **one page frame has two addresses**, and
what one side writes the other reads. Each lab makes such memory in another way, and each run
proves it: the kernel, the program and the machine itself look at the same frames.
"""

_COMMANDS = """\
## Two commands

On Debian 12 or 13, with git and make:

```console
$ make run
$ make test
```

The first runs all labs and prints one table. The second checks everything that this project
says. [Other machines](README.md) take a container.
"""

_DOORS = """\
## Where to begin

```{{raw}} html
<ul class="doors">
<li><h3>Student</h3><p>Read <a href="{story}">one page frame's life</a> in 20 minutes, then
<a href="{lesson}">lesson 1</a> and its <a href="{source}">annotated source</a>. The
<a href="{words}">words</a> are explained.</p></li>
<li><h3>Teacher</h3><p><a href="{teachers}">Hand out and grade</a> the labs as coursework.
Each lab has mistakes <a href="{puzzles}">as puzzles</a>.</p></li>
<li><h3>Engineer</h3><p><a href="{contract}">The contract</a> is a checklist for any driver
that maps memory; <a href="{core}">lab_core.c</a> is a pattern for your own.</p></li>
</ul>
```
"""


def page(every: list[Lab], groups: Iterable[tuple[str, list[str]]], has: Iterable[str]) -> str:
    """Return the first page, with the tables of contents of all others.

    ``groups`` are headings, each with its pages; ``has`` are all pages of the site.
    """
    known = set(has)
    rows = "\n".join(_row(lab) for lab in every)
    first = every[0]
    sides = {
        "story": "docs/story",
        "lesson": places.document(first.directory / "lesson.md"),
        "source": places.document(first.directory / f"{first.name}.c"),
        "words": "docs/words",
        "teachers": "docs/teachers",
        "puzzles": places.puzzles(first.directory.name),
        "contract": "docs/contract",
        "core": "labs/core/lab_core.c",
    }
    doors = {name: places.link(places.HOME, document) for name, document in sides.items()}
    parts = [
        "---\nhide-toc: true\n---",
        _HEAD,
        f"```{{raw}} html\n{_IDEA.read_text()}```",
        "## Ways to get and to map memory\n",
        f"| lab | memory from | mapped by | what it teaches |\n| --- | --- | --- | --- |\n{rows}\n",
        _COMMANDS,
        _DOORS.format(**doors),
        *(_contents(lab.name, [name for name in _of_lab(lab) if name in known]) for lab in every),
        *(_contents(title, names) for title, names in groups),
        _contents("Sources", [name for name in _SHARED if name in known]),
        _contents("More", ["README", "docs/index"]),
    ]
    return "\n".join(parts)


def _row(lab: Lab) -> str:
    folder = lab.directory.relative_to(ROOT).as_posix()
    return (
        f"| [{lab.name}]({folder}/{lab.name}.c.md) | {lab.memory} | {lab.mapped} "
        f"| [{lab.lesson}]({folder}/lesson.md) |"
    )


def _of_lab(lab: Lab) -> list[str]:
    return [
        places.document(lab.directory / "lesson.md"),
        places.document(lab.directory / f"{lab.name}.c"),
        places.puzzles(lab.directory.name),
    ]


def _contents(title: str, names: list[str]) -> str:
    lines = "\n".join(names)
    return f"```{{toctree}}\n:hidden:\n:caption: {title}\n:maxdepth: 1\n\n{lines}\n```\n"
