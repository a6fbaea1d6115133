"""The file of an experiment's runs, and what they come to."""

import argparse
import json
from collections.abc import Sequence
from math import expm1, isfinite, log
from pathlib import Path

from ..measuring.output import publish
from ..measuring.sample import table
from .jobs import Case
from .refusal import Refusal
from .rendering import percent
from .signed_rank import estimate

SCHEMA = "mpiferry.regress-experiment/1"
KINDS = ("planted", "itself")


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _complete(found: dict) -> bool:
    """Whether all is there that is read later."""
    try:
        return isinstance(found["identity"], dict) and "planted_program" in found \
            and (found["amounts"] is None or all(map(_number, found["amounts"]))) and all(
                run["kind"] in KINDS and isinstance(run["verdict"], str) and isinstance(run["worst"]["figure"], str)
                and isinstance(run["worst"]["case"], str)
                and all(map(_number, (run["pairs"], run["seconds"])))
                # so few pairs can leave an end of an interval open: infinite, and no damage
                and all(isinstance(run["worst"][key], (int, float)) for key in ("slowdown", "low", "high", "p"))
                and all(isinstance(pair["case"], str) and pair[program]["transfer"] > 0
                        for pair in run["jobs"] for program in ("base", "head"))
                for run in found["runs"])
    except (KeyError, TypeError):
        return False


class Results:
    """The file. What was measured on another machine, with other programs or another rule is no part of
    this experiment."""

    def __init__(self, path: Path, identity: dict) -> None:
        self.path = path
        self.data: dict = {"schema": SCHEMA, "identity": identity, "amounts": None, "planted_program": None,
                           "runs": []}
        if not path.exists():
            return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            schema = found["schema"]
        except (ValueError, KeyError, TypeError):
            raise Refusal(f"{path}: not a file of results of this experiment; {self._way_out()}") from None
        if schema != SCHEMA:
            raise Refusal(f"{path}: has schema {schema}, this program reads {SCHEMA}; {self._way_out()}")
        if not _complete(found):
            raise Refusal(f"{path}: keys are missing, or hold something else: the file is damaged; {self._way_out()}")
        for key, value in identity.items():
            if found["identity"].get(key) != value:
                raise Refusal(f"{path}: was measured with another {key} ({found['identity'].get(key)}, now "
                              f"{value}); {self._way_out()}")
        self.data = found

    def _way_out(self) -> str:
        return "--results names another file, or delete this one to begin again"

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        publish((self.path, json.dumps(self.data, indent=1) + "\n"))

    def of(self, kind: str) -> list[dict]:
        return [run for run in self.data["runs"] if run["kind"] == kind]


def pooled(runs: Sequence[dict], case: Case) -> str:
    """What the slowdown was, from all pairs of all runs."""
    ratios = [log(pair["head"]["transfer"] / pair["base"]["transfer"])
              for run in runs for pair in run["jobs"] if pair["case"] == str(case)]
    middle, low, high = estimate(ratios, 0.025)
    return f"{percent(expm1(middle))} ({percent(expm1(low))} to {percent(expm1(high))})"


def _share(red: int, runs: Sequence[dict]) -> str:
    return f"{red} of {len(runs)}" if runs else "no run yet"


def judged(results: Results, runs: int) -> tuple[bool, list[str]]:
    """Whether the aims are met: 19 of 20 found, one false alarm in 20 at most."""
    planted, itself = results.of("planted")[:runs], results.of("itself")[:runs]
    found = sum(run["verdict"] == "red" for run in planted)
    alarms = sum(run["verdict"] == "red" for run in itself)
    needed, allowed = -(-19 * runs // 20), -(-runs // 20)
    complete = all(len(results.of(kind)) >= runs for kind in KINDS)
    word = "met" if complete else "so far"
    return complete and found >= needed and alarms <= allowed, [
        f"planted slowdown found: {_share(found, planted)} (aim: at least {needed} of {runs}; "
        f"{word if found >= needed or not complete else 'MISSED'})",
        f"false alarms: {_share(alarms, itself)} (aim: at most {allowed} of {runs}; "
        f"{word if alarms <= allowed else 'MISSED'})"]


def markdown(results: Results, args: argparse.Namespace) -> tuple[bool, str]:
    met, totals = judged(results, args.runs)
    rows = [(str(number + 1), kind, run["verdict"], percent(run["worst"]["slowdown"]),
             f"{percent(run['worst']['low'])} to {percent(run['worst']['high'])}",
             f"{run['worst']['p']:.2g}", f"{run['worst']['case']}, {run['worst']['figure']}",
             str(run["pairs"]), f"{run['seconds']:.0f}")
            for kind in KINDS for number, run in enumerate(results.of(kind))]
    plants = [(str(case), str(amount), *(pooled(results.of(kind), case) if results.of(kind) else ""
                                         for kind in KINDS))
              for case, amount in zip(args.cases, results.data["amounts"] or ())]
    lines = ["## The gate's two experiments", "",
             *(f"- {line}" for line in (*totals, results.data["identity"]["machine"],
                                        results.data["identity"]["target"])), "",
             table(("case", "planted ns a chunk", "transfer, planted (95 %)", "transfer, itself (95 %)"), plants),
             "", table(("run", "HEAD against", "verdict", "slowest", "interval", "p", "case and figure", "pairs",
                        "seconds"), rows)]
    return met, "\n".join(lines) + "\n"
