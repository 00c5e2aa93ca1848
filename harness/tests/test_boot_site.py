"""The site as a person sees it: made whole, and read in headless Chromium from disk."""

import json
import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from harness.base import npm
from harness.base.paths import BUILD
from harness.catalogue import labs
from harness.site import places
from harness.tests.conftest import KMAPLAB, call

pytestmark = [pytest.mark.boot, pytest.mark.xdist_group("site")]

_SHOTS = BUILD / "site/screenshots"
_WIDE, _NARROW = (1500, 1000), (420, 900)
# A4 at 96 pixels to the inch.
_PAPER = (794, 1123)
_LAB = "labs/05_remap/lab_remap.c"
_COMPAT = "labs/include/lab_compat.h"
# One page of each kind, for what takes a browser seconds.
_KINDS = (
    places.HOME,
    "docs/story",
    "docs/contract",
    "docs/words",
    "labs/05_remap/lesson",
    "labs/05_remap/mistakes/index",
    _LAB,
    _COMPAT,
    "userspace/contract/counts.c",
    places.KERNEL_NAMES,
)
# What is wide on these has no like on the pages above.
_WITH_WIDE_PARTS = (
    "README",
    "docs/debugging",
    "docs/from-the-articles",
    "labs/05_remap/lab.toml",
    "labs/17_dmabuf/lesson",
)
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
# Of good practice, beyond the standard.
_LANDMARKS = ("unique", "one-main", "no-duplicate-main", "main-is-top-level")
_MORE_RULES = {f"landmark-{one}": {"enabled": True} for one in _LANDMARKS}
_AXE = """
const done = arguments[arguments.length - 1];
axe.run(%s, {runOnly: %s, rules: %s, resultTypes: ["violations"], preload: false}).then(
    (found) => done(found.violations.map((one) => one.id + ": " + one.help + ": " +
        one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | "))),
    (error) => done(["axe-core does not run: " + error]));
"""

_WIDTHS = """
document.querySelectorAll("details").forEach((one) => { one.open = true; });
const page = document.documentElement;
return [page.scrollWidth, page.clientWidth];
"""

# Prepares for paper as the browser does, and returns what would be cut off there, what stays
# folded, and what is of no use on paper.
_PRINTED = """
window.dispatchEvent(new Event("beforeprint"));
const shown = (one) => one.checkVisibility() && one.getBoundingClientRect().width;
const cut = [...document.querySelectorAll("article, article *")].filter((one) => shown(one) &&
    getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1);
const idle = document.querySelectorAll(".series, .sidebar-drawer, .mobile-header, .machine");
return [cut.map((one) => `${one.localName}: ${one.textContent.trim().slice(0, 60)}`),
    document.querySelectorAll("details:not([open])").length,
    [...idle].filter(shown).map((one) => one.className)];
"""

# Returns how wide each row of pictures is, and how much of it is seen.
_STRIPS = """
return [...document.querySelectorAll(".pictures")].map((one) =>
    [one.scrollWidth, one.clientWidth]);
"""

