"""What all measurements share: the program, the place, and the order of the runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from .ferry import Ferry, Run
from .machine import describe
from .scratch import Scratch
from .sizes import show_size
from .turns import turns

Case = TypeVar("Case", bound=Hashable)
Figure = TypeVar("Figure")


class Bench:
    def __init__(self, ferry: Ferry, scratch: Scratch, repetitions: int) -> None:
        self.ferry = ferry
        self.scratch = scratch
        self.repetitions = repetitions

    def head(self, title: str, commands: Sequence[str], how: str) -> None:
        """What was compared, on what machine, how often."""
        print(f"### {title}\n")
        build = self.ferry.cached("CMAKE_BUILD_TYPE") or "unknown"
        sanitized = ", SANITIZED" if self.ferry.cached("MPIFERRY_SANITIZE") == "ON" else ""
        for line in (*describe(self.scratch.target), f"build: {build}{sanitized}"):
            print(f"- {line}")
        for command in commands:
            print(f"- command: `{command}`")
        print(f"- {how}\n", flush=True)

    def timed(self, size: int) -> str:
        return (f"file: {show_size(size)}; repetitions of every case: {self.repetitions}, interleaved, the "
                "target warmed before each; shown: median and range (smallest to largest)")

    def command(self, ranks: int | str, chunk: int | str, *options: str) -> str:
        """A job's command as a reader would type it."""
        shown = " ".join(("", *options))
        return f"mpirun -n {ranks} mpiferry scatter --chunk-size {chunk}{shown} FILE OUT"

    def interleave(self, cases: Mapping[Case, Callable[[], Figure]],
                   show: Callable[[Case], str] = str) -> dict[Case, list[Figure]]:
        """The figures of every case, one a repetition, measured in turns; `show` names a case as it runs."""
        figures: dict[Case, list[Figure]] = {case: [] for case in cases}
        for _, case in turns(list(cases), self.repetitions, show):
            figures[case].append(cases[case]())
        return figures

    def warm_scatter(self, ranks: int, chunk: int, source: Path, *, ferry: Ferry | None = None) -> Run:
        """One counted job into a new directory."""
        destination = self.scratch.destination()
        self.scratch.warm(source.stat().st_size)
        return (ferry or self.ferry).scatter(ranks, chunk, source, destination)
