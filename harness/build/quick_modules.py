"""Building the labs of a copy in a fraction of the time that kbuild takes for it.

kbuild looks at all that there is each time, and a compiler spends most of its time in the
kernel's headers. But kbuild keeps the command of each object of the project's own labs. With
the paths of the copy these make the copy's modules, each lab by itself, in the sandbox. And
what a source begins with, its #include lines, is compiled ahead, once (gcc's precompiled
headers): that serves all sources that begin with the same lines, which mean the same then.

    build/modules/labs/TARGET/ahead/<digest>/     what is compiled ahead
    build/modules/labs-.../TARGET/src/labs        the sources of a copy, and what is made of them
"""

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from harness.base import digest, sandbox, side_by_side, tools
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.progress import step
from harness.base.sandbox import Sandbox
from harness.build import modules, not_built
from harness.build.modules import Modules
from harness.build.taken import Taken
from harness.catalogue import labs
from harness.catalogue.labs import Lab
from harness.kernels.debian import Kernel

# Of what the compiler says of a lab so many bytes are kept.
_MOST_SAID = 1 << 18

# What a source may begin with: blanks, comments, and lines that include something.
_BEGINNING = re.compile(
    r'(?:\s+|/\*.*?\*/|//[^\n]*|#include +(?P<what><[\w/.-]+>|"[\w/.-]+")$)',
    re.DOTALL | re.MULTILINE,
)

# What the modules export, as modpost writes and reads it.
_EXPORTS = "Module.symvers"

_INCLUDED_FIRST = re.compile(r"-include (\S+) ")


def includes(text: str) -> list[str]:
    """Return what a source includes before anything else, as it is written there."""
    found, end = [], 0
    while match := _BEGINNING.match(text, end):
        end = match.end()
        found += [match["what"]] if match["what"] else []
    # These could make what follows a part of a comment, or of a line before it.
    return [] if "\\" in text[:end] or "??" in text[:end] else found


@dataclass(frozen=True)
class Recipe:
    """How kbuild has made the project's own labs: ``own`` are the modules that it made."""

    kernel: Kernel
    own: Modules

    @property
    def source(self) -> Path:
        return self.own.directory / "src"

    @cached_property
    def place(self) -> Path:
        """Where what is compiled ahead belongs. What is there is current."""
        wanted = digest.of([self.own.digest, Path(__file__)])
        return self.own.directory / "ahead" / wanted[:16]

    def command(self, made: Path) -> str:
        """Return the command that made a file of the project's own. Raises OSError."""
        line = made.with_name(f".{made.name}.cmd").read_text().splitlines()[0]
        return line.split(" := ", 1)[1].replace("$(pound)", "#").replace("$$", "$").strip()

    def modpost(self) -> str | None:
        """Return modpost's command for objects that it is given; None if it is called otherwise."""
        command = self.command(self.source / _EXPORTS).partition(" | ")[2]
        return command if command.endswith("-T -") else None

    def modules_of(self, lab: Lab) -> list[Path]:
        """Return the paths of a lab's modules, as the project's own, without their suffix."""
        folder = self.source / "labs" / lab.directory.name
        return sorted(path.with_suffix("") for path in self.own.files if path.parent == folder)

    def header(self, made: Path) -> Path:
        """Return the header that an object's source begins with, and is compiled ahead."""
        return self.place / made.parent.name / f"{made.name}.h"

    def ahead(self, made: Path) -> list[str]:
        """Return what the source of an object includes that is not its lab's own."""
        source = made.with_suffix(".c")
        every = includes(source.read_text(errors="replace"))
        own = [what for what in every if (source.parent / what.strip('"')).is_file()]
        return every[: every.index(own[0])] if own else every


def can(kernel: Kernel, own: Modules) -> bool:
    """Say whether the labs of a copy can be built so for a kernel.

    Not where suites are built beside them, nor where kbuild has kept no commands, or others.
    """
    recipe = Recipe(kernel, own)
    every = [path for lab in labs.all_labs() for path in recipe.modules_of(lab)]
    try:
        for path in every:
            for suffix in (".o", ".mod.o", ".ko"):
                recipe.command(path.with_name(path.name + suffix))
        return not kernel.target.architecture.has_kunit and bool(recipe.modpost())
    except OSError:
        return False