# Returns how many texts the pictures of a page have, and each with too little contrast. The
# background of a text is the last filled shape before it that its middle lies in, else the page.
_CONTRAST = """
document.querySelectorAll("details").forEach((one) => { one.open = true; });
const parts = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
const isOpaque = (colour) => colour.startsWith("rgb") && (parts(colour)[3] ?? 1) === 1;
const over = (colour, behind) => {
    const [front, back] = [parts(colour), parts(behind)], share = front[3] ?? 1;
    const mixed = [0, 1, 2].map((at) => share * front[at] + (1 - share) * back[at]);
    return `rgb(${mixed.join(", ")})`;
};
const light = (colour) => parts(colour).slice(0, 3).map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
};
const paper = (one) => !one ? "rgb(255, 255, 255)" :
    isOpaque(getComputedStyle(one).backgroundColor) ? getComputedStyle(one).backgroundColor :
        paper(one.parentElement);
const wrong = [];
let texts = 0;
for (const picture of document.querySelectorAll("article svg, .machine svg")) {
    const shapes = [];
    for (const one of picture.querySelectorAll("rect, circle, polygon, text")) {
        const box = one.getBoundingClientRect(), fill = getComputedStyle(one).fill;
        if (one.localName !== "text") {
            if (isOpaque(fill)) { shapes.push([box, fill]); }
            continue;
        }
        if (!one.textContent.trim()) { continue; }
        texts++;
        const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
        const behind = shapes.filter(([shape]) => shape.left <= x && x <= shape.right &&
            shape.top <= y && y <= shape.bottom).map(([, colour]) => colour).pop();
        const background = behind || paper(picture);
        const found = contrast(over(fill, background), background);
        if (!(found >= 4.5)) {
            wrong.push(`"${one.textContent}": ${fill} on ${background}: ${found.toFixed(2)}`);
        }
    }
}
return [texts, wrong];
"""
# Returns what is wrong with the places that pictures give names to.
_NAMES = """
const wrong = [], seen = new Set();
for (const one of document.querySelectorAll("[id]")) {
    if (seen.has(one.id)) { wrong.push(`twice: ${one.id}`); }
    seen.add(one.id);
}
for (const picture of document.querySelectorAll("svg[aria-labelledby]")) {
    for (const name of picture.getAttribute("aria-labelledby").split(" ")) {
        if (!picture.contains(document.getElementById(name))) {
            wrong.push(`not within its picture: ${name}`);
        }
    }
}
return [document.querySelectorAll("figure.picture svg").length, wrong];
"""


@pytest.fixture(scope="module")
def site() -> Path:
    """Return where the site is, made as a person would."""
    call(KMAPLAB, "docs", limit=3600).expect(0)
    return places.OUTPUT


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """Return a browser that logs each request and each line of the console."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.add_argument("--headless=new")
    options.add_argument("--disable-gpu")
    options.add_argument("--disable-dev-shm-usage")
    if os.getuid() == 0:
        # Chromium's own sandbox does not work for root.
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(600)
    driver.set_script_timeout(600)
    yield driver
    driver.quit()


class LinkReader(HTMLParser):
    """The links of a page, and the places on it that links may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        for name in ("href", "src"):
            if values.get(name) and tag != "base":
                self.links.append(str(values[name]))
        for name in ("id", "name"):
            if values.get(name):
                self.places.append(str(values[name]))


def test_every_internal_link_resolves(site: Path) -> None:
    pages = {path: LinkReader(path.read_text()) for path in site.rglob("*.html")}
    assert len(pages) > 200
    wrong = []
    for path, page in pages.items():
        for link in page.links:
            address, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            target = (
                (path.parent / unquote(address.partition("?")[0])).resolve() if address else path
            )
            if not target.is_file():
                wrong.append(f"{path.relative_to(site)}: {link} is not there")
            elif anchor and target in pages and anchor not in pages[target].places:
                wrong.append(f"{path.relative_to(site)}: {link}: no such place there")
    assert not wrong, "\n".join(wrong[:40])


def test_no_page_has_a_place_twice(site: Path) -> None:
    wrong = []
    for path in site.rglob("*.html"):
        found = re.findall(r'\bid="([^"]+)"', path.read_text())
        twice = (
            {one for one in found if found.count(one) > 1} if len(set(found)) < len(found) else ()
        )
        wrong += [f"{path.relative_to(site)}: {one}" for one in twice]
    assert not wrong, "\n".join(wrong[:40])


def test_each_lab_has_its_pages(site: Path) -> None:
    home = (site / "index.html").read_text()
    for lab in labs.all_labs():
        folder = f"labs/{lab.directory.name}"
        for page in (
            f"{folder}/{lab.name}.c",
            f"{folder}/lesson",
            places.puzzles(lab.directory.name),
        ):
            assert (site / f"{page}.html").is_file(), page
            assert f'href="{page}.html"' in home, f"the first page has no link to {page}"


def test_each_lab_has_a_machine_in_its_page_or_the_reason(site: Path) -> None:
    for lab in labs.all_labs():
        page = (site / f"labs/{lab.directory.name}/{lab.name}.c.html").read_text()
        has_machine = 'class="machine"' in page
        assert has_machine != ("No machine runs in this page: " in page), lab.name
        assert (has_machine and lab.has_mmap) == ('data-part="step"' in page), lab.name


