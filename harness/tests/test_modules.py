"""Where modules are built, and what is kept of them."""

import os
from pathlib import Path

from harness.build import modules


def test_the_modules_of_directories_not_used_for_long_go(tmp_path: Path) -> None:
    most = modules._MOST_OTHERS
    names = [f"labs-{number:012}" for number in range(most + 3)]
    for age, name in enumerate(["labs", *names]):
        (tmp_path / name / "6.1-um").mkdir(parents=True)
        os.utime(tmp_path / name, (age, age))
    # The first is in use again.
    modules._forget_all_but(tmp_path / names[0])
    assert {path.name for path in tmp_path.iterdir()} == {"labs", names[0], *names[-most + 1 :]}
    modules._forget_all_but(tmp_path / "labs-new")
    assert {path.name for path in tmp_path.iterdir()} == {
        *("labs", names[0], "labs-new"),
        *names[-most + 2 :],
    }
