"""Reading a Containerfile, and running its steps in a chroot instead of a container."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.base.paths import ROOT

# Directories of this machine that a chroot needs; the rest is its own. It becomes the root by
# pivot_root(2): below a chroot(2) nobody may have user namespaces, which the sandbox needs.
_MOUNTS = """
set -e
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/dev/shm"
mount -t tmpfs tmpfs "$1/tmp"
for file in resolv.conf hosts; do cp -L /etc/$file "$1/etc/$file"; done
cd "$1"
mkdir -p old
pivot_root . old
umount -l old
exec setpriv --reuid="$2" --regid="$2" --clear-groups \\
    env -i HOME="$3" PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 sh -c "$4"
"""


@dataclass(frozen=True)
class RecipeStep:
    """A line of a Containerfile: its first word, and the rest of it."""

    word: str
    text: str


def steps_of(recipe: Path) -> list[RecipeStep]:
    """Return the steps of a Containerfile, in order, each in one line."""
    text = re.sub(r"^#.*\n", "", recipe.read_text(), flags=re.MULTILINE).replace("\\\n", "")
    found = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    return [RecipeStep(word, rest.strip()) for word, rest in found]


def mirror() -> str:
    """Return the mirror of Debian's archive that this machine's apt uses."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return next(uri for uri in found if uri.rstrip("/").endswith("/debian"))


@dataclass(frozen=True)
class Chroot:
    """A release of Debian in a directory, bare as its smallest image is."""

    root: Path
    user: int = 0
    home: str = "/root"

    def make(self, suite: str) -> None:
        """Put it there, if it is not there yet."""
        if not (self.root / "usr/bin/apt-get").exists():
            shutil.rmtree(self.root, ignore_errors=True)
            self.root.parent.mkdir(parents=True, exist_ok=True)
            command = ["debootstrap", "--variant=minbase", suite, str(self.root), mirror()]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def run(self, command: str, network: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a shell command in it, with mounts that are gone when it ends."""
        apart = ["unshare", "--mount", "--pid", "--fork", *([] if network else ["--net"])]
        call = [
            *apart,
            "sh",
            "-c",
            _MOUNTS,
            "sh",
            str(self.root),
            str(self.user),
            self.home,
            command,
        ]
        return subprocess.run(call, capture_output=True, text=True, check=False)

    def copy(self, sources: list[str], destination: str) -> None:
        """Copy files of this project to a directory of it, as COPY does."""
        place = self.root / destination.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copy2(ROOT / source, place)
