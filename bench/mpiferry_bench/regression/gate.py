"""One run of the gate: pairs until a look decides, or until the budget is used up."""

import math
import random
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass, field

from ..measuring.sizes import counted

from .decision import LOOKS, Finding, Rule, look, share_of_look, verdict

BASE, HEAD = "base", "head"
JUDGED = ("transfer", "whole")
SHOWN = ("cpu",)


@dataclass(frozen=True)
class Figures:
    """Of one job, in seconds."""

    transfer: float  # first chunk read to last one acknowledged, by the program's own report
    whole: float  # the whole command, mpirun and start-up included
    cpu: float  # user and system time of all ranks and of mpirun


@dataclass(frozen=True)
class Pair:
    case: Hashable
    first: str  # who ran first: a coin decides
    base: Figures
    head: Figures

    def ratio(self, figure: str) -> float:
        """The logarithm of HEAD / BASE."""
        least = 1e-6  # a report rounds; nothing here takes less than a microsecond
        return math.log(max(getattr(self.head, figure), least) / max(getattr(self.base, figure), least))


@dataclass
class Course:
    """What came of a run; after an interrupt, of the part that was run."""

    verdict: str = "undecided"
    partial: bool = True
    pairs: list[Pair] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    looks: list[dict] = field(default_factory=list)
    seconds: float = 0.0
    identical: str = ""  # why nothing had to be measured


class Gate:
    """`measure(program, case)` runs one job; `now` is a clock, in seconds."""

    def __init__(self, rule: Rule, cases: Sequence[Hashable], measure: Callable[[str, Hashable], Figures], *,
                 seed: int, now: Callable[[], float] = time.monotonic,
                 log: Callable[[str], None] = lambda _: None) -> None:
        self.rule = rule
        self.cases = cases
        self.course = Course()
        self._measure = measure
        self._coin = random.Random(seed)
        self._now = now
        self._log = log

    def run(self, seconds: float, most_pairs: int) -> Course:
        """The last look is the one for which another round would take too long, or the last pair. What was
        measured stays in self.course also if a job fails."""
        began, course = self._now(), self.course
        for done in range(1, most_pairs + 1):
            self._round()
            course.seconds = self._now() - began
            last = done == most_pairs or course.seconds * (done + 1) / done > seconds
            if last or done in LOOKS:
                self._look(done, last)
                if course.verdict != "undecided" or last:
                    break
        course.partial = False
        return course

    def measure_only(self, pairs: int) -> list[Pair]:
        """So many of every case, without any look."""
        for _ in range(pairs):
            self._round()
        return self.course.pairs

    def _round(self) -> None:
        """One pair of every case. The two runs of a pair are neighbours; a coin decides which is first, so that
        whatever makes the first or the second run slower is no one's disadvantage (signed_rank.py)."""
        for case in self._coin.sample(self.cases, len(self.cases)):
            order = [BASE, HEAD] if self._coin.random() < 0.5 else [HEAD, BASE]
            figures = {program: self._measure(program, case) for program in order}
            self.course.pairs.append(Pair(case, order[0], figures[BASE], figures[HEAD]))

    def _look(self, pairs: int, last: bool) -> None:
        course = self.course
        share = share_of_look(len(course.looks), last)
        course.findings = self.findings(share)
        course.verdict = verdict(course.findings)
        course.looks.append({"pairs": pairs, "share_of_alpha": share, "last": last,
                             "verdict": course.verdict})
        worst = max((one for one in course.findings if one.judged), key=lambda one: one.slowdown)
        self._log(f"{counted(pairs, 'pair')}, {course.seconds:.0f} s: {course.verdict}; slowest "
                   f"{100 * worst.slowdown:+.1f} %")

    def findings(self, share: float) -> list[Finding]:
        def ratios(figures: Sequence[str]) -> dict:
            return {(case, figure): [pair.ratio(figure) for pair in self.course.pairs if pair.case == case]
                    for case in self.cases for figure in figures}
        return look(self.rule, ratios(JUDGED), ratios(SHOWN), share)

    def stop_here(self) -> Course:
        """After an interrupt or a failed job: what the complete pairs come to. It decides nothing."""
        self.course.verdict = "undecided"
        if all(any(pair.case == case for pair in self.course.pairs) for case in self.cases):
            self.course.findings = self.findings(share_of_look(len(self.course.looks), True))
        return self.course


def as_dict(pair: Pair) -> dict:
    return {**asdict(pair), "case": str(pair.case)}
