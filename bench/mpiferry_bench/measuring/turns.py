"""The order in which cases are measured."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from .status import Status

Case = TypeVar("Case")


def in_turns(cases: Sequence[Case], repetitions: int) -> Iterator[tuple[int, Case]]:
    """Every case once a repetition (from 0), the order turned round each time, so that a machine that
    gets slower or faster meanwhile does the same to all."""
    for repetition in range(repetitions):
        for case in cases if repetition % 2 == 0 else reversed(cases):
            yield repetition, case


def turns(cases: Sequence[Case], repetitions: int) -> Iterator[tuple[int, Case]]:
    """The same, and shows where it is."""
    status, total = Status(), len(cases) * repetitions
    try:
        for done, (repetition, case) in enumerate(in_turns(cases, repetitions)):
            status.show(f"{repetition + 1}/{repetitions}: {case}", done, total)
            yield repetition, case
    finally:
        status.clear()
