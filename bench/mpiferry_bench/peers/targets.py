"""What mpiferry is to reach, and whether it did."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..measuring.sample import Sample, verdict


@dataclass(frozen=True)
class Target:
    name: str
    scenario: str
    against: str  # {large}, {small}: the sizes that were measured
    bound: float
    unit: str
    least: bool = True  # the bound is the least that will do; else it is the most

    def met_by(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound

    def shown(self) -> str:
        return f"{'>=' if self.least else '<='} {self.bound:g} {self.unit}"


TIMES = "times as fast"
TARGETS = (
    Target("script", "script", "the blocking script, {large}, 1 MiB chunks, 4 ranks", 5, TIMES),
    Target("script-small", "script-small", "the blocking script, {small}, 1 KiB chunks, 4 ranks", 3, TIMES),
    Target("blocking", "blocking", "the blocking C++ version, {large}, 64 KiB chunks, 5 ranks", 5, TIMES),
    Target("parts", "parts", "the sum of the parts, {large}, 1 MiB chunks, 3 ranks, without start-up", 0.85,
           TIMES),
    Target("cp", "cp", "`cp`, {large}, tmpfs, 3 ranks", 0.75, TIMES),
    Target("cp-disk", "cp-disk", "`cp`, {large}, disk (page cache), 3 ranks", 0.8, TIMES),
    Target("cp-durable", "cp-durable", "`cp` and `sync` of the file, {large}, disk, `--fsync`, 3 ranks", 1.2,
           TIMES),
    Target("dd-durable", "dd-durable",
           "the better of `dd oflag=direct` and `dd conv=fsync`, {large}, disk, `--fsync`, 3 ranks", 0.9, TIMES),
    Target("write-limit", "write-limit", "the chunk-file creation limit, {small}, 1 KiB chunks, 3 ranks", 0.6,
           TIMES),
    Target("transport", "transport", "the transport limit, `--discard`, 64 KiB to 4 MiB chunks (the worst), 3 ranks",
           0.8, TIMES),
    Target("transport-small", "transport", "the transport limit, `--discard`, 1 KiB chunks, 3 ranks", 0.4, TIMES),
    Target("ranks", "ranks", "the same transfer on 3 ranks: 9 ranks, 16 KiB to 4 MiB chunks (the worst)", 0.8, TIMES),
    Target("hash", "hash", "a transfer without digests: 64 KiB and 1 MiB chunks (the worst), 3 ranks", 5,
           "% more time", least=False),
    Target("async-wait", "async-wait", "bare MPI_Testsome: async_wait, 64 outstanding", 300, "ns more a request",
           least=False),
    Target("idle", "idle", "a core: the busiest rank, source throttled to 100 MB/s, 3 and 9 ranks", 10, "% of it",
           least=False),
    Target("resume", "resume", "sending it again: `--resume` of a complete job, {large}, tmpfs, 3 ranks, without start-up", 3,
           TIMES),
    Target("resume-disk", "resume-disk",
           "sending it again: `--resume` of a complete job, {large}, disk (page cache), 3 ranks, without start-up", 3, TIMES),
    Target("gather", "gather", "`scatter`: `gather`, {large}, tmpfs, 3 ranks", 0.8, TIMES),
    Target("verify", "verify", "`xxhsum -H3` on as many processes: `verify`, {large}, tmpfs, 3 ranks, without start-up", 0.8,
           TIMES),
    Target("start-up", "start-up", "an empty MPI program: mpiferry on an empty file, 3 ranks", 30, "ms more",
           least=False),
)


@dataclass(frozen=True)
class Outcome:
    """What came of one target: figures, one a repetition, or why there are none."""

    sample: "Sample | None" = None
    not_run: str = ""
    note: str = ""
    among: Mapping[str, Sample] = field(default_factory=dict)  # all that were looked at for the worst

    def verdict(self, target: Target, *, judged: bool = True) -> str:
        if self.sample is None:
            return f"not run: {self.not_run}"
        return verdict(target.met_by(self.sample.median)) if judged else "not judged"


def of(sample: Sample, note: str = "") -> Outcome:
    if not sample.values:
        return Outcome(not_run="the comparison ended before both sides were measured once")
    return Outcome(sample, note=note)


def worst(target: Target, samples: Mapping[str, Sample]) -> Outcome:
    """The sample whose median is farthest from what the target wants; the note names it."""
    measured = {name: sample for name, sample in samples.items() if sample.values}
    if len(measured) < len(samples) or not measured:
        return of(Sample(()))
    choose = min if target.least else max
    name = choose(measured, key=lambda one: measured[one].median)
    return Outcome(measured[name], note=name if len(measured) > 1 else "", among=measured)
