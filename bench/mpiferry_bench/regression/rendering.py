"""A run's result for people (Markdown) and for programs (JSON)."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite

from ..measuring.sample import table
from ..measuring.sizes import are, counted

from .decision import Finding, Rule
from .gate import Course, as_dict
from .refusal import GREEN, RED, UNDECIDED

SCHEMA = "mpiferry.regress/1"
CODES = {"green": GREEN, "red": RED, "undecided": UNDECIDED}
FIGURES = {"transfer": "transfer", "whole": "whole command", "cpu": "CPU time (shown only)"}


def percent(value: float) -> str:
    """So few pairs can leave an end of an interval open: -1 and infinity."""
    return f"{100 * value:+.1f} %" if -1 < value < 10 else "?" if value <= -1 else "over 900 %"


def at_least(value: float) -> str:
    """A slowdown without a sign: the smallest that can be detected."""
    return percent(value).removeprefix("+")


def _p(value: float) -> str:
    return "1" if value >= 1 else "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _rows(findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    rows = []
    for one in sorted(findings, key=lambda one: (not one.judged, one.state != "slower", -one.slowdown)):
        state = f"**{one.state}**" if one.judged and one.state == "slower" else one.state
        rows.append((str(one.key[0]), FIGURES[one.key[1]], percent(one.slowdown),
                     f"{percent(one.low)} to {percent(one.high)}", _p(one.p), str(one.pairs),
                     at_least(one.detectable), state))
    return rows


def findings_table(findings: Sequence[Finding], rule: Rule) -> str:
    return table(("case", "of the", "HEAD takes", f"{100 * rule.confidence:.0f} % interval", "p", "pairs",
                  "detectable from", "verdict"), _rows(findings))


def reason(course: Course, rule: Rule) -> str:
    """The verdict in one sentence."""
    judged = [one for one in course.findings if one.judged]
    slower = [one for one in judged if one.state == "slower"]
    if course.partial:
        rest = "what follows is of the part that was measured and" if judged else "that is too little for a table and"
        return f"not finished after {counted(len(course.pairs), 'pair')}; {rest} decides nothing"
    if course.verdict == "red":
        worst = max(slower, key=lambda one: one.slowdown)
        return (f"{len(slower)} of {counted(len(judged), 'figure')} {are(len(slower))} slower than BASE, worst {FIGURES[worst.key[1]]} "
                f"at {worst.key[0]}: {percent(worst.slowdown)} ({percent(worst.low)} to {percent(worst.high)}), "
                f"p {_p(worst.p)} where {rule.alpha:g} is needed")
    if course.verdict == "green" and not course.pairs:
        return f"{course.identical}, so nothing was measured"
    if course.verdict == "green":
        return f"no case is slower by {100 * rule.margin:.0f} % or more"
    open_ones = [one for one in judged if one.state == "undecided"]
    least = max(one.detectable for one in open_ones)
    return (f"the machine is too noisy, or the time too short, to rule out a slowdown of "
            f"{100 * rule.margin:.0f} % in {len(open_ones)} of {counted(len(judged), 'figure')}; this run can detect "
            f"slowdowns from {at_least(least)}. Give it more --minutes or a quieter machine")


def markdown(result: dict, course: Course, rule: Rule) -> str:
    word = "PARTIAL" if course.partial else course.verdict.upper()
    lines = [f"## Regression gate: {word}", "", f"{word}: {reason(course, rule)}.", ""]
    if course.findings:
        lines += [findings_table(course.findings, rule), ""]
    for name in ("base", "head"):
        lines.append(f"- {name.upper()}: {result[name]['name']}")
    lines += [f"- {line}" for line in result["notes"]]
    lines += [f"- {line}" for line in result["machine"]]
    if not course.pairs:
        return "\n".join(lines) + "\n"
    lines += [
        f"- {counted(len(course.pairs), 'pair')} in {course.seconds:.0f} s, {counted(len(course.looks), 'look')} at "
        f"the data; a coin decides which of a pair runs first (seed {result['seed']}); one job of each program and "
        "case before, not counted",
        f"- slower: p, corrected for the number of figures and looks, is at most {rule.alpha:g}, and the "
        f"estimate is at least {100 * rule.threshold:.0f} %. Not slower: the interval ends below "
        f"{100 * rule.margin:.0f} %, whatever is detectable. Detectable from: 19 of 20 such runs would call a slowdown "
        "of this size slower",
    ]
    return "\n".join(lines) + "\n"


def _finding(one: Finding) -> dict:
    values = {key: (value if not isinstance(value, float) or isfinite(value) else None)
              for key, value in asdict(one).items() if key != "key"}
    return {"case": str(one.key[0]), "figure": one.key[1], **values}


def as_json(result: dict, course: Course, rule: Rule, code: int) -> dict:
    """Infinite ends of intervals are null."""
    return {
        "schema": SCHEMA, "verdict": course.verdict, "partial": course.partial,
        "exit_code": code, "reason": reason(course, rule), **result, "rule": asdict(rule),
        "seconds": round(course.seconds, 3), "looks": course.looks,
        "findings": [_finding(one) for one in course.findings],
        "pairs": [as_dict(pair) for pair in course.pairs],
    }
