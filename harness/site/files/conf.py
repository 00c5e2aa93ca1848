"""How Sphinx makes the site. The pages themselves come from harness/site."""

from typing import Any

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


def setup(app: Any) -> dict[str, bool]:
    """Give the pages of sources the whole width, and the names of the kernel."""

    def on_page(app: Any, name: str, template: str, context: dict[str, Any], tree: Any) -> None:
        if 'class="annotated"' in context.get("body", ""):
            app.add_css_file("wide.css")
        app.add_js_file("kernel-names.js", priority=100)

    app.connect("html-page-context", on_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
