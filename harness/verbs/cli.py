"""The command line: harness/kmaplab VERB ..."""

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from harness.base.errors import BAD_SETUP, OK, KmaplabError, RequestError
from harness.base import os_errors
from harness.base.paths import KUNIT, LABS
from harness.catalogue import labs
from harness.guest import accel
from harness.kernels.request import Request
from harness.kernels.series import DEFAULT_SERIES, SERIES
from harness.kernels.targets import (
    ARCHES,
    DEFAULT_ARCH,
    KUNIT_ARCH,
    check_flavour,
    series_of,
    target,
)
from harness.results.steps import TITLES

VERBS = {
    "run": "all labs, both sides, one table",
    "kunit": "the KUnit suites in user-mode Linux, with the sanitizers on",
    "contract": "every clause of docs/contract.md, for every lab",
    "mistakes": "wrong versions of the labs, each caught by the clause that it names",
    "mutants": "wrong versions of the labs made by rules, and how many of them a check notices",
    "coverage": "which lines and branches of the labs the suites and the checks reach",
    "grade": "the marks of a class, with what explains them",
    "lint": "what static checkers report of the sources",
    "skels": "a workspace for a student: labs without solutions, lessons without answers",
    "docs": "the site: lessons, annotated sources and what runs have shown, on disk",
    "pages": "what README, docs and lessons show, run and compared",
    "test": "all tests of the project",
    "check": "the verdict on a workspace: points, what is wrong, and what to do next",
    "watch": "the verdict on a lab of a workspace, each time that it is saved",
    "hint": "the next hint for an exercise of a workspace",
    "show": "a lab's mapping as a picture, at each step of its life",
    "console": "a shell in the guest, or one command",
    "debug": "gdb on a lab in a guest, stopped where the lab maps its memory",
    "record": "a lab's check program, in a run that is kept",
    "replay": "the kept run of a lab again, under gdb, to the same end",
    "compile_commands": "what clangd needs to read the C sources in an editor",
    "bench": "how long things take: a run against a bare boot, an edit to its verdict",
    "clean": "remove all that was made or fetched",
}

# Seconds until the guest of a run is killed.
_RUN_LIMIT = 120.0
_CONTRACT_LIMIT = 600.0
_SHOW_LIMIT = 240.0
# A guest that hangs is ended when it says nothing any more; this is for busy machines.
_MISTAKE_LIMIT = 240.0

_EPILOG = """\
exit status: 0 all well; 1 a check failed; 2 the request or the set-up is wrong;
3 the guest crashed, hung or said something that makes no sense; 130 Ctrl-C, and
128 and the number of any other signal that ended it
(console CMD: the command's own status)
"""

_CONSOLE_EPILOG = (
    """\
A command's output comes over an emulated serial port, about 100 KB a second.
What it leaves running in the background is killed when it ends. Leave the
interactive shell with exit; if the machine hangs, with Ctrl-] and then x.

"""
    + _EPILOG
)


