"""How Sphinx makes the site. The pages themselves come from harness/site."""

import posixpath
import re
from pathlib import Path
from typing import Any

from sphinx.addnodes import toctree

project = "kmaplab"
extensions = ["myst_parser", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
nitpicky = True
myst_heading_anchors = 4
# A shell's prompt is not part of the command.
copybutton_prompt_text = r"[$#] "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

html_theme = "furo"
html_title = "kmaplab"
html_static_path = ["_static_of_kmaplab"]
html_css_files = ["kmaplab.css"]
html_js_files = ["kmaplab.js"]
pygments_style = "harness.site.colours.Light"
pygments_dark_style = "harness.site.colours.Dark"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
# A summary of each hit would be read from its page, which a browser refuses to do from disk.
html_show_search_summary = False


# What Debian's theme takes from a server: in its styles, and in its script, which a browser
# does not load from disk as the module that it is.
_SERVED = re.compile(r"@import url\(/javascript/([^)]+)\);")
_IMPORT = re.compile(r'^import \w+ from "\./([^"]+)";\n', re.MULTILINE)
_JAVASCRIPT = Path("/usr/share/javascript")

# What Sphinx has made of the tables of contents, by folder and options.
_navigation: dict[tuple[Any, ...], str] = {}
# The tables of contents that it is made from, by page.
_tables_of_titles: dict[str, Any] = {}


def setup(app: Any) -> dict[str, bool]:
    """Have the pages be what a screen reader and a browser that reads from disk need."""
    # Before the theme's own, which makes the navigation.
    app.connect("html-page-context", _share_navigation, priority=100)
    # Behind the theme's own.
    app.connect("html-page-context", _on_page, priority=900)
    app.connect("build-finished", _without_a_server)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _share_navigation(
    app: Any, name: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """Make the navigation once for all pages of a folder that are not in it themselves.

    It differs from page to page only in its links, which begin at the page's folder, and in the
    mark of the page itself. To make it takes Sphinx longer than all else of a page.
    """
    if "toctree" not in context:
        return
    make = context["toctree"]
    listed = {page for pages in app.env.toctree_includes.values() for page in pages}

    def of_titles(**options: Any) -> str:
        headings, app.env.tocs = app.env.tocs, _titles(app.env.tocs)
        try:
            return str(make(**options))
        finally:
            app.env.tocs = headings

    def once(**options: Any) -> str:
        key = (posixpath.dirname(name), *sorted(options.items()))
        if key not in _navigation:
            _navigation[key] = of_titles(**options)
        return _navigation[key]

    context["toctree"] = of_titles if name in listed else once


def _titles(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the table of contents of each page with nothing but its title.

    The navigation shows no more, and Sphinx would copy the headings of all pages for each.
    """
    for name in tables.keys() - _tables_of_titles.keys():
        table = _tables_of_titles[name] = tables[name].deepcopy()
        if not any(table.findall(toctree)):
            for entry in table:
                del entry[1:]
    return _tables_of_titles


def _on_page(app: Any, name: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Give the pages of sources the width of the screen, and each heading its level."""
    if 'class="annotated"' in context.get("body", ""):
        app.add_css_file("wide.css")
    app.add_js_file("kernel-names.js", priority=100)
    navigation = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = navigation.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def _without_a_server(app: Any, error: Exception | None) -> None:
    """Put what the theme would fetch into its own files."""
    static = Path(app.outdir) / "_static"
    styles, script = static / "styles/furo.css", static / "scripts/furo.js"
    if error:
        return
    text = _SERVED.sub(lambda match: (_JAVASCRIPT / match[1]).read_text(), styles.read_text())
    styles.write_text(text)
    text = script.read_text()
    parts = [(script.parent / name).read_text() for name in _IMPORT.findall(text)]
    script.write_text("\n".join([*parts, _IMPORT.sub("", text)]))