def resize(browser: webdriver.Chrome, size: tuple[int, int]) -> None:
    """Give the window a size, and wait until pages have it: else the next is laid out wrong."""
    browser.set_window_size(*size)
    # A window has a least width.
    narrowest, widest = size[0] - 40, max(size[0], 520)
    WebDriverWait(browser, 60, 0.1).until(
        lambda _: narrowest <= int(browser.execute_script("return window.innerWidth")) <= widest,
        f"the window does not become {size[0]} pixels wide",
    )


def visit(browser: webdriver.Chrome, site: Path, page: str, theme: str = "light") -> None:
    """Open a page in a theme."""
    browser.get(f"{(site / page).as_uri()}.html")
    browser.execute_script(f'document.body.dataset.theme = "{theme}"')


def _outside(browser: webdriver.Chrome) -> list[str]:
    """Return the requests since the last look that left the disk."""
    found = []
    for entry in browser.get_log("performance"):
        message: dict[str, Any] = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            # A blob is what a script of the page has in its memory.
            if not url.startswith(("file:", "data:", "blob:")):
                found.append(url)
    return found


def test_pages_are_read_without_an_error_and_from_disk_alone(
    site: Path, browser: webdriver.Chrome
) -> None:
    resize(browser, _WIDE)
    for page in _KINDS:
        visit(browser, site, page)
        said = [one["message"] for one in browser.get_log("browser")]
        assert not said, f"{page}: {said}"
        assert not _outside(browser), page


def violations(
    browser: webdriver.Chrome, within: str = "html", rules: list[str] | None = None
) -> list[str]:
    """Return what axe-core finds wrong on the page as it stands, or in a part of it.

    By these rules, or by all of the standard and the landmarks'.
    """
    run_only, more = (rules, {}) if rules else (_RULES, _MORE_RULES)
    browser.execute_script((npm.fetch("axe-core") / "axe.min.js").read_text())
    return list(
        browser.execute_async_script(
            _AXE % (json.dumps(within), json.dumps(run_only), json.dumps(more))
        )
    )


def test_what_scrolls_is_reached_by_keyboard(site: Path, browser: webdriver.Chrome) -> None:
    """Code and tables that a narrow window cuts off, also where they were folded."""
    wrong, scrolling = [], 0
    for size in (_WIDE, _NARROW):
        resize(browser, size)
        for page in (*_KINDS, *_WITH_WIDE_PARTS):
            visit(browser, site, page)
            browser.execute_script(_WIDTHS)
            # Folds say that they are open, and a window that it has another size, a little later.
            browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0]))")
            found = violations(browser, rules=["scrollable-region-focusable"])
            wrong += [f"{page}, {size[0]} pixels: {one}" for one in found]
            scrolling += len(browser.find_elements(By.CSS_SELECTOR, "pre[tabindex='0']"))
    assert not wrong, "\n".join(wrong)
    assert scrolling > 10


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(site: Path, browser: webdriver.Chrome, theme: str) -> None:
    _SHOTS.mkdir(parents=True, exist_ok=True)
    resize(browser, _WIDE)
    wrong = []
    for page in _KINDS:
        visit(browser, site, page, theme)
        browser.save_screenshot(str(_SHOTS / f"{page.replace('/', '-')}-{theme}.png"))
        wrong += [f"{page} ({theme}): {one}" for one in violations(browser)]
    assert not wrong, "\n".join(wrong)


def machine(browser: webdriver.Chrome, name: str) -> WebElement:
    """Return a part of the machine in the page."""
    return browser.find_element(By.CSS_SELECTOR, f".machine [data-part={name}]")


def wait_for(browser: webdriver.Chrome, name: str, words: str) -> None:
    """Wait until a part of the machine has these words, in a line of their own or at the end."""

    def is_so(_: object) -> bool:
        text = str(machine(browser, name).get_attribute("textContent"))
        return text.endswith(words) or f"\n{words}\n" in text

    message = f"no {words!r} in the {name} of the machine"
    WebDriverWait(browser, 240, 0.2).until(is_so, message)


