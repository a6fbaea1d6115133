"""Which commit HEAD is compared with."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .refusal import NoBase, Refusal

MAIN = ("origin/main", "main", "origin/master", "master")
PROGRAM = ("CMakeLists.txt", "cmake", "engine", "cli")  # what it is built of
WHOLE_HISTORY = ("fetch it with `git fetch --unshallow --tags`; in GitHub's actions/checkout set "
                 "`fetch-depth: 0`")


@dataclass(frozen=True)
class Base:
    commit: str
    name: str  # as a reader knows it
    why: str


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._error = ""  # by git, when it last failed
        top = self.git("rev-parse", "--show-toplevel")
        if top is None or Path(top).resolve() != root.resolve():
            why = f"git: {self._error}" if self._error else "not a git clone"
            raise Refusal(f"{root}: {why}; so there is no BASE to build; --base-binary and --head-binary compare "
                          "two installed programs")
        if self.git("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
            raise NoBase(f"{root}: the repository has no commit yet")

    def git(self, *arguments: str) -> "str | None":
        """Its output; None if it failed, or if there is no git."""
        try:
            done = subprocess.run(["git", "-C", str(self.root), *arguments], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Refusal("git was not found; it is needed to build BASE (--base-binary and --head-binary "
                          "do without)") from None
        self._error = " ".join(done.stderr.split()) if done.returncode != 0 else ""
        return done.stdout.strip() if done.returncode == 0 else None

    def commit(self, name: str) -> "str | None":
        return self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")

    @property
    def head(self) -> str:
        return self.commit("HEAD") or ""

    @property
    def dirty(self) -> bool:
        """Whether the program's sources differ from HEAD's; they are measured as they are."""
        return bool(self.git("status", "--porcelain", "--", *PROGRAM))

    def builds_as(self, commit: str) -> bool:
        """Whether the program of the working tree is built of the same sources as that commit's."""
        return not self.dirty and self.git("diff", "--quiet", commit, "HEAD", "--", *PROGRAM) is not None

    @property
    def shallow(self) -> bool:
        return self.git("rev-parse", "--is-shallow-repository") == "true"

    def describe(self, commit: str) -> str:
        return self.git("log", "-1", "--format=%h %s", commit) or commit[:9]


def choose(repository: Repository, named: "str | None") -> Base:
    """The first of these that there is:
    1. BASE, if it was named;
    2. where HEAD left main (origin/main, main, origin/master, master), unless that is HEAD itself;
    3. HEAD, if the program's sources in the working tree differ from it: then that is measured;
    4. the last tag before HEAD;
    5. HEAD's first parent."""
    if named is not None:
        return _named(repository, named)
    head = repository.head
    mains = [name for name in MAIN if repository.commit(name)]
    fork = repository.git("merge-base", "HEAD", mains[0]) if mains else None
    if mains and not fork and repository.shallow:
        raise NoBase(f"no BASE: this is a shallow clone, in which HEAD and {mains[0]} have no common commit; "
                     + WHOLE_HISTORY)
    if fork and fork != head:
        return Base(fork, repository.describe(fork), f"the merge base of HEAD and {mains[0]}")
    if repository.dirty:
        return Base(head, repository.describe(head), "HEAD, because the sources in the working tree differ from it")
    tag = repository.git("describe", "--tags", "--abbrev=0", "HEAD^")
    if tag and (commit := repository.commit(tag)):
        return Base(commit, repository.describe(commit), f"{tag}, the last tag before HEAD")
    parent = repository.commit("HEAD^")
    if parent:
        return Base(parent, repository.describe(parent), "HEAD's first parent, as neither main nor a "
                                                         "tag is before it")
    if repository.shallow:
        raise NoBase("no BASE: this is a shallow clone, which ends before main's history does; "
                     + WHOLE_HISTORY)
    raise NoBase("no BASE: HEAD is the repository's only commit, so there is nothing that it could be slower "
                 "than; name a BASE, or measure from the next commit on")


def _named(repository: Repository, name: str) -> Base:
    if not name.strip():
        raise Refusal("BASE is empty, such as a variable that is not set; without any, the gate chooses one")
    commit = repository.commit(name)
    if commit:
        return Base(commit, repository.describe(commit), f"named {name}")
    if repository.shallow:
        raise Refusal(f"BASE '{name}' is not in this shallow clone; {WHOLE_HISTORY}")
    raise Refusal(f"BASE '{name}' is no commit, branch or tag of {repository.root}; `git branch -a` and "
                  "`git tag` list them (after `git fetch --tags`)")
