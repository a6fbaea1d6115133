"""What a transfer could reach at most, from what its parts cost.

bench_parts measures each part alone, with c processes that share B bytes: c = min(cores, ranks), the
cores that the job can keep busy. If part i takes T(i) seconds, a byte of it costs

    t(i) = c * T(i) / B       core-seconds.

Every byte needs every part once, and c cores give c core-seconds a second, so

    limit of the cores = c / sum of t(i)       bytes a second.

No rank can use more than one core, and rank 0 does its parts for every byte, each worker for its share:

    limit of the ranks = 1 / max(t(read) + t(hash_master),
                                 (t(copy) + t(hash_worker) + t(write)) / workers).

The sum of the parts is the limit of the cores. Where there are more cores than ranks need, the limit
of the ranks is the lower one, so both are shown.
"""

import os
from collections.abc import Mapping

from ..measuring.programs import limit

MASTER = ("read", "hash_master")
WORKER = ("copy", "hash_worker", "write")


def costs(seconds: Mapping[str, float], processes: int, size: int) -> dict[str, float]:
    """Core-seconds a byte, from the seconds of bench_parts."""
    return {part: processes * seconds[part] / size for part in MASTER + WORKER}


def cores(ranks: int) -> int:
    """That a job of so many ranks can keep busy."""
    return min(len(os.sched_getaffinity(0)), ranks)


def command(program: str, ranks: int, chunk: "int | str", size: int, source: str, directory: str) -> "list[str]":
    return [program, str(cores(ranks)), str(chunk), str(size), source, directory]


def measure(program: str, ranks: int, chunk: int, size: int, source: str, directory: str) -> dict[str, float]:
    """Core-seconds a byte. `directory`: - for a job that writes nothing."""
    _, seconds = limit(command(program, ranks, chunk, size, source, directory))
    return costs(seconds, cores(ranks), size)


def core_limit(cost: Mapping[str, float], cores: int) -> float:
    """Bytes a second with all cores busy."""
    return cores / sum(cost[part] for part in MASTER + WORKER)


def rank_limit(cost: Mapping[str, float], workers: int) -> float:
    """Bytes a second that the busiest rank lets through."""
    return 1 / max(sum(cost[part] for part in MASTER), sum(cost[part] for part in WORKER) / workers)