def test_code_is_beside_its_commentary_and_below_it_on_a_narrow_screen(
    site: Path, browser: webdriver.Chrome
) -> None:
    for size, is_beside in ((_WIDE, True), (_NARROW, False)):
        resize(browser, size)
        visit(browser, site, _LAB)
        row = next(
            one
            for one in browser.find_elements(By.CSS_SELECTOR, ".annotated > .row:not(.whole)")
            if one.is_displayed()
        )
        prose = row.find_element(By.CSS_SELECTOR, ".prose").rect
        code = row.find_element(By.CSS_SELECTOR, ".highlight").rect
        if is_beside:
            assert code["x"] >= prose["x"] + prose["width"] - 1
            assert code["y"] < prose["y"] + prose["height"]
        else:
            assert code["y"] >= prose["y"] + prose["height"] - 1
        name = f"lab_remap-{size[0]}.png"
        browser.save_screenshot(str(_SHOTS / name))


@pytest.mark.parametrize("size", [_WIDE, _NARROW], ids=["wide", "narrow"])
def test_no_page_is_wider_than_its_window(
    site: Path, browser: webdriver.Chrome, size: tuple[int, int]
) -> None:
    """Also with all that folds open: pictures and code scroll by themselves."""
    resize(browser, size)
    for page in _KINDS:
        visit(browser, site, page)
        width, window = browser.execute_script(_WIDTHS)
        assert width <= window, f"{page} is {width} pixels wide in a window of {window}"


def test_paper_shows_all_of_a_page(site: Path, browser: webdriver.Chrome) -> None:
    """Of the width of A4: paper cannot be scrolled, nor unfolded."""
    resize(browser, _PAPER)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    wrong = []
    for page in (*_KINDS, *_WITH_WIDE_PARTS):
        visit(browser, site, page)
        cut, folded, idle = browser.execute_script(_PRINTED)
        wrong += [f"{page}: {one}" for one in (*cut, *idle)]
        wrong += [f"{page}: {folded} folds"] * (folded > 0)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert not wrong, "\n".join(wrong)


def test_pictures_are_seen_without_scrolling_sideways(
    site: Path, browser: webdriver.Chrome
) -> None:
    """And what picks the series covers no corner, neither of a picture nor of a small window."""
    for size, position in ((_WIDE, "sticky"), (_NARROW, "static")):
        resize(browser, size)
        visit(browser, site, _LAB)
        browser.execute_script(_WIDTHS)
        box = browser.find_element(By.CLASS_NAME, "series")
        assert box.value_of_css_property("position") == position
        if size == _WIDE:
            strips = browser.execute_script(_STRIPS)
            assert all(inside <= seen for inside, seen in strips), f"pixels, seen: {strips}"


def test_the_reader_picks_a_series_by_keyboard(site: Path, browser: webdriver.Chrome) -> None:
    resize(browser, _WIDE)
    visit(browser, site, _LAB)
    select = browser.find_element(By.CSS_SELECTOR, ".series select")
    link = browser.find_element(By.CSS_SELECTOR, 'a.k[href$="#remap_pfn_range"]')
    series = select.text.split()
    first = str(link.get_attribute("title"))
    assert first.startswith(f"Linux {series[0]}: mm/memory.c:")
    if len(series) > 1:
        select.send_keys(Keys.ARROW_DOWN)
        second = str(link.get_attribute("title"))
        assert second.startswith(f"Linux {series[1]}: mm/memory.c:") and second != first
    fold = browser.find_element(By.CSS_SELECTOR, ".annotated details > summary")
    fold.send_keys(Keys.ENTER)
    shown = fold.find_element(By.XPATH, "..")
    assert shown.get_attribute("open"), "a fold opens by Enter"