class _AddNames(argparse.Action):
    """Names separated by commas; an option that is given again adds to them."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Keep the names with those that stand there."""
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, values if before is None else f"{before},{values}")


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, as every verb does."""

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message}; see {self.prog} --help")


def command_line() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="harness/kmaplab",
        description="Kernel memory, allocated and mapped to user space; both sides see the same.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    made = {
        name: verbs.add_parser(
            name,
            help=text,
            description=text,
            epilog=_CONSOLE_EPILOG if name == "console" else _EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for name, text in VERBS.items()
    }
    for name in ("run", "show", "console", "debug", "record", "replay", "bench", "contract"):
        _add_target(made[name])
    for name in ("run", "console", "debug", "record", "replay", "contract"):
        _add_guest_options(made[name])
    _add_contract_options(made["contract"])
    _add_mistakes_options(made["mistakes"])
    _add_mutants_options(made["mutants"])
    run = made["run"]
    run.set_defaults(limit=_RUN_LIMIT)
    _add_names(run, "--lab", "labs to run, by name (default: all)")
    _add_format(run, "table", "json", "junit")
    _add_seed(run)
    run.add_argument(
        "--refresh", action="store_true", help="look for a newer kernel of the series first"
    )
    _add_show_options(made["show"])
    _add_grade_options(made["grade"])
    _add_suite_options(made["kunit"])
    made["kunit"].add_argument(
        "--flavour", help="instrumented (default) or plain, without sanitizers"
    )
    _add_format(made["kunit"], "text", "json", "junit")
    _add_work_options(made["check"], made["watch"], made["hint"])
    _add_suite_options(made["coverage"])
    _add_format(made["coverage"], "text", "json")
    # All labs are built only on the newest series.
    _add_um_series(made["compile_commands"], series_of(KUNIT_ARCH)[-1])
    made["console"].add_argument("--cmd", help="a shell command (default: an interactive shell)")
    made["console"].add_argument("--extra", help="directory that appears as /extra in the guest")
    for name in ("debug", "record", "replay"):
        _add_debug_options(made[name])
    made["bench"].add_argument("--rounds", type=_count, default=7, help="rounds (default: 7)")
    made["bench"].add_argument("--thorough", action="store_true", help="also what takes minutes")
    made["bench"].add_argument(
        "--types",
        choices=("guest", "here"),
        help="the memory types of lab_types instead, in an emulated guest, which cannot show a "
        "difference, or here: on this machine, as root",
    )
    made["bench"].add_argument(
        "--write", action="store_true", help="write the table into docs/speed.md"
    )
    _add_names(made["skels"], "--lab", "labs, by name (default: all)")
    made["skels"].add_argument("--dest", help="where the workspace is to be, outside the project")
    _add_names(made["lint"], "--only", "these checkers, by name (default: all)")
    made["docs"].add_argument("--open", action="store_true", help="open it in a browser")
    made["docs"].add_argument(
        "--no-run", action="store_true", help="start no guest: only pictures that are kept"
    )
    made["pages"].add_argument("page", nargs="*", help="files, as docs/kunit.md (default: all)")
    made["pages"].add_argument(
        "--write", action="store_true", help="write the new output into the pages that differ"
    )
    made["test"].add_argument("--fast", action="store_true", help="only those that boot nothing")
    made["test"].add_argument(
        "--again", action="store_true", help="also real boots that passed with the same sources"
    )
    made["test"].add_argument("--match", help="only those whose name matches, as pytest -k")
    return parser


def _add_show_options(parser: argparse.ArgumentParser) -> None:
    _add_names(parser, "--lab", "labs, by name (default: all)")
    parser.add_argument("--step", help=f"{', '.join(TITLES)} (default: touch; svg, json: all)")
    parser.add_argument(
        "--page", type=_page, help="the page whose way is shown (default: the middle one)"
    )
    parser.add_argument("--out", help="folder for the SVGs (default: build/pictures/TARGET)")
    _add_limit(parser, _SHOW_LIMIT)
    _add_format(parser, "table", "json", "svg")
    _add_seed(parser)


def _add_work_options(
    check: argparse.ArgumentParser, watch: argparse.ArgumentParser, hint: argparse.ArgumentParser
) -> None:
    for parser in (check, watch, hint):
        parser.add_argument("--work", help="the workspace, as make skels writes it")
        _add_names(parser, "--lab", "labs, by name (default: all that are there)")
    known = f"{', '.join(series_of(DEFAULT_ARCH))} (default: {DEFAULT_SERIES})"
    for parser in (check, watch):
        parser.set_defaults(arch=DEFAULT_ARCH, limit=_RUN_LIMIT)
        parser.add_argument("--kernel", help=f"kernel series: {known}")
        parser.add_argument(
            "--quick", action="store_true", help="only the usual checks, in QEMU: less is found"
        )
        _add_seed(parser)
    _add_format(check, "text", "json")
    watch.add_argument("--once", action="store_true", help="end with the verdict on the first save")
    hint.add_argument("--exercise", help="as kmalloc/2 (default: the first that is not solved)")
    hint.add_argument("--all", action="store_true", help="all of its hints")


def _add_contract_options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(limit=_CONTRACT_LIMIT)
    _add_names(parser, "--lab", "labs, by name (default: all)")
    _add_names(parser, "--clause", "clauses, as 4 or 4.2,5 (default: all)")
    _add_format(parser, "table", "json", "junit")
    _add_seed(parser)
    parser.add_argument(
        "--calls",
        type=_count,
        default=100_000,
        help="random calls to each lab, and in proportion calls that race (100000)",
    )
    parser.add_argument(
        "--rounds", type=_count, default=500, help="rounds of load, map, unmap, unload (500)"
    )
    parser.add_argument(
        "--usual-loads", action="store_true", help="only the loads of run, not those of other sizes"
    )
    _add_suites(parser)
    parser.add_argument(
        "--device", help="the node of any driver, as /dev/zero: the clauses that are about it"
    )
    parser.add_argument(
        "--module", help="its module: a file, or the name of one of the kernel's (default: none)"
    )
    parser.add_argument("--source", help="folder with a Kbuild that --module is built in")
    parser.add_argument("--profile", help="TOML file with what is documented of the driver")


def _add_debug_options(parser: argparse.ArgumentParser) -> None:
    _add_names(parser, "--lab", "the lab")
    parser.add_argument(
        "--work",
        dest="labs",
        type=_labs,
        default=argparse.SUPPRESS,
        help="a workspace, as make skels writes it: the same as --labs",
    )
    parser.add_argument("--check", help="run this check only (default: all of a plain run)")
    parser.add_argument(
        "--cmd", help="gdb's commands, separated by ; or new lines (default: you type them)"
    )
    _add_seed(parser)


def _add_mistakes_options(parser: argparse.ArgumentParser) -> None:
    _add_um_series(parser)
    _add_names(parser, "--lab", "those of these labs, or of lab_core (default: all)")
    _add_names(parser, "--clause", "those that these clauses must catch (default: all)")
    _add_names(parser, "--only", "these, by name, as kmalloc/offset-ignored (default: all)")
    parser.add_argument(
        "--sample", type=_count, help="so many, of each clause one if it can be, chosen by SEED"
    )
    parser.add_argument(
        "--alone",
        action="store_true",
        help="make the checks of all other clauses as well, to see which notice what no other does",
    )
    _add_format(parser, "table", "json", "junit")
    _add_seed(parser)
    _add_limit(parser, _MISTAKE_LIMIT)
    _add_labs(parser)


def _add_mutants_options(parser: argparse.ArgumentParser) -> None:
    _add_names(parser, "--lab", "those of these labs, or of lab_core (default: all)")
    _add_names(parser, "--rule", "those by these rules (default: all)")
    parser.add_argument(
        "--only", help="those of this source, or of a line in it: core/lab_core.c:80"
    )
    parser.add_argument("--sample", type=_count, help="so many places, chosen by the seed")
    parser.add_argument("--jobs", type=_count, help="mutants at a time (default: processors)")
    parser.add_argument("--write", action="store_true", help="write the score into docs/mutants.md")
    _add_format(parser, "table", "json")
    _add_seed(parser)
    _add_limit(parser, _MISTAKE_LIMIT)


def _add_grade_options(parser: argparse.ArgumentParser) -> None:
    # Marks come from the machine that a lab cannot reach.
    parser.set_defaults(arch=DEFAULT_ARCH, limit=_RUN_LIMIT)
    parser.add_argument("--submissions", help="folder with a folder or an archive for each student")
    parser.add_argument("--out", help="folder for the marks; what is there is not graded again")
    _add_names(parser, "--lab", "labs, by name (default: all that run there)")
    parser.add_argument(
        "--kernel", help=f"kernel series: {', '.join(SERIES)} (default: {DEFAULT_SERIES})"
    )
    parser.add_argument(
        "--executor", default="local", help="local (default), slurm, or ssh: who grades"
    )
    parser.add_argument("--hosts", help="with --executor ssh: file with a host on each line")
    parser.add_argument("--jobs", type=_count, help="so many at once (default: processors)")
    parser.add_argument(
        "--findings", default="no", help="yes: user-mode Linux adds what its sanitizers find"
    )
    parser.add_argument("--one", help="grade only this submission, or this task of an executor")
    parser.add_argument("--gradescope", help="write the autograder for Gradescope to this zip")


def _add_suite_options(parser: argparse.ArgumentParser) -> None:
    _add_um_series(parser)
    _add_names(parser, "--lab", "labs, or lab_core, by name (default: all)")
    _add_seed(parser)
    _add_limit(parser, _RUN_LIMIT)
    _add_labs(parser)
    _add_suites(parser)


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kernel", help=f"kernel series: {', '.join(SERIES)}, newest (default: {DEFAULT_SERIES})"
    )
    parser.add_argument(
        "--arch", help=f"architecture: {', '.join(ARCHES)} (default: {DEFAULT_ARCH})"
    )


def _add_guest_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accel", default="tcg", help="tcg (emulation, default), kvm, or auto: try kvm first"
    )
    parser.add_argument(
        "--boot",
        dest="boots",
        action="store_true",
        help="boot the guest (default: QEMU's go on from a snapshot of the booted kernel)",
    )
    parser.add_argument(
        "--flavour",
        help=f"with --arch {KUNIT_ARCH}: instrumented (default) or plain, without sanitizers",
    )
    parser.add_argument(
        "--limit",
        type=_seconds,
        help=f"seconds until the guest is killed (run: {_RUN_LIMIT:.0f}, console --cmd: 600, "
        "debug --cmd: 120)",
    )
    _add_labs(parser)


def _add_names(parser: argparse.ArgumentParser, option: str, text: str) -> None:
    parser.add_argument(option, action=_AddNames, help=text)


def _add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Offer these forms of output, the first by default."""
    parser.set_defaults(formats=formats)
    first, *others = formats
    parser.add_argument("--format", default=first, help=f"{first} (default), {' or '.join(others)}")


