"""What a verb writes into a page of docs: the lines between two marks."""

import re
from pathlib import Path

from harness.base.errors import SetupError


def write(page: Path, verb: str, lines: list[str]) -> None:
    """Put the lines into the page, instead of what the verb has written before.

    Nothing is written by hand there. Raises SetupError if the page has no place for them.
    """
    begin, end = f"<!-- {verb} -->", f"<!-- end of {verb} -->"
    place = re.compile(f"{begin}\n.*?{end}\n", re.DOTALL)
    text = page.read_text()
    if not place.search(text):
        raise SetupError(f"{page} has no lines {begin} and {end}")
    table = "\n".join([begin, "", *lines, "", end, ""])
    page.write_text(place.sub(lambda match: table, text))