def build(kernel: Kernel, own: Modules, taken: Taken, only: tuple[str, ...] = ()) -> Modules:
    """Build the labs of a copy for a kernel; those that do not compile are left out.

    ``own`` are the project's own modules for it; can() has said that this works. With ``only``
    other labs than these are left out, too, if they have changed: somebody waits.
    """
    recipe = Recipe(kernel, own)
    place = BUILD / "modules" / modules.name_of({"labs": taken.directory})
    modules.forget_all_but(place)
    directory = place / kernel.name
    copy = directory / "src"
    modules.mirror({"labs": taken.directory}, copy)
    shared = _take_shared(recipe, copy)
    chosen = [lab for lab in labs.all_labs() if recipe.modules_of(lab)]
    every = [QuickLab(recipe, lab, copy) for lab in chosen if lab.name not in taken.missing]
    others = [one for one in every if only and one.lab.name not in only and not one.is_current]
    every = [one for one in every if one not in others]
    if old := [one.lab for one in every if not one.is_current]:
        _compile_ahead(recipe, old)
        with step(f"building the modules of {taken.origin} for {kernel.release}"):
            _make(every, copy)
    missing = dict(taken.missing)
    missing |= {one.lab.name: f"{one.lab.name} was not asked for" for one in others}
    files = [*shared]
    for one in every:
        why = one.problem(taken.origin)
        (directory / f"{one.lab.name}.log").write_text(one.said)
        if why:
            missing[one.lab.name] = why
        else:
            files += one.modules
    (directory / "modules.log").write_text("".join(one.said for one in every))
    made = digest.of([own.digest, *(one.wanted for one in every), str(sorted(missing.items()))])
    return Modules(directory, tuple(sorted(files)), made, missing, sandboxed=True)


