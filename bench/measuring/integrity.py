"""What integrity costs: against a build whose digests do nothing."""

import os
import subprocess
from functools import partial
from pathlib import Path

from .bench import Bench
from .command import run
from .ferry import Ferry
from .sample import Sample, table, verdict
from .sizes import KIB, MIB, show_size
from .speed import transfer_speeds

ROOT = Path(__file__).resolve().parents[2]
MOST_COST = 5.0  # per cent of the transfer's time


def _build_without_digest(like: Ferry, directory: Path) -> Ferry:
    """The same sources and flags as the measured program has, without digests."""
    options = [f"-D{name}={like.cached(name)}"
               for name in ("CMAKE_BUILD_TYPE", "CMAKE_CXX_COMPILER", "CMAKE_CXX_COMPILER_LAUNCHER",
                            "CMAKE_CXX_FLAGS", "CMAKE_PREFIX_PATH")
               if like.cached(name)]
    run(["cmake", "-S", str(ROOT), "-B", str(directory), *options, "-DMPIFERRY_NO_DIGEST=ON",
         "-DMPIFERRY_TESTS=OFF", "-DMPIFERRY_BENCH=OFF"])
    run(["cmake", "--build", str(directory), "--target", "mpiferry",
         "--parallel", str(len(os.sched_getaffinity(0)))])
    return Ferry(directory / "cli" / "mpiferry", like.mpiexec)


def _checks_nothing(ferry: Ferry) -> bool:
    version = subprocess.run([ferry.binary, "--version"], capture_output=True, text=True, check=True)
    return "MPIFERRY_NO_DIGEST" in version.stdout


def without_digest(like: Ferry, directory: Path) -> Ferry:
    """The same program, built to check nothing. Raises ValueError unless that is the difference."""
    plain = _build_without_digest(like, directory)
    if _checks_nothing(like) or not _checks_nothing(plain):
        raise ValueError("integrity needs a --binary with digests, and a --no-digest-build without")
    return plain


def integrity(bench: Bench, size: int, build: Path) -> None:
    """With digests on both sides, and with digests that do nothing."""
    bench.scratch.need(2 * size)
    plain = without_digest(bench.ferry, build)
    ranks, chunks = 3, (64 * KIB, MIB)
    bench.head("The cost of integrity", [bench.command(ranks, "CHUNK")], bench.timed(size))
    source = bench.scratch.file("source", size)
    runs = bench.interleave({
        (chunk, ferry is plain): partial(bench.warm_scatter, ranks, chunk, source, ferry=ferry)
        for chunk in chunks for ferry in (bench.ferry, plain)
    }, lambda case: f"{show_size(case[0])}, {'no-op digests' if case[1] else 'digests'}")
    rows = []
    for chunk in chunks:
        with_digest, without = transfer_speeds(runs[chunk, False]), transfer_speeds(runs[chunk, True])
        cost = Sample(100 * (ratio - 1) for ratio in without.over(with_digest).values)
        rows.append((show_size(chunk), *with_digest.show(), *without.show(), *cost.show(1),
                     verdict(cost.median <= MOST_COST)))
    print(table(("chunk", "digests GB/s", "range", "no-op digests GB/s", "range", "cost %", "range",
                 f"target <= {MOST_COST:.0f} %"), rows))
