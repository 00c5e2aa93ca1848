"""The rooms of the harness: each imports only what stands below it, and names are unique."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.base.paths import ROOT

HARNESS = ROOT / "harness"

# From the bottom up; rooms on one floor do not import each other.
FLOORS = (
    ("base",),
    ("kernels",),
    ("catalogue",),
    ("build",),
    ("results",),
    ("guest",),
    ("runs",),
    ("lint", "grading"),
    ("reports",),
    ("site",),
    ("verbs",),
)
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> Iterator[Path]:
    return (path for room in ROOMS for path in sorted((HARNESS / room).rglob("*.py")))


def imported(tree: ast.Module) -> Iterator[str]:
    """Return what a module imports of the harness, as "room.module"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("harness."):
                yield ".".join(name.split(".")[1:3])


def wrong_imports(room: str, tree: ast.Module) -> list[str]:
    """Return what a module in a room should not import."""
    wrong = []
    for name in imported(tree):
        other = name.split(".")[0]
        inside = other == room and room != "verbs"
        if not inside and not (other in ROOMS and ROOMS[other] < ROOMS[room]):
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HARNESS)))
def test_a_module_imports_only_what_stands_below(path: Path) -> None:
    room = path.relative_to(HARNESS).parts[0]
    assert wrong_imports(room, ast.parse(path.read_text())) == []


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("base", "from harness.kernels import apt"),
        ("results", "from harness.guest.channel import Line"),
        ("lint", "import harness.reports.tables"),
        ("verbs", "from harness.verbs import run"),
        ("runs", "def f():\n    from harness.reports import junit"),
        ("build", "from harness.tests import conftest"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(room: str, line: str) -> None:
    assert len(wrong_imports(room, ast.parse(line))) == 1


def test_every_folder_with_modules_is_a_room() -> None:
    folders = {path.parent.name for path in HARNESS.glob("*/__init__.py")}
    assert folders == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_stands_there_and_what_does_not(room: str) -> None:
    text = ast.get_docstring(ast.parse((HARNESS / room / "__init__.py").read_text())) or ""
    assert len(text.split("\n\n")) == 2, text


def classes(tree: ast.Module) -> Iterator[str]:
    """Return the names of classes, and of type variables and aliases, without underscores."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name.lstrip("_")
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Name) and target.id.lstrip("_")[:1].isupper():
                if not target.id.isupper():
                    yield target.id.lstrip("_")


def test_no_two_classes_have_the_same_name() -> None:
    where: dict[str, list[str]] = {}
    for path in [*modules(), *sorted((HARNESS / "tests").glob("*.py"))]:
        for name in classes(ast.parse(path.read_text())):
            where.setdefault(name, []).append(str(path.relative_to(HARNESS)))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}
