"""The verb lint: what static checkers have to say of the sources."""

from argparse import Namespace

from harness.base.lock import locked
from harness.base.paths import BUILD, ROOT
from harness.lint import checking
from harness.lint.checker import Tree


def main(args: Namespace) -> int:
    """Run the checkers, and print what they found; return the exit status."""
    checkers = checking.choose(args.only)
    with locked(BUILD / "lint.lock", "the checkers"):
        results = checking.run(Tree(ROOT, BUILD / "lint"), checkers)
    print(checking.as_text(results), end="")
    return checking.status(results)
