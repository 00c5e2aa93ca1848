"""The names of the C library and of the library check, which check programs call."""

import subprocess
from pathlib import Path

from harness.base import digest, kept, tools
from harness.base.errors import SetupError

_HEADERS = Path("/usr/include")
_FOLDERS = ("sys", "bits", "asm", "linux", "asm-generic", "")
# What the headers say of themselves, and the compiler's own stddef.h and stdarg.h.
_COMPILER = ("va_start", "va_end", "va_arg", "va_copy", "offsetof", "main")


def names() -> frozenset[str]:
    """Return every function and macro of the headers. Raises SetupError without ctags."""
    inputs = [digest.of_tool(str(_HEADERS / name)) for name in ("unistd.h", "check.h")]
    return frozenset(kept.latest_answer("library-names", inputs, _read)) | frozenset(_COMPILER)


def _read() -> list[str]:
    folders = [_HEADERS, *_HEADERS.glob("*-linux-gnu")]
    headers = sorted(
        {path for one in folders for name in _FOLDERS for path in (one / name).glob("*.h")}
    )
    command: list[str | Path] = [
        "ctags",
        "-f",
        "-",
        "--languages=C",
        "--langmap=C:.h",
        "--kinds-C=dfp",
        *headers,
    ]
    command += ["-I", "__THROW,__THROWNL,__wur,__nonnull+,__attribute__+,__REDIRECT+"]
    try:
        output = subprocess.run(
            command, capture_output=True, text=True, check=True, env=tools.environment()
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"ctags does not work: {error}") from error
    return sorted({line.split("\t")[0] for line in output.splitlines()})
