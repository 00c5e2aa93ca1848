"""What the check programs say of themselves, and that lab.toml says the same."""

import pytest

from harness.base.errors import SetupError
from harness.build import listing
from harness.catalogue.labs import Lab, all_labs

TEXT = """\
lab lab_x
mapping pfnmap
mapping how=range mixedmap
page_by_page yes
operations read mmap
usual one
usual two
thorough three
race five
left_out four count
"""

of_every_lab = pytest.mark.parametrize("lab", all_labs(), ids=[lab.name for lab in all_labs()])


def test_a_listing_is_read() -> None:
    found = listing.parse(TEXT)
    assert found.lab == "lab_x"
    assert (found.mapping, found.mapping_with) == ("pfnmap", {"how=range": "mixedmap"})
    assert found.page_by_page
    assert found.operations == ("read", "mmap")
    assert (found.usual, found.thorough) == (("one", "two"), ("three",))
    assert found.races == ("five",)
    assert found.checks == {"one", "two", "three", "five"}
    assert found.left_out == {"four": "count"}


@pytest.mark.parametrize("line", ["nonsense one", "usual", ""])
def test_a_line_that_makes_no_sense_is_refused(line: str) -> None:
    with pytest.raises(SetupError, match=f"makes no sense: '{line}'"):
        listing.parse(f"{TEXT}{line}\n")


@of_every_lab
def test_lab_toml_says_what_the_check_program_says(lab: Lab) -> None:
    found = listing.of_programs()[lab.name]
    assert found.lab == lab.name
    assert (found.mapping, found.mapping_with) == (lab.mapping, lab.mapping_with)
    assert found.page_by_page == lab.page_by_page
    assert found.operations == lab.operations


@of_every_lab
def test_only_what_needs_an_operation_is_left_out(lab: Lab) -> None:
    found = listing.of_programs()[lab.name]
    assert found.checks.isdisjoint(found.left_out)
    assert set(found.left_out.values()).isdisjoint(lab.operations)
