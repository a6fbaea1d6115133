"""The jobs that are timed."""

import argparse
import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..measuring.command import CommandFailed, children_cpu_seconds
from ..measuring.ferry import Ferry
from ..measuring.paths import Unusable
from ..measuring.scratch import Scratch
from ..measuring.sizes import parse_size, show_size

from .gate import BASE, HEAD, Figures
from .refusal import FAILED, Refusal


@dataclass(frozen=True)
class Case:
    chunk: int
    ranks: int
    size: int

    def __str__(self) -> str:
        return f"{show_size(self.chunk)} x {self.ranks} ranks, {show_size(self.size)}"


def parse_case(text: str) -> Case:
    """64K:3:128M: chunk size, ranks, file size."""
    parts = text.split(":")
    if len(parts) != 3 or not parts[1].isdecimal() or int(parts[1]) < 2:
        raise argparse.ArgumentTypeError(f"{text}: not CHUNK:RANKS:SIZE such as 64K:3:128M (2 ranks or more)")
    return Case(parse_size(parts[0]), int(parts[1]), parse_size(parts[2]))


# What users do most, what has the most chunks, and more ranks than cores. A job takes some 0.1 s beside its
# start-up: many short pairs say more in the same time than few long ones, as noise lasts for seconds.
CASES = tuple(map(parse_case, ("64K:3:64M", "1M:3:128M", "1K:3:8M", "64K:5:64M")))
SHORT_CASES = CASES[:2]

# Seconds after which a job hangs: the first of its case; later ones at 20 times the longest, but not sooner than LEAST.
FIRST, LEAST, TIMES = 300.0, 60.0, 20


def room(cases: Sequence[Case]) -> int:
    """The bytes that they need at the target: the sources, and twice the largest file."""
    return 2 * max(case.size for case in cases) + sum({case.size for case in cases})


def fingerprint(program: Path) -> str:
    return hashlib.sha256(program.read_bytes()).hexdigest()


class Jobs:
    """The two programs, with one launcher, on the same sources and the same target."""

    def __init__(self, base: Path, head: Path, mpiexec: "str | None", scratch: Scratch,
                 cases: Sequence[Case]) -> None:
        try:
            self._ferries = {BASE: Ferry(base, mpiexec), HEAD: Ferry(head, mpiexec)}
            if mpiexec is None:  # the launcher of one build is the other's, too
                self._ferries[BASE].launcher = self._ferries[HEAD].launcher
        except Unusable as error:
            raise Refusal(str(error)) from None
        self._scratch = scratch
        self._longest: dict[Case, float] = {}  # seconds
        scratch.need(room(cases))
        with self._at_the_target():
            self._sources = {size: scratch.file(f"source-{size}", size) for size in {case.size for case in cases}}

    @contextlib.contextmanager
    def _at_the_target(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Refusal(f"--target {self._scratch.target}: {error.strerror}; make room there, or name another "
                          "directory", FAILED) from None

    def warm_up(self, cases: Sequence[Case]) -> None:
        """One job of each program and case that is not counted. It also shows whether both know the options
        that all jobs use."""
        for program in (BASE, HEAD):
            for case in cases:
                self.measure(program, case)

    def measure(self, program: str, case: Case) -> Figures:
        with self._at_the_target():
            destination = self._scratch.destination()
            self._scratch.warm(case.size)
        before = children_cpu_seconds()
        try:
            run = self._ferries[program].scatter(case.ranks, case.chunk, self._sources[case.size], destination,
                                                 patience=self.patience(case))
            self._longest[case] = max(self._longest.get(case, 0.0), run.seconds)
            transfer = run.report["transfer_seconds"]
        except CommandFailed as error:
            raise Refusal(self._failed(program, case, str(error)), FAILED) from None
        except (OSError, ValueError, KeyError) as error:
            raise Refusal(self._failed(program, case, f"its report is not understood: {error!r}"),
                          FAILED) from None
        return Figures(transfer, run.seconds, children_cpu_seconds() - before)

    def patience(self, case: Case) -> float:
        """Far beyond what all others of that case have taken, of both programs."""
        return max(LEAST, TIMES * self._longest[case]) if case in self._longest else FIRST

    def _failed(self, program: str, case: Case, text: str) -> str:
        lacks = any(words in text for words in ("not expected", "not understood"))
        hint = (f"\n{program.upper()} lacks an option or a report that the jobs need (scatter --quiet "
                "--chunk-size --json): it is too old; name a newer one") if lacks else ""
        return f"{program.upper()} failed ({case}):\n{text.rstrip()}{hint}"
