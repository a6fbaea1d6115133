"""Which jobs a sweep consists of, how much each moves, and in what order they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..measuring.turns import in_turns
from .case import SCATTER, TRANSPORT, WRITE_LIMIT, Case


@dataclass(frozen=True)
class Plan:
    chunks: Sequence[int]
    ranks: Sequence[int]
    windows: Sequence[int]
    repetitions: int
    size: int  # bytes a job moves,
    max_chunks: int  # but no more than so many chunks
    memory: int  # of a rank, for its chunks

    def job_size(self, chunk: int) -> int:
        return min(self.size, self.max_chunks * chunk)

    def useful_windows(self, chunk: int, ranks: int) -> list[int]:
        """Without those that would only repeat another: a window that does not fit into the memory is
        made smaller by mpiferry, and one with room for more chunks than a worker gets is never full."""
        share = -(-self.job_size(chunk) // chunk // (ranks - 1)) or 1
        fitting = [window for window in self.windows if window * chunk <= self.memory]
        return [window for window in fitting if window <= share or window == min(fitting)]

    def left_out(self) -> int:
        """How many combinations useful_windows() spares."""
        every = len(self.chunks) * len(self.ranks) * len(self.windows)
        return every - sum(case.kind == SCATTER for case in self.cases())

    def cases(self) -> list[Case]:
        """Each cell's limits beside its jobs."""
        found: list[Case] = []
        for chunk in self.chunks:
            for ranks in self.ranks:
                found.append(Case(TRANSPORT, chunk, ranks))
                found.append(Case(WRITE_LIMIT, chunk, ranks))
                found += [Case(SCATTER, chunk, ranks, window) for window in self.useful_windows(chunk, ranks)]
        return found

    def runs(self) -> Iterator[tuple[int, Case]]:
        return in_turns(self.cases(), self.repetitions)
