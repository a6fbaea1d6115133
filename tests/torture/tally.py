"""What was done, and what came of it."""

from __future__ import annotations

from collections import Counter

from .finding import FAILED, HANG, LOST, WRONG
from .plan import BLOWS

_ROWS = (("jobs", "jobs"), *((f"blow: {kind}", f"  {kind}") for kind in BLOWS),
         ("hit: early", "hit before the first chunk"), ("hit: mid", "hit in mid-job"),
         ("hit: late", "hit when all chunks were there, or too late"),
         ("full: reroute", "disks that became full, rerouted"), ("full: enlarge", "disks that became full, enlarged"),
         ("corrupt", "chunks damaged on their way"), ("streams", "jobs from a FIFO"),
         ("hosts", "jobs on three hosts"), ("changes", "sources changed"),
         ("resumes", "resumes that came to their end"), ("kept", "chunks kept"), ("sent", "chunks sent by resumes"),
         ("again", "chunks sent again"), ("moved", "chunks moved to other workers"),
         ("rot", "bytes turned over, found and mended"), ("verified", "verified"), ("compared", "compared"),
         ("gather: hit", "gathers hit"), ("gathered", "gathered"))
KINDS = ((LOST, "lost"), (WRONG, "wrong"), (HANG, "hangs"), (FAILED, "failed steps"))


class Tally(Counter):
    def table(self) -> str:
        rows = [("", "count"), *((shown, f"{self[name]:,}") for name, shown in _ROWS),
                *((shown, f"{self[name]:,}") for name, shown in KINDS)]
        width, count = max(len(name) for name, _ in rows), max(len(number) for _, number in rows)
        lines = [f"| {name:<{width}} | {number:>{count}} |" for name, number in rows]
        lines.insert(1, f"|{'-' * (width + 2)}|{'-' * (count + 1)}:|")
        return "\n".join(lines)
