"""Checking loads of the labs in one guest."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.base import paths
from harness.build import listing
from harness.catalogue import contract
from harness.guest import guest
from harness.results import kunit_log
from harness.guest.channel import Files, LineReader, new_nonce
from harness.catalogue.contract import Clause
from harness.guest.guest import Ending
from harness.guest.machine import Machine
from harness.build.initramfs import Job
from harness.results.kunit_log import Leak
from harness.catalogue.labs import Lab, Load
from harness.results.load_results import Collector, LoadResult


@dataclass(frozen=True)
class Order:
    """What a guest shall check: loads that can run there, and how.

    ``options`` are the check programs'; if they choose among the tests, a load need
    not compare bytes both ways. ``leaks`` has kmemleak asked behind the last load.
    """

    loads: list[Load]
    seed: int
    options: tuple[str, ...] = ()
    leaks: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether not all of the tests are to run."""
        return "--only" in self.options


@dataclass(frozen=True)
class Checked:
    """A result for each load, what was lost, and how the guest ended.

    ``leaks`` is None where nobody could be asked; ``trouble`` says what was wrong
    with the guest itself.
    """

    results: list[LoadResult]
    leaks: list[Leak] | None
    trouble: str | None
    ending: Ending


def options(clauses: list[Clause], lab: Lab) -> tuple[str, ...]:
    """Return the options that have a check program make the checks of some clauses.

    All of them, where a clause is about what the kernel says while all of them run.
    """
    wanted = dict.fromkeys(check for clause in clauses for check in clause.checks)
    known = listing.of_programs()[lab.name].checks
    chosen = [check for check in wanted if check in known]
    everything = contract.REPORTS in wanted or not chosen
    return ("--thorough",) if everything else ("--thorough", "--only", ",".join(chosen))


def run(
    machine: Machine,
    order: Order,
    files: Files | None = None,
    listen: Callable[[Collector], None] = lambda collector: None,
) -> Checked:
    """Check loads in a guest. ``listen`` is called whenever something has come.

    With ``files`` the guest also sends what gcov has counted.
    """
    nonce = new_nonce()
    collector = Collector(LineReader(nonce, files), order.loads, partial=order.is_partial)
    job = Job(
        {
            "env": f"NONCE={nonce}\nVERB=run\nCOVERAGE={int(files is not None)}\n"
            f"LEAKS={int(order.leaks)}\nOPTIONS={shlex.quote(' '.join(order.options))}\n"
            f"SEED=0x{order.seed:x}\nARCH={machine.kernel.target.arch}\n",
            "plan": "".join(f"{load}\n" for load in order.loads),
        }
    )

    def take(data: bytes) -> bool:
        enough = collector.feed(data)
        listen(collector)
        return enough

    with paths.scratch() as directory:
        ready = replace(machine, initrd=job.append_to(machine.initrd, directory))
        ending = guest.run(ready, take)
    trouble = guest.what_went_wrong(collector.nonsense, ending, machine.limit)
    leaks = None if collector.leaks is None else kunit_log.read_leaks(collector.leaks)
    return Checked(collector.finish(), leaks, trouble, ending)