def _add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed",
        type=_seed,
        help="all contents follow from this number (default: a new one for each run)",
    )


def _add_um_series(parser: argparse.ArgumentParser, default: str = DEFAULT_SERIES) -> None:
    parser.add_argument(
        "--kernel",
        default=default,
        help=f"kernel series: {', '.join(series_of(KUNIT_ARCH))}, newest (default: {default})",
    )


def _add_limit(parser: argparse.ArgumentParser, default: float) -> None:
    parser.add_argument(
        "--limit",
        type=_seconds,
        default=default,
        help=f"seconds until a guest is killed ({default:.0f})",
    )


def _add_labs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--labs",
        type=_labs,
        default=LABS,
        help="take the labs' sources from this copy of labs/; they run in a sandbox",
    )


def _add_suites(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--suites", type=_suites, default=KUNIT, help="take the suites' sources from here"
    )


def _seed(text: str) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value < 1 << 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 64 bits")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 1 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 1 and 86400 seconds")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of at least 1")
    return int(text)


def _page(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a page")
    return int(text)


def _labs(text: str) -> Path:
    path = Path(text).resolve()
    folders = [lab.directory.name for lab in labs.all_labs()]
    if not any((path / name).is_dir() for name in folders):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a copy of labs/: it has none of {', '.join(folders)}"
        )
    return path


