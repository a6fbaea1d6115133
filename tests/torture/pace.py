"""When a blow should land: in the middle of a job, on a machine whose speed nobody knows."""

from __future__ import annotations

import time
from collections.abc import Callable

from .plan import FOR_EVER, UNPLUG, Blow

EARLY, MID, LATE = "early", "mid", "late"
_START_UP = 5.0  # seconds to wait for a job to begin


class Pace:
    def __init__(self) -> None:
        self.factor = 1.0  # of the time that a transfer is thought to take

    def wait(self, blow: Blow, seconds: float, began: Callable[[], bool], running: Callable[[], bool]) -> bool:
        """Waits until the moment of the blow. The transfer should take `seconds`; `began` says whether it has begun.
        False if a blow that MPI itself would not survive must not land, as the transfer was not seen to begin."""
        if blow.moment < 0:  # before MPI is up, or shortly after
            time.sleep(-blow.moment)
            return True
        until = time.monotonic() + _START_UP
        while not (there := began()) and running() and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(blow.moment * seconds * self.factor)
        return there or blow.kind not in (*FOR_EVER, UNPLUG)

    def learn(self, landed: str) -> None:
        self.factor *= {EARLY: 1.05, MID: 1.0, LATE: 0.9}[landed]
        self.factor = min(3.0, max(0.1, self.factor))
