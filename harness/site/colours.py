"""The colours of code, on a light and on a dark page, each with enough contrast to be read."""

from typing import ClassVar

from pygments.style import Style
from pygments.token import Comment, Generic, Keyword, Name, Number, String, Token


class Light(Style):  # type: ignore[misc]  # pygments has no types
    """Dark letters; each has a contrast of at least 4.5 to 1 with the background."""

    background_color = "#f6f7f9"
    styles: ClassVar = {
        Token: "#1c1f24",
        Comment: "#55606e",
        Comment.Preproc: "#7a3e00",
        Keyword: "#8a1a6b",
        Keyword.Type: "#0b5a6f",
        Name.Function: "#0b4f9e",
        Number: "#0a6136",
        String: "#0a6136",
        Generic.Deleted: "#a3141c",
        Generic.Inserted: "#0a6136",
        Generic.Heading: "bold #1c1f24",
        Generic.Subheading: "bold #5b3f8c",
        Generic.Prompt: "bold #55606e",
        Generic.Output: "#1c1f24",
    }


class Dark(Style):  # type: ignore[misc]  # pygments has no types
    """Light letters, likewise."""

    background_color = "#1b1e23"
    styles: ClassVar = {
        Token: "#e4e7eb",
        Comment: "#a3adba",
        Comment.Preproc: "#f0b277",
        Keyword: "#f08bd0",
        Keyword.Type: "#6fd0e6",
        Name.Function: "#8fc1ff",
        Number: "#85d6a4",
        String: "#85d6a4",
        Generic.Deleted: "#ff9a9f",
        Generic.Inserted: "#85d6a4",
        Generic.Heading: "bold #e4e7eb",
        Generic.Subheading: "bold #c6b0f2",
        Generic.Prompt: "bold #a3adba",
        Generic.Output: "#e4e7eb",
    }
