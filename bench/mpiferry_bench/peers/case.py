"""One thing that is measured, and ratios of two of them."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..measuring.sample import Sample

SECONDS = "seconds"  # of the whole command
TRANSFER = "transfer seconds"  # from the first chunk sent to the last one acknowledged


@dataclass
class Case:
    name: str
    command: str  # as a reader would type it
    measure: Callable[[], Mapping[str, float]]  # one run: its figures by name
    size: int = 0  # bytes that a run moves
    against: str = ""  # the case of mpiferry that it is compared with
    ours: bool = True  # if a run of ours fails, the comparison ends; a peer is then "not run"
    not_run: str = ""  # why
    figures: dict[int, Mapping[str, float]] = field(default_factory=dict)  # by repetition

    def __str__(self) -> str:
        return self.name

    def sample(self, figure: str = SECONDS) -> Sample:
        return Sample(run[figure] for run in self.figures.values())

    def speed(self, figure: str = SECONDS) -> Sample:
        """GB/s."""
        return Sample(self.size / seconds / 1e9 for seconds in self.sample(figure).values)


def paired(left: Case, right: Case, left_figure: str = SECONDS, right_figure: str = "",
           combine: Callable[[float, float], float] = operator.truediv) -> Sample:
    """left / right (or left `combine` right) of each repetition in which both were measured."""
    both = [(left.figures[repetition][left_figure], right.figures[repetition][right_figure or left_figure])
            for repetition in sorted(left.figures.keys() & right.figures.keys())]
    return Sample(combine(*pair) for pair in both)


def times_as_fast(ferry: Case, peer: Case, figure: str = SECONDS) -> Sample:
    """How many times as fast as the whole command of a peer mpiferry (or one stage of it) is."""
    return paired(peer, ferry, SECONDS, figure)


def fastest(cases: "list[Case]") -> Case:
    """Of each repetition the quicker one: what it takes to be as good as the better of two."""
    shared = set.intersection(*(set(case.figures) for case in cases))
    best = {repetition: {SECONDS: min(case.figures[repetition][SECONDS] for case in cases)}
            for repetition in shared}
    return Case(" or ".join(case.name for case in cases), "", dict, figures=best)
