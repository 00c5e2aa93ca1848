"""Profiles of drivers that nobody here wrote, and what a request for one must be."""

from pathlib import Path

import pytest

from harness.base.errors import KmaplabError, RequestError, SetupError
from harness.build import check_programs, listing
from harness.catalogue import drivers
from harness.catalogue.drivers import Driver, Profile
from harness.runs.any_driver import Asked
from harness.tests.conftest import Kmaplab


def profile_of(tmp_path: Path, text: str) -> Profile:
    path = tmp_path / "profile.toml"
    path.write_text(text)
    return drivers.read_profile(path)


def driver_with(profile: Profile) -> Driver:
    return drivers.of("some_driver", "/dev/some", profile, False, Path("."))


def test_an_empty_profile_is_as_strict_as_a_lab(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "")
    assert profile == Profile()
    assert profile.writable and not (profile.private or profile.executable)
    assert (profile.kind, profile.mode, profile.shared_by) == ("pfnmap", 0o600, "all")


def test_a_profile_says_what_the_check_program_expects(tmp_path: Path) -> None:
    text = (
        'kind = "mixedmap"\nsize = 8192\nshared_by = "descriptor"\noffsets = false\n'
        "writable = false\n"
        'private = true\nexecutable = true\nmode = "0666"\nfresh = "zeroes"\n'
        'parameters = ["size=4"]\nfirst = ["uio"]\nbuffers = "heap"\n'
        'arguments = ["quiet", "fbcon=map:1"]\n'
    )
    profile = profile_of(tmp_path, text)
    assert profile.arguments == ("quiet", "fbcon=map:1")
    assert profile.first == ("uio",)
    driver = driver_with(profile)
    assert str(driver.load) == "some_driver size=4"
    words = driver.facts.split(",")
    assert {"device=/dev/some", "kind=mixedmap", "size=8192", "mode=0666"} <= set(words)
    assert {
        "shared_by=descriptor",
        "whole_only",
        "read_only",
        "private",
        "executable",
        "zeroes",
        "buffers=heap",
    } <= set(words)


def test_memory_without_an_end(tmp_path: Path) -> None:
    assert profile_of(tmp_path, 'size = "no end"').size == 0


@pytest.mark.parametrize(
    "text, said",
    [
        ('kind = "strange"', "kind must be one of pfnmap"),
        ("size = 100", "whole pages"),
        ("size = 0", "whole pages"),
        ("size = 1073741824", "at most"),
        ('shared_by = "friends"', "must be one of all"),
        ('private = "yes"', "true or false"),
        ('mode = "0999"', 'must be as "0600"'),
        ('fresh = "secrets"', "must be one of anything"),
        ('parameters = ["two words=1"]', "makes no sense"),
        ('parameters = ["x=1\\ny=2"]', "makes no sense"),
        ('first = ["../strange"]', "makes no sense"),
        ('buffers = "fd"', "must be one of udmabuf"),
        ('arguments = ["init=/bin/sh"]', "makes no sense"),
        ('arguments = ["x y"]', "makes no sense"),
        ('colour = "red"', "unknown"),
        ("size", ""),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        profile_of(tmp_path, text)


@pytest.mark.parametrize("kind", drivers.KINDS)
@pytest.mark.parametrize("shared_by", drivers.SHARED_BY)
def test_the_check_program_knows_every_profile(kind: str, shared_by: str) -> None:
    listed = listing.of(driver_with(Profile(kind=kind, shared_by=shared_by, size=0)))
    assert listed.mapping == kind
    assert "mmap_past_the_end_is_refused" in listed.usual and not listed.left_out


def test_a_driver_that_can_only_be_read_has_fewer_checks() -> None:
    both = listing.of(driver_with(Profile()))
    reading = listing.of(driver_with(Profile(writable=False)))
    assert reading.checks < both.checks
    assert reading.checks | set(reading.left_out) == both.checks


def test_the_checks_of_any_driver_are_checks_of_labs() -> None:
    """They are the same functions, so that the contract's page names all of them."""
    known = {check for one in listing.of_programs().values() for check in one.checks}
    assert listing.of(driver_with(Profile())).checks <= known


def test_no_lab_has_the_name_of_that_program() -> None:
    assert check_programs.ANY_DRIVER not in listing.of_programs()


@pytest.mark.parametrize(
    "asked",
    [
        {"device": "zero"},
        {"device": "/dev/x,file=/etc/passwd"},
        {"device": "/dev/x y"},
        {"device": "/dev/x", "source": Path("/")},
        {"device": "/dev/x", "module": "x", "source": Path("/no/such/folder")},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(RequestError):
        Asked(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--module", "uio"], "MODULE= needs DEVICE="),
        (["--device", "/dev/zero", "--lab", "remap"], "LAB= is for labs"),
        (["--profile", "x.toml"], "PROFILE= are for a driver"),
        (["--device", "/dev/zero", "--profile", "/no/such.toml"], "/no/such.toml"),
    ],
)
def test_a_wrong_use_is_one_line(kmaplab: Kmaplab, arguments: list[str], said: str) -> None:
    outcome = kmaplab("contract", *arguments).expect(KmaplabError.status)
    assert said in outcome.err and outcome.err.count("\n") == 1 and not outcome.out
