"""Audits a resume: what lay whole on the disks is kept, and only what was in flight is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .finding import FAILED, LOST, WRONG, Finding
from .trace import Trace


@dataclass(frozen=True)
class Before:
    """What the job that was hit left."""

    trace: Trace
    whole: frozenset[int]  # chunks on disk that are as in the source, as the resume will see it
    flight: int  # window x workers
    holes: int  # the most chunks of one worker that are missing before one that is there
    window: int
    first: bool  # no resume, no other source meanwhile: all that lies there is this job's
    exact: bool  # workers look where we have looked; not so where chunks were moved to others
    stream: bool


def audit(before: Before, kept: int, sent: int, chunks: int) -> Iterator[Finding]:
    """`kept`, `sent` and `chunks` are those of the report of a resume that succeeded."""
    if kept + sent != chunks:
        yield Finding(FAILED, f"{kept} chunks kept and {sent} sent are not the {chunks} that there are")
    if not before.exact:
        return
    if kept > len(before.whole):
        yield Finding(WRONG, f"{kept} chunks kept, but only {len(before.whole)} lay there whole")
    # Where a stream ends in a stripe is not known before it has come to its end.
    if kept < len(before.whole) - (before.flight if before.stream else 0):
        yield Finding(LOST, f"{kept} chunks kept, but {len(before.whole)} lay there whole")


def audit_blow(before: Before) -> Iterator[Finding]:
    """Judges what the job itself reported before it was hit."""
    if not before.first or not before.exact:
        return
    lost = before.trace.wrote - before.whole
    if lost:
        yield Finding(LOST, f"chunks {sorted(lost)[:10]} were said to be written, and are not there")
    again = before.trace.sent - before.whole
    if len(again) > before.flight:
        yield Finding(LOST, f"{len(again)} chunks that were sent are not there; only {before.flight} could be "
                            "in flight")
    if before.holes > before.window:
        yield Finding(LOST, f"{before.holes} chunks of a worker are missing before one that is there; the window is "
                            f"{before.window}")
