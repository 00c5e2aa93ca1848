"""The machine in a page, in a real browser: its terminal, its steps, and its picture."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from harness.catalogue import labs
from harness.results.ktap import KtapReader
from harness.runs import web_machine
from harness.site import source_pages

# One worker, so that they share the browser and the machine in it; that of the tests of the
# site, which make the machine as well, and for which another worker would only wait.
pytestmark = [pytest.mark.boot, pytest.mark.xdist_group("site")]

# Seconds: an emulated machine on one that other tests use as well.
_PATIENCE = 600


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """Give a browser in which the machine runs, opened from disk."""
    page = web_machine.make() / "index.html"
    options = ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(option)  # type: ignore[no-untyped-call]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        driver.set_script_timeout(_PATIENCE)
        driver.get(page.as_uri())
        assert not run(driver, "return 'V86' in window"), "loaded without being asked"
        assert re.search(r"\(\d+ MB to load\)", text(driver, "start"))
        start(driver)
        yield driver
    finally:
        driver.quit()


def start(browser: Chrome) -> None:
    click(browser, "start")
    wait(browser, "the prompt", lambda: text(browser, "terminal").endswith("# "))


def part(browser: Chrome, name: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, f"[data-part={name}]")


def click(browser: Chrome, name: str) -> None:
    part(browser, name).click()


def run(browser: Chrome, script: str) -> Any:
    return browser.execute_script(script)  # type: ignore[no-untyped-call]


def text(browser: Chrome, name: str) -> str:
    return str(run(browser, f"return document.querySelector('[data-part={name}]').textContent"))


def wait(browser: Chrome, what: str, is_so: Callable[[], bool]) -> None:
    try:
        WebDriverWait(browser, _PATIENCE, 0.2).until(lambda _: is_so())
    except Exception as error:
        said = {name: text(browser, name)[-800:] for name in ("status", "terminal")}
        pytest.fail(
            f"waited for {what}; the page shows {said}; its log: {logged(browser)}: {error}"
        )


def logged(browser: Chrome) -> list[str]:
    """Return the errors in the browser's console."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


def data(browser: Chrome, name: str) -> str:
    script = f"return document.querySelector('section.machine').dataset.{name} || ''"
    return str(run(browser, script))


def drawn(browser: Chrome, column: str) -> list[str]:
    """Return the frames that the picture has for each page of one side."""
    script = (
        f"return [...document.querySelectorAll('.machine-{column}')].map(one => one.dataset.frame)"
    )
    return [str(frame) for frame in run(browser, script)]


def go_to(browser: Chrome, step: str) -> None:
    click(browser, "step")
    wait(browser, f"step {step}", lambda: data(browser, "step") == step)


def command(browser: Chrome, line: str) -> None:
    part(browser, "input").send_keys(f"{line}\n")


def can_step(browser: Chrome) -> bool:
    return part(browser, "step").is_enabled() and part(browser, "checks").is_enabled()


def test_the_terminal_answers(browser: Chrome) -> None:
    command(browser, "echo $((40 + 2)); ls /dev/lab_*")
    wait(browser, "an answer", lambda: "\n42\n" in text(browser, "terminal"))
    wait(browser, "the labs", lambda: "/dev/lab_reserved" in text(browser, "terminal"))


def test_the_terminal_is_announced_line_by_line(browser: Chrome) -> None:
    """A log that is written anew for each byte would be read out anew each time."""
    run(
        browser,
        """
        window.announced = [];
        new MutationObserver(changes => changes.forEach(change =>
            window.announced.push(...[...change.addedNodes].map(node => node.textContent))
        )).observe(document.querySelector("[role=log]"),
            { childList: true, characterData: true, subtree: true });
        """,
    )
    command(browser, "for i in 1 2 3; do echo line $i; done; printf 'no%s' end")
    wait(browser, "all that it prints", lambda: "\nnoend~ # " in text(browser, "terminal"))
    announced = run(browser, "return window.announced")
    assert announced[-3:] == ["line 1\n", "line 2\n", "line 3\n"]
    assert all(one.endswith("\n") and one.count("\n") == 1 for one in announced), announced
    assert not text(browser, "log").endswith("# "), "the prompt is no line yet"


