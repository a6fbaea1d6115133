"""Makes the command lines of mpiferry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hosts.cluster import Cluster

STALL = "20"  # seconds; longer than any pause, shorter than the limit of a step
SHORT_STALL = "1"


@dataclass(frozen=True)
class Tools:
    mpiexec: str
    program: Path
    cluster: Cluster | None = None  # of the hosts that jobs run on; nothing: this one alone

    def scatter(self, ranks: int, options: Sequence[str], source: Path, destination: str) -> list[str]:
        return self._start(ranks, "scatter", "-v", *options, str(source), destination)

    def verify(self, ranks: int, destination: str, source: Path, report: Path) -> list[str]:
        return self._start(ranks, "verify", "--stall-timeout", STALL, "--json", str(report), destination,
                           "--against", str(source))

    def gather(self, ranks: int, options: Sequence[str], destination: str, file: Path) -> list[str]:
        return self._start(ranks, "gather", *options, destination, str(file))

    def _start(self, ranks: int, *words: str) -> list[str]:
        command = [str(self.program), *words]
        if self.cluster is not None:
            return self.cluster.mpirun(self.mpiexec, ranks, command)
        return [self.mpiexec, "-n", str(ranks), *command]
