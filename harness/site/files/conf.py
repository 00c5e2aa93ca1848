"""How Sphinx makes the site. The pages themselves come from harness/site."""

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
