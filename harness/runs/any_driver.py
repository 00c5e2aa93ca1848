"""Proving what the contract says of any driver, for one that nobody here wrote.

Its module is strange code: it is looked at in the sandbox, and runs in a guest in the sandbox.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from harness.base import sandbox
from harness.base.errors import RequestError
from harness.base.paths import scratch
from harness.base.progress import step
from harness.build import driver_modules, listing
from harness.catalogue import contract, drivers
from harness.catalogue.contract import Clause
from harness.catalogue.drivers import Driver, Profile
from harness.guest.machine import Machine
from harness.kernels.debian import Kernel
from harness.results.clauses import ClauseVerdict, Evidence, Observation
from harness.results.load_results import ProblemKind
from harness.runs import check_loads, listening, proof
from harness.runs.check_loads import CheckedLoads, Order

_READ_ONLY = "it can only be read"


@dataclass(frozen=True)
class Asked:
    """A driver as the command line names it.

    ``module`` is a file, or one of the kernel's modules, or, with ``source``, what is built
    there; None if the driver is built in.
    """

    device: str
    module: str | None = None
    source: Path | None = None
    profile: Profile = Profile()

    def __post_init__(self) -> None:
        if not drivers.DEVICE.fullmatch(self.device):
            raise RequestError(f"DEVICE={self.device} is no path of a device, as /dev/zero")
        if self.source and not self.module:
            raise RequestError("SOURCE= needs MODULE=, the module that is built there")
        if self.source and not self.source.is_dir():
            raise RequestError(f"SOURCE={self.source} is no folder")

    @property
    def name(self) -> str:
        """The module's name, or that of the device."""
        return driver_modules.name_of(self.module or self.device)


@dataclass(frozen=True)
class Proof:
    """The driver, the clauses that are about it, and what the guest showed."""

    driver: Driver
    clauses: list[Clause]
    evidence: Evidence


def prove(
    machine: Machine, asked: Asked, clauses: list[Clause], seed: int, options: tuple[str, ...]
) -> Proof:
    """Have a guest load a driver and check it.

    Raises RequestError if it cannot be loaded, or has no device then.
    """
    sandbox.require()
    with scratch() as place:
        _gather(machine, asked, place / "driver")
        driver = drivers.of(asked.name, asked.device, asked.profile, not asked.module, place)
        about = _about(driver, clauses)
        hears = listening.to_see_all(machine)
        arguments = (*hears.arguments, *asked.profile.arguments)
        ready = replace(hears, arguments=arguments, sandboxed=True)
        every = ("--driver", driver.facts, *options)
        order = Order(
            [driver.load],
            seed,
            ("--thorough", *every),
            leaks=True,
            driver=True,
            extra=place / "driver",
        )
        with step(f"checking {driver.title} on {machine.kernel.release} ({machine.accel})"):
            checked = check_loads.run(ready, order)
            _refuse_what_did_not_begin(driver, checked)
            evidence = proof.of_loads(checked)
            races = ",".join(listing.of(driver).races)
            racing = replace(order, options=("--only", races, *every), leaks=False)
            evidence.add(_race(ready, racing, races))
    evidence.observations += _left_out(driver)
    return Proof(driver, about, evidence)


def _race(machine: Machine, order: Order, races: str) -> Evidence:
    """Have a guest with two processors make the checks that need them."""
    if why := check_loads.why_no_races(machine):
        load = order.loads[0]
        return Evidence(
            [
                Observation(load.lab.name, str(load), check, ClauseVerdict.SKIPPED, why)
                for check in races.split(",")
                if check
            ]
        )
    if not races:
        return Evidence()
    return proof.of_loads(check_loads.run(machine.racing(), order))


def _gather(machine: Machine, asked: Asked, place: Path) -> None:
    """Put the modules that the guest is to load into a folder."""
    place.mkdir()
    if not asked.module:
        return
    assert machine.modules
    module = _find(machine.kernel, asked.module, asked.source)
    driver_modules.gather(machine.kernel, machine.modules, module, asked.profile.first, place)


def _find(kernel: Kernel, module: str, source: Path | None) -> Path:
    if source:
        return driver_modules.build(kernel, source, module)
    if "/" not in module and not Path(module).suffix:
        return driver_modules.of_kernel(kernel, module)
    path = Path(module)
    if not path.is_file():
        raise RequestError(f"MODULE={module} is not there")
    return path.resolve()


def _about(driver: Driver, clauses: list[Clause]) -> list[Clause]:
    """Return the clauses that have a check for any driver."""
    listed = listing.of(driver)
    known = {*listed.checks, *listed.left_out}
    return [
        clause
        for clause in clauses
        if known.intersection(clause.checks) or contract.is_observed(clause)
    ]


def _left_out(driver: Driver) -> list[Observation]:
    """Return why the checks that write do not come of a driver that can only be read."""
    skipped = ClauseVerdict.SKIPPED
    return [
        Observation(driver.name, str(driver.load), check, skipped, _READ_ONLY, applies=False)
        for check in listing.of(driver).left_out
    ]


def _refuse_what_did_not_begin(driver: Driver, checked: CheckedLoads) -> None:
    """Raise RequestError if nothing could be checked, since the request was wrong."""
    for result in checked.results:
        said = [one.text for one in result.problems if one.kind is ProblemKind.ERROR]
        if said and not result.ktap.checks and not checked.trouble:
            raise RequestError(f"{driver.title} cannot be checked: {said[0].strip()}")
