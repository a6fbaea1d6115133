"""The result of a sweep, in the JSON of Google Benchmark, with keys of our own in its context."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .case import Case
from .plan import Plan

SCHEMA = "mpiferry.sweep/1"


class BadResult(Exception):
    """Says why a file is not the result of a sweep."""


def _stddev(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "mean": statistics.fmean, "median": statistics.median, "stddev": _stddev,
    "cv": lambda values: _stddev(values) / statistics.fmean(values), "min": min, "max": max}


def _figures(run: Mapping[str, Any]) -> dict[str, float]:
    """What has an aggregate."""
    return {"real_time": run["seconds"] * 1e3, "cpu_time": run["cpu_seconds"] * 1e3,
            "bytes_per_second": run["bytes"] / run["seconds"],
            "command_time": run["command_seconds"] * 1e3}


def _entries(case: Case, runs: Sequence[Mapping[str, Any]], place: tuple[int, int]) -> list[dict[str, Any]]:
    """An iteration for each run, then the aggregates: as Google Benchmark writes them."""
    common = {"family_index": place[0], "per_family_instance_index": place[1], "run_name": case.name}
    own: dict[str, Any] = {"chunk": case.chunk, "ranks": case.ranks, "bytes": runs[0]["bytes"]}
    if case.window is not None:
        own["window"] = case.window
    rows = [_figures(run) for run in runs]
    entries = [{"name": case.name, **common, "run_type": "iteration", "repetitions": len(runs),
                "repetition_index": index, "threads": 1, "iterations": 1, "time_unit": "ms", **row, **own}
               for index, row in enumerate(rows)]
    for name, function in AGGREGATES.items():
        entries.append({"name": f"{case.name}_{name}", **common, "run_type": "aggregate",
                        "repetitions": len(runs), "threads": 1, "aggregate_name": name,
                        "aggregate_unit": "percentage" if name == "cv" else "time", "iterations": len(runs),
                        "time_unit": "ms", **{key: function([row[key] for row in rows]) for key in rows[0]}, **own})
    return entries


def make(plan: Plan, runs: Mapping[tuple[str, int], Mapping[str, Any]], *, missing: int,
         context: Mapping[str, Any]) -> dict[str, Any]:
    """`runs` by case name and repetition; `missing`: how many more were to come."""
    benchmarks: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    for case in plan.cases():
        found = [runs[case.name, index] for index in range(plan.repetitions) if (case.name, index) in runs]
        if found:
            families = list({**places, case.kind: 0})
            place = families.index(case.kind), places.get(case.kind, 0)
            places[case.kind] = place[1] + 1
            benchmarks += _entries(case, found, place)
    return {"context": {**context, "sweep_schema": SCHEMA, "partial": missing > 0, "missing_runs": missing},
            "benchmarks": benchmarks}


def load(path: Path) -> dict[str, Any]:
    """A result file. Raises BadResult, or OSError."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadResult(f"{path}: no JSON: {error}") from None
    context = result.get("context") if isinstance(result, dict) else None
    if not isinstance(context, dict) or "sweep_schema" not in context:
        raise BadResult(f"{path}: not the result of a sweep: its context has no sweep_schema")
    if context["sweep_schema"] != SCHEMA:
        raise BadResult(f"{path}: its schema is {context['sweep_schema']!r}, this program reads {SCHEMA!r}; use "
                        "the mpiferry that wrote it, or measure again")
    try:
        speeds(result)
    except BadResult as error:
        raise BadResult(f"{path}: {error}") from None
    return result


class Speed:
    """Of one case, in GB/s."""

    def __init__(self, case: Case, values: Sequence[float], size: int) -> None:
        self.case, self.values, self.size = case, tuple(values), size
        self.median, self.least, self.most = statistics.median(values), min(values), max(values)


def speeds(result: Mapping[str, Any]) -> dict[Case, Speed]:
    """What was measured, case by case. Raises BadResult."""
    values: dict[Case, list[float]] = {}
    sizes: dict[Case, int] = {}
    try:
        for entry in result["benchmarks"]:
            case = Case.parse(entry["run_name"])
            if case is not None and entry["run_type"] == "iteration":
                values.setdefault(case, []).append(float(entry["bytes_per_second"]) / 1e9)
                sizes[case] = int(entry["bytes"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadResult("its benchmarks can not be read: the file is damaged; measure again") from None
    return {case: Speed(case, found, sizes[case]) for case, found in values.items()}