def _suites(text: str) -> Path:
    path = Path(text).resolve()
    if not (path / "Kbuild").is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is not a directory of suites: it has no Kbuild")
    return path


def main(arguments: list[str]) -> int:
    """Run a verb and return the exit status."""
    # A kill ends the verb as an exception does, so guests are not left behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminate)
    try:
        return _run(arguments)
    except KmaplabError as error:
        return _complain(str(error), error.status)
    except KeyboardInterrupt:
        return _complain("interrupted", 128 + signal.SIGINT)
    except BrokenPipeError:
        # The reader of the output has closed it.
        _drop_output()
        return BAD_SETUP
    except OSError as error:
        _drop_output()
        return _complain(os_errors.explain(error))
    except Exception:
        return _complain(f"this is a bug in kmaplab:\n{traceback.format_exc()}")


def _run(arguments: list[str]) -> int:
    if sys.stdout is None:
        raise RequestError("standard output is closed: there is no place for the results")
    os.set_blocking(sys.stdout.fileno(), True)
    try:
        args = command_line().parse_args(arguments)
    except SystemExit:
        # That was --help, which is all there is to do.
        status = OK
    else:
        status = _run_verb(args)
    sys.stdout.flush()
    return status


def _run_verb(args: argparse.Namespace) -> int:
    """Run a verb's main(); those that build for a target are given the request."""
    main_of_verb = importlib.import_module(f"harness.verbs.{args.verb}").main
    if "format" in args and args.format not in args.formats:
        known = ", ".join(args.formats)
        raise RequestError(f"FORMAT={args.format} is unknown: choose one of {known}")
    return int(main_of_verb(_request(args), args) if "kernel" in args else main_of_verb(args))


def _request(args: argparse.Namespace) -> Request:
    """Return what the options ask for. Raises RequestError for what cannot be had."""
    given = vars(args)
    wanted = target(args.kernel, given.get("arch", KUNIT_ARCH), given.get("refresh", False))
    accel.require_known(given.get("accel", "tcg"), wanted)
    check_flavour(wanted, given.get("flavour"))
    names = ("flavour", "limit", "labs", "suites", "refresh", "boots")
    request = Request(
        wanted,
        accelerator=given.get("accel", "tcg"),
        **{name: given[name] for name in names if name in given},
    )
    seed = given.get("seed")
    return request if seed is None else replace(request, seed=seed)


def _drop_output() -> None:
    """Forget what could not be written, which Python would try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _complain(text: str, status: int = BAD_SETUP) -> int:
    if sys.stderr is not None:
        print(f"kmaplab: {text}", file=sys.stderr)
    return status


def _terminate(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
