"""The command line: harness/kmaplab VERB ..."""

import argparse
import importlib
import signal
import sys
from pathlib import Path
from types import FrameType

from harness.errors import BAD_SETUP, KmaplabError
from harness.paths import LABS

_VERBS = {
    "run": "all labs, both sides, one table",
    "test": "everything that the project promises",
    "console": "a shell in the guest, or one command",
    "bench": "how long a run takes, against a bare boot",
    "clean": "remove all that was made or fetched",
}

_EPILOG = """\
exit status: 0 all well; 1 a check failed; 2 the request or the set-up is wrong;
3 the guest crashed, hung or said something that makes no sense
(console CMD: that of the command)
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness/kmaplab",
        description="Kernel memory, got in five ways and mapped to user space; both sides match.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    made = {
        name: verbs.add_parser(
            name,
            help=text,
            description=text,
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for name, text in _VERBS.items()
    }
    for name in ("run", "console"):
        _add_guest_options(made[name])
    made["run"].add_argument("--lab", help="labs to run, by name (default: all)")
    made["run"].add_argument("--format", default="table", help="table (default), json or junit")
    made["run"].add_argument(
        "--seed", type=_seed, help="contents of the buffers (default: another for each run)"
    )
    made["console"].add_argument("--cmd", help="a shell command (default: an interactive shell)")
    made["console"].add_argument("--extra", help="directory that appears as /extra in the guest")
    made["bench"].add_argument("--kernel", help="kernel series (default: 6.1)")
    made["bench"].add_argument("--arch", help="architecture (default: x86_64)")
    made["bench"].add_argument("--rounds", type=_count, default=7, help="rounds (default: 7)")
    made["test"].add_argument("--fast", action="store_true", help="only those that boot nothing")
    made["test"].add_argument("--match", help="only those whose name matches, as pytest -k")
    return parser


def _add_guest_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kernel", help="kernel series (default: 6.1)")
    parser.add_argument("--arch", help="architecture (default: x86_64)")
    parser.add_argument(
        "--accel", default="tcg", help="tcg (emulation, default), kvm, or auto: try kvm first"
    )
    parser.add_argument(
        "--limit",
        type=_seconds,
        help="seconds until the guest is killed (run: 120, console --cmd: 600)",
    )
    parser.add_argument(
        "--labs", type=_directory, default=LABS, help="take the modules' sources from here"
    )


def _seed(text: str) -> int:
    value = int(text, 0)
    if not 0 <= value < 1 << 64:
        raise argparse.ArgumentTypeError(f"{text} is not within 64 bits")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 86400 seconds")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def _directory(text: str) -> Path:
    path = Path(text).resolve()
    if not (path / "Kbuild").is_file():
        raise argparse.ArgumentTypeError(f"{text} is no directory of labs: it has no Kbuild")
    return path


def main(arguments: list[str]) -> int:
    """Run a verb and return the exit status."""
    # A kill ends the verb as an exception does, so guests are not left behind.
    signal.signal(signal.SIGTERM, _terminate)
    args = _parser().parse_args(arguments)
    if getattr(args, "limit", 0) is None and args.verb == "run":
        args.limit = 120.0
    try:
        return int(importlib.import_module(f"harness.verb_{args.verb}").main(args))
    except KmaplabError as error:
        print(f"kmaplab: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("kmaplab: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return BAD_SETUP


def _terminate(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
