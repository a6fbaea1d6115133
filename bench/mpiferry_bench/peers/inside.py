"""mpiferry beside what it is made of: parts, ranks, digests, waiting, start-up."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ..measuring import rank_usage
from ..measuring.command import run
from ..measuring.sample import Sample
from ..measuring.sizes import show_size

from . import parts
from .case import SECONDS, TRANSFER, Case, paired
from .commands import KIB, MIB, Commands, Figures, brief
from .no_digest import without_digest
from .scenario import Cases, Scenario, against
from .setting import NotRun, Setting
from .targets import TARGETS, Outcome, of, worst

TARGET = {target.name: target for target in TARGETS}
RANK_CHUNKS = (16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB)
HASH_CHUNKS = (64 * KIB, MIB)
RATE = 100e6  # bytes a second of a throttled source
LIMIT, EMPTY, MPIFERRY = "the sum of the parts", "an empty program", "mpiferry, empty file"
CORE_SPEED, RANK_SPEED = "limit of the cores GB/s", "limit of the ranks GB/s"


def _parts(setting: Setting) -> "list[Case]":
    ranks, size = 3, setting.large
    commands = Commands(setting, "tmpfs", size)
    program = setting.program("parts")
    ferry = commands.ferry(ranks, MIB)
    source = commands.place.source(size)

    def measure() -> Figures:
        destination = commands.place.fresh(size)
        cost = parts.measure(program, ranks, MIB, size, str(source), str(destination))
        limit = parts.core_limit(cost, parts.cores(ranks))
        return {SECONDS: size / limit, CORE_SPEED: limit / 1e9, RANK_SPEED: parts.rank_limit(cost, ranks - 1) / 1e9,
                **{f"{part}, core-seconds a GB": 1e9 * each for part, each in cost.items()}}

    shown = " ".join(parts.command("bench_parts", ranks, MIB, size, "FILE", "OUT"))
    return [ferry, Case(LIMIT, shown, measure, size)]


def _parts_outcome(cases: Cases) -> "Mapping[str, Outcome]":
    ferry, limit = cases.values()
    return {"parts": against(ferry, limit, TRANSFER)}


def rank_cases(commands: Commands, chunks: Sequence[int] = RANK_CHUNKS) -> "list[Case]":
    return [commands.ferry(ranks, chunk, name=f"{show_size(chunk)}, {ranks} ranks")
            for chunk in chunks for ranks in (3, 9)]


def _ranks(setting: Setting) -> "list[Case]":
    return rank_cases(Commands(setting, "tmpfs", max(setting.large // 2, 1)))


def _ranks_outcome(cases: Cases) -> "Mapping[str, Outcome]":
    kept = {}
    for chunk in map(show_size, RANK_CHUNKS):
        kept[chunk] = paired(cases[f"{chunk}, 3 ranks"], cases[f"{chunk}, 9 ranks"], TRANSFER)
    return {"ranks": worst(TARGET["ranks"], kept)}


def hash_cases(setting: Setting) -> "list[Case]":
    commands = Commands(setting, "tmpfs", setting.large)
    plain = without_digest(setting.ferry, setting.no_digest_build)
    return [commands.ferry(3, chunk, program=ferry, name=f"{show_size(chunk)}, {name}")
            for chunk in HASH_CHUNKS for name, ferry in (("digests", setting.ferry), ("no digests", plain))]


def hash_cost(cases: Cases) -> "dict[str, Sample]":
    """By chunk size: how many per cent more time a transfer takes with digests."""
    return {chunk: paired(cases[f"{chunk}, digests"], cases[f"{chunk}, no digests"], TRANSFER,
                          combine=lambda real, none: 100 * (real / none - 1))
            for chunk in map(show_size, HASH_CHUNKS)}


def _hash_outcome(cases: Cases) -> "Mapping[str, Outcome]":
    return {"hash": worst(TARGET["hash"], hash_cost(cases))}


def _async_wait(setting: Setting) -> "list[Case]":
    names = [name for name in setting.benchmark_names("mpi_context")
             if re.match(r"(bare_testsome|async_wait)/outstanding:64(/|$)", name)]
    if len(names) != 2:
        raise NotRun("bench_mpi_context has no pair of cases outstanding:64")

    def measure() -> Figures:
        found = setting.google_benchmark(2, "mpi_context", names, "items_per_second")
        return {f"{name.partition('/')[0]}, ns a request": 1e9 / speed for name, speed in found.items()}

    return [Case("64 outstanding", "mpirun -n 2 bench_mpi_context --benchmark_filter=outstanding:64", measure)]


def _async_wait_outcome(cases: Cases) -> "Mapping[str, Outcome]":
    (case,) = cases.values()
    return {"async-wait": of(paired(case, case, "async_wait, ns a request", "bare_testsome, ns a request",
                                    combine=lambda ours, bare: ours - bare))}


def _idle(setting: Setting) -> "list[Case]":
    place = setting.place("tmpfs")
    place.need(0, setting.idle)
    throttle = Path(__file__).with_name("throttle.py")
    fifo, size = place.scratch.path / "throttled", setting.idle

    def measure(ranks: int) -> Figures:
        destination = place.fresh(size)
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
        writer = subprocess.Popen([sys.executable, str(throttle), str(fifo), str(size), str(RATE)],
                                  stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # dies with the reader
        try:
            job = setting.ferry.scatter(ranks, MIB, fifo, destination, size=size,
                                        wrapper=(sys.executable, rank_usage.__file__, str(place.scratch.path)))
        finally:
            writer.kill()
            writer.wait()
        wall = job.report["transfer_seconds"]
        used = [json.loads((place.scratch.path / f"rank_{rank}").read_text())["cpu_seconds"] for rank in range(ranks)]
        return {"MB/s": size / wall / 1e6, "busiest rank, % of a core": 100 * max(used) / wall,
                "rank 0, % of a core": 100 * used[0] / wall,
                "mean of the workers, % of a core": 100 * sum(used[1:]) / (ranks - 1) / wall}

    shown = "throttle.py FIFO {} {:.0f} & mpirun -n {} mpiferry scatter --chunk-size 1MiB FIFO OUT"
    return [Case(f"{ranks} ranks", shown.format(brief(size), RATE, ranks), partial(measure, ranks))
            for ranks in (3, 9)]


def _idle_outcome(cases: Cases) -> "Mapping[str, Outcome]":
    busiest = {name: case.sample("busiest rank, % of a core") for name, case in cases.items()}
    return {"idle": worst(TARGET["idle"], busiest)}


def empty_ferry(setting: Setting) -> Case:
    """What mpiferry takes to start and to end."""
    place = setting.place("tmpfs")
    empty = place.scratch.sparse_file("empty", 0)
    return Case(MPIFERRY, "mpirun -n 3 mpiferry scatter --chunk-size 1MiB EMPTY OUT",
                lambda: {SECONDS: setting.ferry.scatter(3, MIB, empty, place.fresh(0)).seconds})


def _start_up(setting: Setting) -> "list[Case]":
    program, ferry = setting.program("empty"), empty_ferry(setting)

    def nothing() -> Figures:
        setting.place("tmpfs").fresh(0)  # what the other side finds, too
        return {SECONDS: run(setting.mpi(3, program))}

    return [ferry, Case(EMPTY, "mpirun -n 3 bench_empty", nothing)]


def _start_up_outcome(cases: Cases) -> "Mapping[str, Outcome]":
    return {"start-up": of(paired(cases[MPIFERRY], cases[EMPTY],
                                  combine=lambda ours, empty: 1000 * (ours - empty)))}


INSIDE = (
    Scenario("parts", "Against the sum of the parts", "tmpfs", _parts, _parts_outcome),
    Scenario("ranks", "9 ranks against 3", "tmpfs", _ranks, _ranks_outcome),
    Scenario("hash", "Digests against digests that do nothing", "tmpfs", hash_cases, _hash_outcome),
    Scenario("async-wait", "async_wait against bare MPI_Testsome", "", _async_wait, _async_wait_outcome),
    Scenario("idle", "Ranks that wait for a source of 100 MB/s", "tmpfs", _idle, _idle_outcome),
    Scenario("start-up", "Start-up against an empty MPI program", "tmpfs", _start_up, _start_up_outcome),
)