@dataclass(frozen=True)
class QuickLab:
    """A lab of a copy, whose sources are in ``copy``, and the script that makes its modules."""

    recipe: Recipe
    lab: Lab
    copy: Path

    @property
    def folder(self) -> Path:
        return self.copy / "labs" / self.lab.directory.name

    @property
    def modules(self) -> list[Path]:
        """The modules, made or to be made."""
        return [self.folder / f"{path.name}.ko" for path in self.recipe.modules_of(self.lab)]

    @property
    def said(self) -> str:
        """What the compiler and the others said."""
        try:
            return (self.folder / "said").read_text(errors="replace")
        except OSError:
            return ""

    @cached_property
    def wanted(self) -> str:
        """The digest of what the modules follow from."""
        sources = sorted(path for path in self.folder.glob("*.[ch]") if _is_source(path))
        return digest.of([self.recipe.own.digest, str(self.folder), *sources, Path(__file__)])

    @property
    def is_current(self) -> bool:
        made = [*self.modules, *self._stripped]
        return digest.is_current(made, self.folder / "stamp", self.wanted)

    @property
    def _stripped(self) -> list[Path]:
        return [modules.stripped(self.copy, path) for path in self.modules]

    @property
    def is_over(self) -> bool:
        """Whether the script has come to its end, well or not."""
        return (self.folder / "status").is_file()

    def forget(self) -> None:
        """Remove what was made before."""
        for path in self.folder.iterdir():
            if not _is_source(path) and path.name != "Kbuild":
                path.unlink()

    def list_objects(self) -> None:
        """Write what modpost reads beside each object: how kbuild made it, and for what module."""
        for own in self.recipe.modules_of(self.lab):
            for listed in (own.with_suffix(".mod"), own.with_name(f".{own.name}.o.cmd")):
                self._here(listed).write_text(self._moved(listed.read_text()))

    def give_up(self, why: str) -> None:
        """Note that the script was ended."""
        (self.folder / "said").write_text(f"cc1: {why}\n")
        (self.folder / "status").write_text("1\n")

    def set_current(self) -> None:
        """Note that the modules are what their sources make, if they are there."""
        if (self.folder / "status").read_text().strip() == "0":
            digest.set_current([*self.modules, *self._stripped], self.folder / "stamp", self.wanted)

    def problem(self, origin: Path) -> str | None:
        """Return why there are no modules; None if there are."""
        if self.is_current:
            return None
        said = not_built.reason(self.said, self.copy, origin) or "see the log"
        return " ".join(f"{self.lab.name} does not compile: {said}".split())

    def script(self) -> str:
        """Return the lines that make the modules, with what they say in a file."""
        folder = shlex.quote(str(self.folder))
        lines = [line for own in self.recipe.modules_of(self.lab) for line in self._compile(own)]
        lines += self._link()
        body = "\n".join(f"{line} || exit" for line in lines)
        return (
            f"{{ (\n{body}\n); echo $? >{folder}/status; }} 2>&1 | "
            f"head -c {_MOST_SAID} >{folder}/said\n"
        )

    def _here(self, own: Path) -> Path:
        return self.copy / own.relative_to(self.recipe.source)

    def _moved(self, command: str) -> str:
        """Return a command that made something of the project's own, with our paths."""
        return command.replace(f"{self.recipe.source}/", f"{self.copy}/")

    def _in_place(self, command: str, made: Path) -> str:
        """Return a command in the directory that kbuild calls it in (see one_module)."""
        place = self.recipe.kernel.headers if f"-o {made} " in command else self.copy
        return f"(cd {shlex.quote(str(place))} && {command})"

    def _compile(self, own: Path) -> Iterator[str]:
        """Yield the commands that make a source's object."""
        code = own.with_suffix(".o")
        command = self._moved(self.recipe.command(code))
        # Behind the compiler comes objtool.
        first, *others = command.split(" ; ")
        words = " && ".join([self._ahead(first, code), *others])
        yield self._in_place(words, self._here(code))

    def _ahead(self, command: str, own: Path) -> str:
        """Return a compiler's command with the beginning of the source compiled ahead, if it is."""
        header = self.recipe.header(own)
        text = self._here(own).with_suffix(".c").read_text(errors="replace")
        known = self.recipe.ahead(own)
        if not known or includes(text)[: len(known)] != known or not header.is_file():
            return command
        return f"{_INCLUDED_FIRST.sub('', command, 0)} -include {shlex.quote(str(header))}"

    def _link(self) -> Iterator[str]:
        """Yield the commands from the objects to the modules."""
        every = self.recipe.modules_of(self.lab)
        names = " ".join(shlex.quote(str(self._here(own).with_suffix(".o"))) for own in every)
        yield f"printf '%s\\n' {names} | {self._modpost()}"
        for own in every:
            more = own.with_name(f"{own.name}.mod.o")
            here, kept = self._here(more), self.recipe.place / own.parent.name
            source = here.with_suffix(".c")
            known = kept / source.name
            command = self._moved(self.recipe.command(more))
            ahead = f"{_INCLUDED_FIRST.sub('', command)} -include {self.recipe.header(more)}"
            make = self._in_place(ahead, here)
            copied = f"cmp -s {source} {known} && cp {kept / more.name} {here}"
            yield f"if ! {{ {copied}; }}; then {make}; fi"
            module = own.with_name(f"{own.name}.ko")
            link = self._moved(self.recipe.command(module)).removesuffix(";  true")
            yield self._in_place(link, self._here(module))
            program = f"{self.recipe.kernel.target.architecture.toolchain.prefix}strip"
            made = self._here(module)
            yield f"{program} --strip-debug -o {modules.stripped(self.copy, made)} {made}"

    def _modpost(self) -> str:
        """Return modpost's command, for the objects that it is given."""
        made = self.recipe.source / _EXPORTS
        exports = self.recipe.place / _EXPORTS
        here = f"-o {self.folder}/symvers -i {exports}"
        command = (self.recipe.modpost() or "").replace(f"-o {made}", here)
        return f"(cd {shlex.quote(str(self.recipe.kernel.headers))} && {command})"


def _is_source(path: Path) -> bool:
    return path.suffix in (".c", ".h") and not path.name.endswith(".mod.c")


def _make(every: list[QuickLab], copy: Path) -> None:
    """Make the modules of all labs in one sandbox; if it must be ended, that is one lab's fault."""
    left = [one for one in every if not one.is_current]
    for one in left:
        one.forget()
        one.list_objects()
    (copy / modules.STRIPPED).mkdir(exist_ok=True)
    while left:
        script = copy / "build.sh"
        script.write_text("".join(one.script() for one in left))
        recipe = left[0].recipe
        # The commands have the paths that make saw, which follows links.
        trees = (recipe.kernel.root, recipe.kernel.headers)
        box = Sandbox(
            copy,
            read=(*trees, *(path.resolve() for path in trees), recipe.place),
            write=(copy,),
            limits=modules.STRANGE,
        )
        try:
            sandbox.run(box, ["sh", str(script)], copy / "build.log", "building the modules")
        except SetupError as error:
            failed = next((one for one in left if not one.is_over), None)
            if failed is None:
                raise
            failed.give_up(str(error).splitlines()[0])
        for one in left:
            if one.is_over:
                one.set_current()
        left = [one for one in left if not one.is_over]


