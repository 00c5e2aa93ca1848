"""Real boots: the same submission has the same mark, and who hides from sanitizers has none."""

import json
import shutil
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.tests.conftest import Kmaplab
from harness.tests.museum import PAGES

pytestmark = pytest.mark.boot


def test_graded_three_times_a_submission_has_the_same_mark(
    kmaplab: Kmaplab, tmp_path: Path
) -> None:
    """One that maps the wrong page: what is expected and found follows from the seed.

    It calls what no lab does, which is shown each time.
    """
    source = tmp_path / "ada" / PAGES
    source.parent.mkdir(parents=True)
    text = (LABS / PAGES).read_text()
    assert text.count("first + vma->vm_pgoff") == 1, "lab_pages.c has changed"
    unusual = "\nvoid unusual(void);\nvoid unusual(void)\n{\n\tyield();\n}\n"
    source.write_text(text.replace("first + vma->vm_pgoff", "first") + unusual)
    out, found = tmp_path / "out", []
    for _ in range(3):
        kmaplab("grade", "--one", tmp_path / "ada", "--out", out, "--lab", "pages").expect(0)
        result = json.loads((out / "students/ada/result.json").read_text())
        del result["seconds"]
        found.append(result)
        shutil.rmtree(out / "students")
    assert 0 < found[0]["earned"] < found[0]["possible"], found[0]
    assert found[0]["labs"][0]["unusual"] == ["yield"]
    assert found[0] == found[1] == found[2]


def test_who_hides_from_user_mode_linux_loses_points_where_its_findings_count(
    kmaplab: Kmaplab, tmp_path: Path
) -> None:
    source = tmp_path / "eve" / PAGES
    source.parent.mkdir(parents=True)
    hides = "\n#ifdef CONFIG_UML\n#error not here\n#endif\n"
    source.write_text((LABS / PAGES).read_text() + hides)
    command = ("grade", "--one", tmp_path / "eve", "--out", tmp_path / "out", "--lab", "pages")
    assert "20 of 20 points" in kmaplab(*command).expect(0).out
    assert "0 of 20 points" in kmaplab(*command, "--findings", "yes").expect(0).out
    result = json.loads((tmp_path / "out/students/eve/result.json").read_text())
    assert "not here (um " in result["labs"][0]["problem"], "it does not say why"
