"""How far the sweep is, and when it will end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TextIO

from ..measuring.status import Status

from .case import Case


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
    def __init__(self, out: TextIO | None = None) -> None:
        self._status = Status(out)
        self.durations = Durations()

    def show(self, done: int, todo: Iterable[Case], case: Case) -> None:
        """Before `case`, the first of `todo`, is run."""
        left = list(todo)
        total = done + len(left)
        seconds = sum(map(self.durations.of, left))
        eta = f", about {show_time(seconds)} left" if seconds else ""
        self._status.show(f"{done + 1} of {total}{eta}: {case.name}", done, total)

    def clear(self) -> None:
        self._status.clear()
