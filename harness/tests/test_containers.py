"""The container's recipe: made from harness/packages, and steps that a test can read."""

import json
import re
from pathlib import Path

from harness.base.paths import ROOT
from harness.tests.containers import RecipeStep, steps_of


def words_of_sections() -> set[str]:
    """Return the verbs and architectures that have packages of their own."""
    sections = re.findall(r"^for: (.*)$", (ROOT / "harness/packages").read_text(), re.MULTILINE)
    return {word for section in sections for word in section.split()}


def test_the_container_gets_the_packages_of_every_verb_and_architecture() -> None:
    runs = [step.text for step in steps_of(ROOT / "Containerfile") if step.word == "RUN"]
    [setup] = [text for text in runs if "harness/setup" in text]
    words = setup.split("harness/setup", 1)[1].split("&&")[0].split()
    assert sorted(words) == sorted(words_of_sections()), "Containerfile: the words behind setup"


def test_a_step_may_have_several_lines(tmp_path: Path) -> None:
    recipe = tmp_path / "Containerfile"
    recipe.write_text("# why\nFROM debian\n\nRUN one && \\\n    two\nUSER student\n")
    steps = [
        RecipeStep("FROM", "debian"),
        RecipeStep("RUN", "one &&     two"),
        RecipeStep("USER", "student"),
    ]
    assert steps_of(recipe) == steps


def test_the_devcontainer_is_built_from_the_same_recipe() -> None:
    path = ROOT / ".devcontainer/devcontainer.json"
    described = json.loads(path.read_text())
    build = described["build"]
    assert (path.parent / build["dockerfile"]).resolve() == ROOT / "Containerfile"
    assert (path.parent / build["context"]).resolve() == ROOT
    users = [step.text for step in steps_of(ROOT / "Containerfile") if step.word == "USER"]
    assert users == [described["remoteUser"]]
