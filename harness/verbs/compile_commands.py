"""The verb compile_commands: what clangd, and so an editor, needs to read the C sources."""

from argparse import Namespace

from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.progress import step
from harness.build import compile_commands, modules
from harness.guest import prepare
from harness.kernels.request import Request


def main(request: Request, _: Namespace) -> int:
    """Write build/compile_commands.json; return the exit status."""
    kernel = prepare.kernel(request)
    with locked(BUILD / "build.lock", "the build"):
        built = modules.build(kernel, request.labs, request.suites)
        with step("asking kbuild and make how they compile each source"):
            count = compile_commands.write(kernel, built)
    print(f"{compile_commands.FILE}: {count} sources, as they are built for {kernel.release}")
    return 0