def test_the_checks_run_in_the_machine_and_the_page_says_their_result(browser: Chrome) -> None:
    """A lab that is broken fails there as well: its checks are those of make run."""
    click(browser, "checks")
    assert not part(browser, "step").is_enabled(), "no step has a mapping while checks count them"
    wait(browser, "the result", lambda: "passed" in text(browser, "status"))
    said = re.search(r"(\d+) passed, (\d+) failed, (\d+) skipped", text(browser, "status"))
    lines = re.findall(r"^(ok|not ok) \d+ (\w+)(.*)$", text(browser, "terminal"), re.MULTILINE)
    planned = re.search(r"^1\.\.(\d+)$", text(browser, "terminal"), re.MULTILINE)
    assert said and planned, text(browser, "terminal")
    failed = [name for result, name, _ in lines if result != "ok"]
    assert said[2] == "0" and not failed, f"{failed}: {text(browser, 'terminal')}"
    assert sum(int(count) for count in said.groups()) == len(lines) == int(planned[1])
    assert "kernel_fills_user_reads_every_word" in [name for _, name, _ in lines]
    assert part(browser, "step").is_enabled() and part(browser, "checks").is_enabled()
    assert logged(browser) == []


def test_each_step_changes_the_picture_and_its_frames_are_those_that_the_lab_says(
    browser: Chrome,
) -> None:
    go_to(browser, "before")
    told = data(browser, "frames").split()
    assert len(told) == 4 and drawn(browser, "kernel") == told
    assert drawn(browser, "user") == ["", "", "", ""]
    for step in ("mmap", "touch", "fork"):
        go_to(browser, step)
        assert drawn(browser, "user") == drawn(browser, "kernel") == told, step
    assert "the child 4" in text(browser, "status")
    go_to(browser, "munmap")
    assert drawn(browser, "user") == [*told[:2], "", told[3]]
    assert "the child 4" in text(browser, "status")
    go_to(browser, "last")
    assert drawn(browser, "user") == ["", "", "", ""]
    assert drawn(browser, "kernel") == told
    click(browser, "step")
    assert logged(browser) == []


def test_the_page_says_when_the_program_of_the_steps_ends_early(browser: Chrome) -> None:
    """Because the lab is gone, or because the reader ended it while it waited."""
    wait(browser, "the end", lambda: can_step(browser))
    command(browser, "rmmod lab_remap")
    click(browser, "step")
    wait(browser, "the reason", lambda: "/dev/lab_remap: No such" in text(browser, "status"))
    assert can_step(browser)
    command(browser, "modprobe lab_remap")
    click(browser, "step")
    wait(browser, "the first step", lambda: "nothing is mapped yet" in text(browser, "status"))
    command(browser, "killall steps")
    wait(browser, "its end", lambda: "ended early, with status 143" in text(browser, "status"))
    assert can_step(browser) and logged(browser) == []
    click(browser, "step")
    wait(browser, "it again", lambda: "nothing is mapped yet" in text(browser, "status"))
    command(browser, "killall steps")
    wait(browser, "its end", lambda: can_step(browser))


LABS = [lab.name for lab in labs.all_labs() if not source_pages.why_no_machine(lab)]


@pytest.fixture(scope="module")
def answers() -> dict[str, web_machine.TerminalAnswer]:
    """Run the checks of all labs in one machine, by node, and those of a lab that is gone.

    What the kernel logs meanwhile could come within a line.
    """
    web_machine.make()
    commands = ["dmesg -n 1", *LABS, "rmmod lab_remap; lab_remap"]
    return dict(zip(commands, web_machine.run(commands), strict=True))


@pytest.mark.parametrize("lab", LABS)
def test_the_checks_of_each_lab_with_a_machine_pass_in_it(
    answers: dict[str, web_machine.TerminalAnswer], lab: str
) -> None:
    """Or the terminal shows why they are skipped: the emulator has no memory types, for one."""
    answer = answers[lab]
    reader = KtapReader()
    for line in answer.lines:
        reader.feed(line)
    checks = reader.finish().checks
    assert [check.name for check in checks if not check.passed] == [], answer.lines
    assert answer.status == 0
    skipped = [check for check in checks if check.skipped is not None]
    assert all(check.skipped for check in skipped), skipped
    assert len(skipped) < len(checks) / 3, skipped


def test_the_checks_of_a_lab_that_is_gone_do_not_pass(
    answers: dict[str, web_machine.TerminalAnswer],
) -> None:
    assert answers["rmmod lab_remap; lab_remap"].status != 0


def test_a_lab_without_mmap_has_no_steps(browser: Chrome, tmp_path: Path) -> None:
    page = tmp_path / "rtc.html"
    page.write_text(web_machine.fragment("lab_rtc", web_machine.PLACE.as_uri(), maps=False))
    browser.get(page.as_uri())
    start(browser)
    for name in ("step", "picture", "ways"):
        assert not browser.find_elements(By.CSS_SELECTOR, f"[data-part={name}]")
    click(browser, "checks")
    wait(browser, "the result", lambda: "passed, 0 failed" in text(browser, "status"))
    assert part(browser, "checks").is_enabled() and logged(browser) == []
