"""How good the gate is: runs with a planted slowdown, and runs of HEAD against itself.

Each run is one whole run of the gate with its usual rule and budget; the two kinds take turns. The file of
results is written after each run, and a second start goes on where the first one ended.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from math import expm1, isfinite, log
from pathlib import Path
from random import Random

from measuring import output
from measuring.machine import describe
from measuring.paths import Unusable, directory
from measuring.sample import table
from measuring.scratch import Scratch
from measuring.usage import Parser, whole_number

from . import command_line as shared
from .base import Repository
from .building import build_head
from .gate import Gate, Pair, as_dict
from .jobs import Case, Jobs, fingerprint
from .preflight import check_jobs, check_tools
from .planting import CALIBRATION_PAIRS, Amounts, calibrate, plant
from .refusal import GREEN, RED, Refusal
from .rendering import percent
from .signed_rank import estimate

SCHEMA = "mpiferry.regress-experiment/1"
KINDS = ("planted", "itself")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(brief="[OPTION ...]", prog="bench/regress experiment", description=__doc__,
                    parents=[shared.common_options()], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=whole_number(1), default=20, help="of each kind (%(default)s)")
    parser.add_argument("--plant", type=shared.between(0, 1000), default=15.0, metavar="PERCENT",
                        help="by which the hot path is made slower (%(default)g)")
    parser.add_argument("--results", type=Path, metavar="FILE",
                        help="where runs are kept, and found again (build/regress/experiment.json)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="what is printed")
    args = parser.parse_args(argv)
    shared.settle(parser, args)
    args.results = args.results or args.build / "experiment.json"
    return args


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
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
        part.replace(self.path)

    def of(self, kind: str) -> list[dict]:
        return [run for run in self.data["runs"] if run["kind"] == kind]


class Experiment:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.repository = Repository(shared.ROOT)
        self.below = args.build / "planted"
        self.head = build_head(self.repository, args.build, shared.tell)
        machine = describe(args.target)
        self.results = Results(args.results, {
            "machine": machine[0], "target": machine[1], "program": fingerprint(self.head),
            "rule": asdict(args.rule), "minutes": args.minutes, "most_pairs": args.pairs, "plant": args.plant,
            "cases": [str(case) for case in args.cases]})
        # The same program under another name: what HEAD is compared with when it is compared with itself.
        self.twin = args.build / "twin" / "mpiferry"
        self.twin.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.head, self.twin)

    def planted(self) -> Path:
        """The slower program, calibrated unless an earlier start has done that."""
        data = self.results.data
        if data["amounts"] is None:
            shared.tell(f"calibrating a slowdown of {self.args.plant:g} %")
            with Scratch(self.args.target) as scratch:
                amounts = calibrate(self.args.cases, self.args.plant / 100, partial(self._pairs, scratch),
                                    shared.tell)
            data["amounts"] = list(amounts.values())
        program = plant(self.repository, self.below, dict(zip(self.args.cases, data["amounts"])),
                        shared.tell)
        data["planted_program"] = fingerprint(program)
        self.results.save()
        return program

    def _pairs(self, scratch: Scratch, amounts: Amounts) -> list[Pair]:
        jobs = self._jobs(plant(self.repository, self.below, amounts, shared.tell), scratch)
        gate = Gate(self.args.rule, self.args.cases, jobs.measure, seed=self.args.seed)
        return gate.measure_only(CALIBRATION_PAIRS)

    def _jobs(self, head: Path, scratch: Scratch) -> Jobs:
        for old in scratch.path.glob("source-*"):
            old.unlink()
        jobs = Jobs(self.twin, head, self.args.mpiexec, scratch, self.args.cases)
        jobs.warm_up(self.args.cases)
        return jobs

    def run(self) -> None:
        programs = {"planted": self.planted(), "itself": self.head}
        for number in range(self.args.runs):
            for kind in KINDS:
                if len(self.results.of(kind)) > number:
                    continue
                with Scratch(self.args.target) as scratch:
                    jobs = self._jobs(programs[kind], scratch)
                    seed = Random(f"{self.args.seed} {kind} {number}").randrange(2 ** 31)
                    gate = Gate(self.args.rule, self.args.cases, jobs.measure, seed=seed)
                    course = gate.run(60 * self.args.minutes, self.args.pairs)
                worst = max((one for one in course.findings if one.judged),
                            key=lambda one: (one.state == "slower", one.slowdown))
                self.results.data["runs"].append({
                    "kind": kind, "verdict": course.verdict, "seconds": round(course.seconds, 1), "seed": seed,
                    "pairs": len(course.pairs) // len(self.args.cases),
                    "worst": {"case": str(worst.key[0]), "figure": worst.key[1], "slowdown": worst.slowdown,
                              "low": worst.low, "high": worst.high, "p": worst.p},
                    "jobs": [as_dict(pair) for pair in course.pairs]})
                self.results.save()
                shared.tell(f"{kind} {number + 1} of {self.args.runs}: {course.verdict}, slowest "
                            f"{percent(worst.slowdown)}, {course.seconds:.0f} s")


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
    say = "met" if complete else "so far"
    return complete and found >= needed and alarms <= allowed, [
        f"planted slowdown found: {_share(found, planted)} (aim: at least {needed} of {runs}; "
        f"{say if found >= needed or not complete else 'MISSED'})",
        f"false alarms: {_share(alarms, itself)} (aim: at most {allowed} of {runs}; "
        f"{say if alarms <= allowed else 'MISSED'})"]


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


def experiment(argv: Sequence[str]) -> int:
    args = arguments(argv)
    output.check("--markdown", args.markdown)
    output.check_new_directory("--build", args.build)
    output.check_new_directory("--results", args.results.parent)
    if args.results.parent.is_dir():
        output.check("--results", args.results)
    directory("--target", args.target)
    check_tools()
    check_jobs(args.mpiexec, args.target, args.cases)
    one = Experiment(args)
    try:
        one.run()
    except BaseException:
        if one.results.data["runs"]:
            try:
                show(one.results, args)
            except Unusable as second:  # what ended the runs is the error
                shared.tell(f"error: {second}")
        raise
    return GREEN if show(one.results, args) else RED


def show(results: Results, args: argparse.Namespace) -> bool:
    met, text = markdown(results, args)
    print(text, end="", flush=True)
    output.write("--markdown", args.markdown, text)
    return met
