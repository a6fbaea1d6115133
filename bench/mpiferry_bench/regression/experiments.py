"""How good the gate is: runs with a planted slowdown, and runs of HEAD against itself.

Each run is one whole run of the gate with its usual rule and budget; the two kinds take turns. The file of
results is written after each run, and a second start resumes where the first one ended.
"""

import argparse
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from random import Random

from ..measuring import output
from ..measuring.machine import describe
from ..measuring.paths import Unusable, directory
from ..measuring.scratch import Scratch
from ..measuring.usage import Parser, whole_number
from .base import Repository
from .building import build_head
from .experiment_results import KINDS, Results, markdown
from .gate import Gate, Pair, as_dict
from .jobs import Jobs, fingerprint
from .options import between, common_options, settle
from .planting import CALIBRATION_PAIRS, Amounts, calibrate, plant
from .preflight import check_jobs, check_tools
from .refusal import GREEN, RED
from .rendering import percent


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(brief="[OPTION ...]", prog="bench/regress experiment", description=__doc__,
                    parents=[common_options()], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=whole_number(1), default=20, help="of each kind (%(default)s)")
    parser.add_argument("--plant", type=between(0, 1000), default=15.0, metavar="PERCENT",
                        help="by which the hot path is made slower (%(default)g)")
    parser.add_argument("--results", type=Path, metavar="FILE",
                        help="where runs are kept, and found again (build/regress/experiment.json)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="what is printed")
    args = parser.parse_args(argv)
    settle(parser, args)
    args.results = args.results or args.build / "experiment.json"
    return args


class Experiment:
    def __init__(self, args: argparse.Namespace, repository: Repository, log: Callable[[str], None]) -> None:
        self.args, self.repository, self.log = args, repository, log
        self.below = args.build / "planted"
        self.head = build_head(self.repository, args.build, self.log)
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
            self.log(f"calibrating a slowdown of {self.args.plant:g} %")
            with Scratch(self.args.target) as scratch:
                amounts = calibrate(self.args.cases, self.args.plant / 100, partial(self._pairs, scratch),
                                    self.log)
            data["amounts"] = list(amounts.values())
        program = plant(self.repository, self.below, dict(zip(self.args.cases, data["amounts"])),
                        self.log)
        data["planted_program"] = fingerprint(program)
        self.results.save()
        return program

    def _pairs(self, scratch: Scratch, amounts: Amounts) -> list[Pair]:
        jobs = self._jobs(plant(self.repository, self.below, amounts, self.log), scratch)
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
                self.log(f"{kind} {number + 1} of {self.args.runs}: {course.verdict}, slowest "
                            f"{percent(worst.slowdown)}, {course.seconds:.0f} s")


def experiment(argv: Sequence[str], root: Path, log: Callable[[str], None]) -> int:
    args = arguments(argv)
    output.check("--markdown", args.markdown)
    output.check_new_directory("--build", args.build)
    output.check_new_directory("--results", args.results.parent)
    if args.results.parent.is_dir():
        output.check("--results", args.results)
    directory("--target", args.target)
    check_tools()
    check_jobs(args.mpiexec, args.target, args.cases)
    one = Experiment(args, Repository(root), log)
    try:
        one.run()
    except BaseException:
        if one.results.data["runs"]:
            try:
                show(one.results, args)
            except Unusable as second:  # what ended the runs is the error
                log(f"error: {second}")
        raise
    return GREEN if show(one.results, args) else RED


def show(results: Results, args: argparse.Namespace) -> bool:
    met, text = markdown(results, args)
    print(text, end="", flush=True)
    output.write("--markdown", args.markdown, text)
    return met
