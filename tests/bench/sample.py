"""Runs that were never measured: a smooth made-up machine, so that tests need no MPI."""

import tree  # noqa: F401: the path to bench/
from mpiferry_bench.sweep.case import SCATTER, TRANSPORT, Case
from mpiferry_bench.sweep.plan import Plan
from mpiferry_bench.sweep.result import make

PLAN = Plan(chunks=[1 << 10 + 2 * power for power in range(8)], ranks=[2, 3, 5, 9], windows=[1, 2, 4, 8, 16, 32],
            repetitions=3, size=512 << 20, max_chunks=16_384, memory=256 << 20)
CONTEXT = {"date": "2030-01-01T00:00:00+00:00", "host_name": "made-up", "num_cpus": 2, "mhz_per_cpu": 2000,
           "machine": "no machine, 2 cores", "load_avg": [0.5, 0.4, 0.3],
           "settings": {"program": "mpiferry 0 (0)", "target": "/nowhere (tmpfs)", "repetitions": 3}}


def speed(case: Case, repetition: int) -> float:
    """Returns bytes per second."""
    workers = case.ranks - 1
    oversubscription = 1 if case.ranks <= 3 else 3 / case.ranks + 0.3
    top = {SCATTER: 2.6e9, TRANSPORT: 14e9}.get(case.kind, 5.5e9) * min(1, 0.55 + 0.25 * workers) * oversubscription
    busy = case.chunk / (case.chunk + 60e3 / min(8, case.window or 8))
    cache = 1 / (1 + case.chunk * (case.window or 4) * workers / 600e6)
    return top * busy * cache * (1 + 0.06 * (repetition - 1) + 0.02 * ((case.chunk * case.ranks) % 7 - 3))


def runs(plan: Plan = PLAN) -> dict:
    found = {}
    for repetition, case in plan.runs():
        size = plan.job_size(case.chunk)
        seconds = size / speed(case, repetition)
        found[case.name, repetition] = {"case": case.name, "repetition": repetition, "bytes": size, "seconds": seconds,
                                        "command_seconds": seconds + 0.2, "cpu_seconds": seconds * 2, "took": 1.0}
    return found


def result(plan: Plan = PLAN, missing: int = 0) -> dict:
    there = list(runs(plan).items())
    return make(plan, dict(there[:len(there) - missing]), missing=missing, context=CONTEXT)
