"""What a comparison found: Markdown for readers, JSON for programs."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..measuring.ferry import cached
from ..measuring.machine import describe
from ..measuring.sample import table
from ..measuring.sizes import are, counted, show_size

from .case import SECONDS, TRANSFER, Case, times_as_fast
from .place import Place
from .scenario import Measured
from .setting import Setting
from .targets import TARGETS, Outcome, Target

SCHEMA = "mpiferry.compare/1"
HOW = ("every repetition runs all cases of a scenario, in the opposite order of the one before; the file system "
       "is warmed right before each run; a ratio is taken within a repetition; shown: median and range")


def machine(setting: Setting) -> "list[str]":
    places = [place.scratch.target for place in (setting.memory, setting.disk) if isinstance(place, Place)]
    lines: "dict[str, None]" = {}
    for target in places or [Path("/")]:
        lines.update(dict.fromkeys(describe(target)))
    build = cached(setting.ferry.binary, "CMAKE_BUILD_TYPE") or "unknown"
    sanitized = ", SANITIZED" if cached(setting.ferry.binary, "MPIFERRY_SANITIZE") == "ON" else ""
    return [*lines, f"build: {build}{sanitized}"]


def head(setting: Setting, lines: Sequence[str]) -> str:
    sizes = f"files: {show_size(setting.large)}, {show_size(setting.small)} in chunks of 1 KiB"
    text = [*lines, f"{sizes}; repetitions: {setting.repetitions}; {HOW}"]
    if setting.quick:
        text.append("QUICK: tiny files, run once, to see that it works; the figures mean nothing and nothing is judged")
    return "\n".join(("## Side by side\n", *(f"- {line}" for line in text), ""))


def _timed_row(case: Case, cases: Mapping[str, Case], figure: str = SECONDS) -> "tuple[str, ...]":
    name = case.name if figure == SECONDS else f"{case.name}, transfer"
    if not case.figures:
        return name, *[""] * 6
    speed = case.speed(figure).show(3) if case.size else ("", "")
    ferry = cases.get(case.against)
    ratio = times_as_fast(ferry, case).show() if ferry and ferry.figures.keys() & case.figures.keys() else ("", "")
    return name, *case.sample(figure).show(3), *speed, *ratio


def scenario(measured: Measured, setting: Setting) -> str:
    """The section of one scenario, with what was measured so far."""
    lines = [f"### {measured.scenario.title}\n"]
    cases = measured.cases
    if measured.not_run:
        return "\n".join((*lines, f"not run: {measured.not_run}\n"))
    for case in cases.values():
        lines.append(f"- {case.name}: `{case.command}`" + (f"; not run: {case.not_run}" if case.not_run else ""))
    done = min((len(case.figures) for case in cases.values() if not case.not_run), default=0)
    if done < setting.repetitions and any(not case.not_run for case in cases.values()):
        lines.append(f"- PARTIAL: {done} of {counted(setting.repetitions, 'repetition')} {are(done)} whole")
    timed = [case for case in cases.values() if any(SECONDS in run for run in case.figures.values())]
    if timed:
        rows = []
        for case in timed:
            rows.append(_timed_row(case, cases))
            if all(TRANSFER in run for run in case.figures.values()):
                rows.append(_timed_row(case, cases, TRANSFER))
        lines += ["", table(("what", "seconds", "range", "GB/s", "range", "mpiferry's speed, this = 1", "range"), rows)]
    others = [(case.name, name, *case.sample(name).show())
              for case in cases.values() if case.figures
              for name in next(iter(case.figures.values())) if name not in (SECONDS, TRANSFER)]
    if others:
        lines += ["", table(("what", "figure", "median", "range"), others)]
    for target, outcome in _own_outcomes(measured):
        if len(outcome.among) > 1:
            rows = [(name, *sample.show()) for name, sample in outcome.among.items()]
            lines += ["", table((target.unit, "median", f"range (target {target.shown()})"), rows)]
    return "\n".join((*lines, ""))


def _against(target: Target, setting: Setting) -> str:
    return target.against.format(large=show_size(setting.large), small=show_size(setting.small))


def _own_outcomes(measured: Measured) -> "list[tuple[Target, Outcome]]":
    own = [target for target in TARGETS if target.scenario == measured.scenario.name]
    found = measured.outcomes([target.name for target in own])
    return [(target, found[target.name]) for target in own]


def _partial(outcome: Outcome, setting: Setting) -> bool:
    return outcome.sample is not None and len(outcome.sample.values) < setting.repetitions


def outcomes(measured: Sequence[Measured]) -> "dict[str, Outcome]":
    """By target; those of the scenarios that were asked for."""
    return {target.name: outcome for one in measured for target, outcome in _own_outcomes(one)}


def targets(found: Mapping[str, Outcome], setting: Setting) -> str:
    """The table of targets: a row each."""
    rows: "list[tuple[str, ...]]" = []
    for target in TARGETS:
        if target.name in found:
            outcome = found[target.name]
            shown = outcome.sample.show() if outcome.sample else ("", "")
            judged = outcome.verdict(target, judged=not setting.quick)
            partial = " (PARTIAL)" if _partial(outcome, setting) else ""
            note = f" ({outcome.note})" if outcome.note else ""
            rows.append((_against(target, setting) + note, target.shown(), *shown, judged + partial))
    return "### Targets\n\n" + table(("against", "target", "median", "range", "verdict"), rows) + "\n" if rows else ""


def as_json(measured: Sequence[Measured], setting: Setting, lines: Sequence[str], *, partial: bool) -> dict:
    found = outcomes(measured)
    rows = [{"name": target.name, "scenario": target.scenario, "against": _against(target, setting),
             "bound": target.bound, "unit": target.unit, "least": target.least, "note": outcome.note,
             "values": list(outcome.sample.values) if outcome.sample else [],
             "among": {name: list(sample.values) for name, sample in outcome.among.items()},
             "median": outcome.sample.median if outcome.sample else None,
             "partial": _partial(outcome, setting),
             "verdict": outcome.verdict(target, judged=not setting.quick)}
            for target in TARGETS if target.name in found for outcome in (found[target.name],)]
    scenarios = [{"name": one.scenario.name, "title": one.scenario.title, "place": one.scenario.place,
                  "not_run": one.not_run,
                  "cases": [{"name": case.name, "command": case.command, "bytes": case.size,
                             "against": case.against, "not_run": case.not_run,
                             "runs": [{"repetition": repetition, **run} for repetition, run in case.figures.items()]}
                            for case in one.cases.values()]}
                 for one in measured]
    return {"schema": SCHEMA, "partial": partial, "quick": setting.quick,
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": list(lines),
            "repetitions": setting.repetitions, "large_bytes": setting.large, "small_bytes": setting.small,
            "idle_bytes": setting.idle, "targets": rows, "scenarios": scenarios}
