"""Runs one case: a real job of mpiferry, or what measures a limit beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..measuring.command import CommandFailed, children_cpu_seconds
from ..measuring.ferry import LAUNCHERS, Ferry, cached, first_program
from ..measuring.launcher import Launcher
from ..measuring.paths import program
from ..measuring.programs import google_benchmark, limit
from ..measuring.scratch import Scratch

from .case import SCATTER, TRANSPORT, WRITE_LIMIT, Case
from .machine import tool
from .plan import Plan

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}  # Google Benchmark's time units


def ferry_of(binary: Path, template: str | None, discard: bool) -> Ferry:
    """Raises Unusable, or CommandFailed."""
    if template:
        launcher = Launcher(template)
        program("--launcher", launcher.program)
    else:  # a plain mpirun last: it may be another MPI's
        found = first_program(cached(binary, "MPIEXEC_EXECUTABLE"), *LAUNCHERS, "mpirun", "mpiexec")
        if found is None:
            raise CommandFailed("no launcher of MPICH was found; --launcher names what starts the ranks, such as "
                                "'srun --mpi=pmi2 -n {ranks}'")
        launcher = Launcher.of(found)
    return Ferry(binary, launcher=launcher, discard=discard)


class Jobs:
    def __init__(self, ferry: Ferry, plan: Plan, scratch: Scratch) -> None:
        self._ferry, self._plan, self._scratch = ferry, plan, scratch
        self._discard = ferry.discard
        self._sources: dict[int, Path] = {}  # by size
        self.not_measured: dict[str, str] = {}  # limit: why
        self._tools = {kind: self._tool(f"bench_{kind}", kind) for kind in (TRANSPORT, WRITE_LIMIT)}
        if self._discard:
            self.not_measured[WRITE_LIMIT] = "not measured: nothing is written (--sink discard)"
        self._no_transport: set[int] = set()  # chunk sizes that bench_transport does not have

    def _tool(self, name: str, kind: str) -> Path | None:
        path = tool(self._ferry.binary, name)
        if path is None:
            self.not_measured[kind] = f"not measured: {name} is missing (built without benchmarks)"
        return path

    def measurable(self, case: Case) -> bool:
        if case.kind == TRANSPORT and case.chunk in self._no_transport:
            return False
        return case.kind not in self.not_measured

    def sizes(self) -> set[int]:
        return {self._plan.job_size(chunk) for chunk in self._plan.chunks}

    def make_sources(self) -> None:
        """Raises NoSpace if they and one destination do not fit."""
        sizes = self.sizes()
        self._scratch.need(sum(sizes) + (0 if self._discard else max(sizes)))
        for size in sorted(sizes):
            self._sources[size] = self._scratch.file(f"source_{size}", size)

    def run(self, case: Case) -> dict[str, Any] | None:
        """Its figures; None if there is no way to measure it."""
        destination = self._scratch.destination()
        if case.kind != TRANSPORT and not self._discard:
            self._scratch.warm(self._plan.job_size(case.chunk))
        before = children_cpu_seconds()
        measure = {SCATTER: self._scatter, TRANSPORT: self._transport, WRITE_LIMIT: self._write_limit}[case.kind]
        figures = measure(case, destination)
        return figures and {**figures, "cpu_seconds": round(children_cpu_seconds() - before, 6)}

    def _scatter(self, case: Case, destination: Path) -> dict[str, Any]:
        source = self._sources[self._plan.job_size(case.chunk)]
        done = self._ferry.scatter(case.ranks, case.chunk, source, destination, "--window", str(case.window),
                                   "--memory", str(self._plan.memory))
        if not self._discard:
            self._need_all_here(done.report, destination)
        return {"bytes": done.size, "seconds": done.report["transfer_seconds"],
                "command_seconds": round(done.seconds, 6)}

    @staticmethod
    def _need_all_here(report: dict[str, Any], destination: Path) -> None:
        """Where it cannot be deleted, a second job would not find the place that the first one found."""
        here = sum(entry.name.startswith("chunk_") for entry in os.scandir(destination))
        if here < report.get("chunks", 0):
            hosts = ", ".join(sorted({worker["host"] for worker in report["workers"]}))
            raise CommandFailed(f"{destination}: {report['chunks']} chunks were written by workers on {hosts}, but "
                                f"only {here} are here: with several hosts --target must be a directory that all "
                                f"share, or --sink discard; what was written is still in {destination} there")

    def _transport(self, case: Case, destination: Path) -> dict[str, Any] | None:
        """The best of the windows that it knows at this chunk size."""
        argv = self._ferry.launcher.argv(case.ranks, [
            str(self._tools[TRANSPORT]), f"--benchmark_filter=^transport/chunk:{case.chunk}/",
            f"--bytes={self._plan.job_size(case.chunk)}"])
        try:
            seconds, cases = google_benchmark(argv, destination / "transport.json")
        except CommandFailed as error:
            if "Failed to match any benchmarks" not in str(error):
                raise
            self._no_transport.add(case.chunk)
            return None
        found = [entry for entry in cases if "bytes_per_second" in entry]
        if not found:
            raise CommandFailed(f"{' '.join(argv)}\nended with 0, but reported no bytes_per_second")
        best = max(found, key=lambda entry: entry["bytes_per_second"])
        spent = best["real_time"] * SECONDS[best["time_unit"]]
        return {"bytes": round(best["bytes_per_second"] * spent), "seconds": spent,
                "command_seconds": round(seconds, 6)}

    def _write_limit(self, case: Case, destination: Path) -> dict[str, Any]:
        argv = [str(self._tools[WRITE_LIMIT]), str(case.ranks - 1), str(case.chunk),
                str(self._plan.job_size(case.chunk)), str(destination)]
        seconds, printed = limit(argv)
        return {"bytes": printed["bytes"], "seconds": printed["seconds"], "command_seconds": round(seconds, 6)}

