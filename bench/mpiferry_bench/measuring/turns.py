"""The order in which cases are measured."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .status import Status

Case = TypeVar("Case")


def turns(cases: Sequence[Case], repetitions: int,
          show: "Callable[[Case], str]" = str) -> Iterator[tuple[int, Case]]:
    """Every case once a repetition (from 0), the order turned round each time, so that a machine that
    gets slower or faster meanwhile does the same to all. Says where it is."""
    status, done, total = Status(), 0, len(cases) * repetitions
    try:
        for repetition in range(repetitions):
            for case in cases if repetition % 2 == 0 else reversed(cases):
                status.show(f"{repetition + 1}/{repetitions}: {show(case)}", done, total)
                yield repetition, case
                done += 1
    finally:
        status.clear()
