"""The order in which cases are measured."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

Case = TypeVar("Case")


def turns(cases: Sequence[Case], repetitions: int) -> Iterator[tuple[int, Case]]:
    """Every case once a repetition (from 0), the order turned round each time, so that a machine that
    gets slower or faster meanwhile does the same to all. Says where it is, if someone watches."""
    watched = sys.stderr.isatty()
    try:
        for repetition in range(repetitions):
            for case in cases if repetition % 2 == 0 else reversed(cases):
                if watched:
                    print(f"\r\033[K{repetition + 1}/{repetitions}: {case}", end="", file=sys.stderr, flush=True)
                yield repetition, case
    finally:
        if watched:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
