"""The verb skels: a workspace for a student, with the labs' sources without solutions."""

from argparse import Namespace
from pathlib import Path

from harness.base.errors import OK, RequestError, SetupError
from harness.base.progress import say
from harness.catalogue import exercises, labs
from harness.grading import for_clangd, workspace
from harness.grading.workspace import Written


def main(args: Namespace) -> int:
    """Write the workspace, and say what was written; return the exit status."""
    if not args.dest:
        raise RequestError("DEST= must say where the workspace is to be: make skels DEST=../work")
    directory = Path(args.dest).absolute()
    # A link as DEST= itself is as good as what it leads to.
    directory = directory.resolve()
    workspace.refuse_inside(directory)
    workspace.refuse_unusable(directory)
    chosen = labs.choose(None if args.lab == "all" else args.lab)
    there = workspace.labs_in(directory)
    files = workspace.contents(chosen, there)
    try:
        files[for_clangd.NAME] = for_clangd.text(
            [lab for lab in labs.all_labs() if lab in (*chosen, *there)], directory
        )
    except SetupError as error:
        say(f"no {for_clangd.NAME} for clangd: {error}")
    written = workspace.write(directory, files)
    _tell(directory, written)
    found = exercises.all_of(chosen)
    points = sum(one.points for one in found)
    names = ", ".join(lab.name for lab in chosen)
    print(f"{directory}: {len(found)} exercises of {names}, {points} points")
    print(f"Begin with {directory}/README.md")
    return OK


def _tell(directory: Path, written: Written) -> None:
    """Say what the workspace has now that it did not have."""
    for name in written.again:
        print(f"{name} was gone: it is there again, as it was handed out")
    for name in written.updated:
        print(f"{name} is updated: you had not changed it")
    for name, other in written.beside.items():
        print(f"{name} is yours and stays as it is: the new one is {other}")
    if not (written.new or written.again or written.updated or written.beside):
        print("nothing has changed")
