"""The result of a sweep, in the JSON of Google Benchmark, with keys of our own in its context."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..measuring.failure import Failure
from .case import KINDS, Case, is_figure
from .plan import Plan

SCHEMA = "mpiferry.sweep/1"


class BadResult(Failure):
    """Has the reason why a file is not the result of a sweep."""


# What each figure of a run is at least; a speed is a quotient of two of them.
LEAST = {"bytes": 1, "bytes_per_second": 1e-9, "real_time": 1e-9, "cpu_time": 0, "command_time": 0}


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


def _check_context(context: Mapping[str, Any]) -> None:
    """What of it is drawn. Raises BadResult."""
    def strings(value: object) -> bool:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())

    for key, good in (("settings", lambda value: isinstance(value, dict)), ("not_measured", strings),
                      ("load_avg", lambda value: isinstance(value, list) and all(is_figure(one, 0) for one in value)),
                      ("missing_runs", lambda value: is_figure(value, 0))):
        if key in context and not good(context[key]):
            raise BadResult(f"context: {key}: {_shown(context[key])} cannot be: the file is damaged; measure again")


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
        _check_context(context)
        speeds(result)
    except BadResult as error:
        raise BadResult(f"{path}: {error}") from None
    return result


class Speed:
    """Of one case, in GB/s."""

    def __init__(self, case: Case, values: Sequence[float], size: int) -> None:
        self.case, self.values, self.size = case, tuple(values), size
        self.median, self.least, self.most = statistics.median(values), min(values), max(values)


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) < 60 else text[:56] + " ..."


def _case(number: int, entry: Any) -> Case | None:
    """Of an entry whose figures can be read; None for what later versions may measure, too. Raises BadResult."""
    if not isinstance(entry, dict):
        raise BadResult(f"benchmarks[{number}] cannot be read: the file is damaged; measure again")

    def check(good: bool, key: str) -> None:
        if not good:
            raise BadResult(f"benchmarks[{number}] ({entry.get('name')}): {key}: "
                            f"{_shown(entry[key]) if key in entry else 'missing'} cannot be: the file is damaged; "
                            "measure again")

    name = entry.get("run_name")
    check(isinstance(name, str), "run_name")
    case = Case.parse(name)
    if case is None:
        check(name.partition("/")[0] not in KINDS, "run_name")
        return None
    check(case.chunk > 0 and case.ranks > 1 and case.window != 0, "run_name")
    for key, value in (("chunk", case.chunk), ("ranks", case.ranks), ("window", case.window)):
        check(type(entry.get(key)) in (int, type(None)) and entry.get(key) == value, key)
    check(entry.get("run_type") in ("iteration", "aggregate"), "run_type")
    spread = entry["run_type"] == "aggregate"  # which may be nothing
    for key, least in LEAST.items():
        check(is_figure(entry.get(key), 0 if spread else least), key)
    return case


def speeds(result: Mapping[str, Any]) -> dict[Case, Speed]:
    """What was measured, case by case. Raises BadResult."""
    values: dict[Case, list[float]] = {}
    sizes: dict[Case, int] = {}
    entries = result.get("benchmarks")
    if not isinstance(entries, list):
        raise BadResult("its benchmarks cannot be read: the file is damaged; measure again")
    for number, entry in enumerate(entries):
        case = _case(number, entry)
        if case is not None and entry["run_type"] == "iteration":
            values.setdefault(case, []).append(float(entry["bytes_per_second"]) / 1e9)
            sizes[case] = int(entry["bytes"])
    return {case: Speed(case, found, sizes[case]) for case, found in values.items()}
