"""Building a copy's labs by the commands that kbuild has kept."""

import pytest

from harness.base.paths import LABS
from harness.build import quick_modules


@pytest.mark.parametrize(
    "text, found",
    [
        ('/* x */\n#include <linux/io.h>\n// y\n#include "lab.h"\nint x;\n#include <z.h>\n', 2),
        ("#define pr_fmt(x) x\n#include <linux/io.h>\n", 0),
        ("#include <linux/io.h> int x;\n", 0),
        ("#include NAME\n", 0),
        ("// \\\n#include <linux/io.h>\n", 0),
        ("// ??/\n#include <linux/io.h>\n", 0),
        ("/* \n#include <linux/io.h>\n*/", 0),
        ("#if 0\n#include <linux/io.h>\n#endif\n", 0),
        ("", 0),
    ],
)
def test_only_what_a_source_surely_begins_with_is_compiled_ahead(text: str, found: int) -> None:
    assert len(quick_modules.includes(text)) == found


def test_every_lab_begins_with_what_it_includes() -> None:
    for source in LABS.glob("0*_*/*.c"):
        every = source.read_text().count("\n#include ")
        assert len(quick_modules.includes(source.read_text())) == every, source
