#!/usr/bin/env python3
"""The windows bound the peak resident memory of every rank of real jobs, whatever the file's size.

The limits are those of docs/results/benchmarks.md: what a rank may hold in chunks, and 48 MiB for the rest, MPI
included. Of a file that is eight times as large only the digests may take more.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from common import KIB, MIB, ROOT, CommandFailed, arguments, ferry, scratch_directory, skip, verdict

RANKS = 3
WORKERS = RANKS - 1
CHUNK, WINDOW = 4 * KIB, 64
CHUNKS, TIMES = 2048, 8

MOST_ABOVE = 48 * MIB  # bench/mpiferry_bench/transfer/memory.py
DIGEST = 8  # bytes for each chunk of the file on the master, of its share on a worker
# A rank's peak is no exact figure: the heap grows by 128 KiB, libraries touch pages when they first need them, and
# a short job need not use all of its buffers.
SLACK = 2 * MIB
WRAPPER = ROOT / "bench/mpiferry_bench/measuring/rank_usage.py"


def peaks(args, directory: Path, chunks: int) -> "list[int]":
    """Returns the peak of each rank, in bytes, and the job's own account of its buffers."""
    source, destination = directory / "source", directory / "destination"
    with open(source, "wb") as out:
        out.truncate(chunks * CHUNK)
    run = ferry(args).scatter(RANKS, CHUNK, source, destination, "--window", str(WINDOW),
                              wrapper=(sys.executable, str(WRAPPER), str(directory)))
    shutil.rmtree(destination)
    if run.report["master_buffers"] != WINDOW * WORKERS:
        raise CommandFailed(f"the master may hold {run.report['master_buffers']} chunks, not {WINDOW * WORKERS}")
    return [json.loads((directory / f"rank_{rank}").read_text())["peak_kib"] * KIB for rank in range(RANKS)]


def check(small: "list[int]", large: "list[int]") -> "list[str]":
    wrong = []
    for rank in range(RANKS):
        buffers = WINDOW * CHUNK * (WORKERS if rank == 0 else 1)
        limit = buffers + MOST_ABOVE
        share = 1 if rank == 0 else WORKERS
        growth = DIGEST * CHUNKS * (TIMES - 1) // share + SLACK
        print(f"rank {rank}: {small[rank] / MIB:.1f} MiB for {CHUNKS} chunks, {large[rank] / MIB:.1f} for "
              f"{CHUNKS * TIMES}; limit {limit / MIB:.1f}, growth {(large[rank] - small[rank]) / MIB:.2f} of "
              f"{growth / MIB:.2f}")
        if max(small[rank], large[rank]) > limit:
            wrong.append(f"rank {rank} needs more than {MOST_ABOVE // MIB} MiB above its {buffers / MIB:.2f} of buffers")
        if large[rank] - small[rank] > growth:
            wrong.append(f"rank {rank} needs more memory for a file that is {TIMES} times as large")
    return wrong


def main() -> int:
    args = arguments(__doc__)
    if args.sanitized == "ON":
        skip("sanitizers keep memory of their own")
    # Thousands of files go to memory where it has space, because disks may take long to create them.
    shared = Path("/dev/shm")
    if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 4 * TIMES * CHUNKS * CHUNK:
        args.scratch = shared
    try:
        with scratch_directory(args) as name:
            small = peaks(args, Path(name), CHUNKS)
            large = peaks(args, Path(name), CHUNKS * TIMES)
        return verdict("peak memory", check(small, large))
    except CommandFailed as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
