"""How far the sweep is, and when it will end."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import TextIO

from .case import Case

EVERY = 30.0  # seconds between two lines where no terminal is


def show_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


class Durations:
    """What a run of a case takes, from those that have been run: of the same case, else of the same kind
    and rank count, else of any."""

    def __init__(self) -> None:
        self._sums: dict[tuple[object, ...], list[float]] = defaultdict(lambda: [0.0, 0])

    @staticmethod
    def _keys(case: Case) -> tuple[tuple[object, ...], ...]:
        return (case.kind, case.chunk, case.ranks, case.window), (case.kind, case.ranks), (case.kind,), ()

    def add(self, case: Case, seconds: float) -> None:
        for key in self._keys(case):
            self._sums[key][0] += seconds
            self._sums[key][1] += 1

    def of(self, case: Case) -> float:
        for key in self._keys(case):
            if key in self._sums:
                total, count = self._sums[key]
                return total / count
        return 0.0


class Progress:
    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out, self._watched, self._last = out, out.isatty(), -EVERY
        self.durations = Durations()

    def show(self, done: int, todo: Iterable[Case], case: Case) -> None:
        """Before `case`, the first of `todo`, is run."""
        now = time.monotonic()
        if not self._watched and now - self._last < EVERY:
            return
        self._last = now
        left = list(todo)
        seconds = sum(map(self.durations.of, left))
        eta = f", about {show_time(seconds)} left" if seconds else ""
        line = f"{done + 1} of {done + len(left)}{eta}: {case.name}"
        self._out.write(f"\r\033[K{line}" if self._watched else f"{line}\n")
        self._out.flush()

    def clear(self) -> None:
        if self._watched:
            self._out.write("\r\033[K")
            self._out.flush()
