"""What is measured together, in turns, and which targets follow from it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..measuring.command import CommandFailed
from ..measuring.scratch import NoSpace
from ..measuring.turns import turns

from .case import SECONDS, Case, times_as_fast
from .setting import NotRun, Setting
from .targets import Outcome, of

Cases = Mapping[str, Case]


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    place: str  # tmpfs, disk, or nothing if no file matters
    prepare: Callable[[Setting], Sequence[Case]]
    # What came of each of its targets, by name.
    outcomes: "Callable[[Cases], Mapping[str, Outcome]]" = lambda cases: {}


class Measured:
    """One scenario's cases, and what they gave so far."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.cases: "dict[str, Case]" = {}
        self.not_run = "interrupted before its first run"

    def measure(self, setting: Setting) -> None:
        """Raises CommandFailed if a run of ours fails; a peer's failure is noted and it is left out."""
        try:
            self.cases = {case.name: case for case in self.scenario.prepare(setting)}
        except (NotRun, NoSpace) as error:
            self.not_run = str(error)
            return
        for repetition, case in turns(list(self.cases.values()), setting.repetitions):
            if not case.not_run:
                _once(case, repetition)
            self.not_run = ""

    def outcomes(self, names: Sequence[str]) -> "dict[str, Outcome]":
        """Of the targets with these names."""
        if self.not_run:
            return {name: Outcome(not_run=self.not_run) for name in names}
        found = self.scenario.outcomes(self.cases)
        return {name: found[name] for name in names}


def against(ferry: Case, peer: Case, figure: str = SECONDS) -> Outcome:
    """How many times as fast as a peer mpiferry (or one stage of it) is."""
    missing = next((case for case in (peer, ferry) if case.not_run), None)
    if missing:
        return Outcome(not_run=f"{missing.name}: {missing.not_run}")
    return of(times_as_fast(ferry, peer, figure))


def _once(case: Case, repetition: int) -> None:
    try:
        case.figures[repetition] = case.measure()
    except (CommandFailed, NotRun) as error:
        if case.ours and isinstance(error, CommandFailed):
            raise
        text = str(error).strip()
        lines = text.split("\n")
        case.not_run = "failed: " + " / ".join(lines[1:] or lines)[:300]  # the first line is the command
        case.figures.clear()  # what the run before gave may be as broken
        print(f"bench/compare: {case.name} is left out: {text}", file=sys.stderr)