def _take_shared(recipe: Recipe, copy: Path) -> list[Path]:
    """Copy what no lab has made: the core, and the modules for the checks."""
    own = {lab.directory.name for lab in labs.all_labs()}
    found = []
    (copy / modules.STRIPPED).mkdir(exist_ok=True)
    for path in recipe.own.files:
        name = path.relative_to(recipe.source)
        if name.parts[1] not in own:
            for ours, theirs in (
                (path, copy / name),
                (modules.stripped(recipe.source, path), modules.stripped(copy, path)),
            ):
                if not theirs.is_file() or digest.of([ours]) != digest.of([theirs]):
                    shutil.copyfile(ours, theirs)
            found.append(copy / name)
    return found


def _compile_ahead(recipe: Recipe, chosen: list[Lab]) -> None:
    """Compile what the project's own sources of some labs begin with, once."""
    if not _not_ahead(recipe, chosen):
        return
    # Not below what is cleared away: the next run waits for the same lock.
    with locked(recipe.own.directory / "ahead.lock", "the headers that are compiled ahead"):
        left = _not_ahead(recipe, chosen)
        if not left:
            return
        if not (recipe.place / _EXPORTS).is_file():
            _begin_place(recipe)
        text = f"compiling ahead what sources begin with, for {recipe.kernel.release}, once"
        with step(text) as progress:
            done = side_by_side.run(left, partial(_compile_headers, recipe))
            for number, _ in enumerate(done, 1):
                progress.detail = f"{number} of {len(left)} labs"


def _not_ahead(recipe: Recipe, chosen: list[Lab]) -> list[Lab]:
    return [lab for lab in chosen if not _done(recipe, lab).is_file()]


def _done(recipe: Recipe, lab: Lab) -> Path:
    """Return the file that says that a lab's headers are compiled."""
    return recipe.place / lab.directory.name / "done"


def _begin_place(recipe: Recipe) -> None:
    """Clear away what was compiled of other sources; write what the shared modules export."""
    shutil.rmtree(recipe.place.parent, ignore_errors=True)
    recipe.place.mkdir(parents=True)
    folders = {lab.directory.name for lab in labs.all_labs()}
    lines = (recipe.source / _EXPORTS).read_text().splitlines(keepends=True)
    shared = [line for line in lines if not any(f"/{name}/" in line for name in folders)]
    (recipe.place / _EXPORTS).write_text("".join(shared))


def _compile_headers(recipe: Recipe, lab: Lab) -> None:
    for path in recipe.modules_of(lab):
        for suffix in (".o", ".mod.o"):
            _compile_header(recipe, path.with_name(path.name + suffix))
        for suffix in (".mod.c", ".mod.o"):
            kept = recipe.place / path.parent.name / f"{path.name}{suffix}"
            shutil.copyfile(path.with_name(kept.name), kept)
    _done(recipe, lab).touch()


def _compile_header(recipe: Recipe, made: Path) -> None:
    """Compile what an object's source begins with as the object was compiled."""
    command = recipe.command(made).split(" ; ")[0]
    first = [f'"{path}"' for path in _INCLUDED_FIRST.findall(command)]
    header = recipe.header(made)
    header.parent.mkdir(exist_ok=True)
    header.write_text("".join(f"#include {what}\n" for what in (*first, *recipe.ahead(made))))
    place = recipe.kernel.headers if f"-o {made} " in command else recipe.source
    plain = _INCLUDED_FIRST.sub("", command).partition(" -c -o ")[0]
    plain = re.sub(r"-Wp,-MMD,\S+", "", plain)
    target = f"-x c-header -o {shlex.quote(str(header))}.gch {shlex.quote(str(header))}"
    line: list[str | Path] = ["sh", "-c", f"{plain} {target}"]
    tools.run(line, header.with_suffix(".log"), "compiling headers ahead", cwd=place)