def test_lines_for_some_series_fold_by_keyboard(site: Path, browser: webdriver.Chrome) -> None:
    resize(browser, _WIDE)
    visit(browser, site, _COMPAT)
    fold = browser.find_element(By.CSS_SELECTOR, ".highlight details.series-part")
    summary, line = (fold.find_element(By.CSS_SELECTOR, one) for one in ("summary", ".l"))
    is_shown = "return arguments[0].checkVisibility()"
    assert summary.text == "Linux before 6.2" and browser.execute_script(is_shown, line)
    summary.send_keys(Keys.ENTER)
    assert not browser.execute_script(is_shown, line), "a fold closes by Enter"
    summary.send_keys(Keys.ENTER)
    assert browser.execute_script(is_shown, line), "and opens again"


def test_the_search_finds_words_of_the_commentary(site: Path, browser: webdriver.Chrome) -> None:
    browser.get(f"{(site / 'search').as_uri()}.html?q=vm_operations")
    links = browser.execute_async_script(
        """
        const done = arguments[arguments.length - 1];
        const look = (left) => {
            const found = [...document.querySelectorAll("#search-results li a")];
            // They come one by one.
            const over = document.body.innerText.includes("Search finished");
            if (over || !left) { done(found.map((one) => one.href)); }
            else { setTimeout(() => look(left - 1), 100); }
        };
        look(3000);
        """
    )
    assert any("lab_remap.c.html" in one for one in links), links
    assert not _outside(browser)


def test_pictures_are_not_empty(site: Path, browser: webdriver.Chrome) -> None:
    """Where pictures are kept, a lab's page shows them, with words for who cannot see them."""
    resize(browser, _WIDE)
    visit(browser, site, _LAB)
    for step in browser.find_elements(By.CSS_SELECTOR, "details.step"):
        browser.execute_script("arguments[0].open = true", step)
    pictures = browser.find_elements(By.CSS_SELECTOR, "figure.picture svg")
    said = browser.find_elements(By.CSS_SELECTOR, ".run")
    assert pictures or any("make show LAB=remap" in one.text for one in said)
    for picture in pictures:
        assert picture.get_attribute("role") == "img" and picture.get_attribute("aria-labelledby")
        assert picture.rect["width"] > 200 and picture.rect["height"] > 100
        assert len(picture.find_elements(By.CSS_SELECTOR, "text")) > 5


def faint(browser: webdriver.Chrome) -> tuple[int, list[str]]:
    """Return how many texts are in the page's pictures, and those that are hard to read."""
    texts, wrong = browser.execute_script(_CONTRAST)
    return texts, wrong


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_in_pictures_is_legible(site: Path, browser: webdriver.Chrome, theme: str) -> None:
    """A contrast of 4.5 to 1, as axe-core asks of other text; it does not look into pictures."""
    resize(browser, _WIDE)
    for page, least in ((places.HOME, 3), ("docs/story", 100), (_LAB, 100)):
        visit(browser, site, page, theme)
        texts, wrong = faint(browser)
        assert texts >= least, f"{page}: its pictures have only {texts} texts"
        assert not wrong, f"{page}, {theme}: " + "\n".join(wrong[:20])


def test_pictures_on_a_page_share_no_names(site: Path, browser: webdriver.Chrome) -> None:
    for page in ("docs/story", _LAB):
        visit(browser, site, page)
        pictures, wrong = browser.execute_script(_NAMES)
        assert pictures > 1 and not wrong, f"{page}: {pictures} pictures: {wrong[:20]}"


def test_the_machine_in_a_labs_own_page_answers_and_is_legible(
    site: Path, browser: webdriver.Chrome
) -> None:
    """By keyboard alone, and in both themes."""
    resize(browser, _WIDE)
    visit(browser, site, _LAB)
    browser.get_log("browser")
    machine(browser, "start").send_keys(Keys.ENTER)
    wait_for(browser, "terminal", "# ")
    machine(browser, "input").send_keys("echo $((40 + 2))\n")
    wait_for(browser, "terminal", "42")
    machine(browser, "step").send_keys(Keys.ENTER)
    wait_for(browser, "step", "after mmap()")
    assert not [one["message"] for one in browser.get_log("browser")]
    assert not _outside(browser), "the machine is read from disk"
    wrong = []
    for theme in ("light", "dark"):
        browser.execute_script(f'document.body.dataset.theme = "{theme}"')
        found = [*violations(browser, ".machine"), *faint(browser)[1]]
        wrong += [f"{theme}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)
