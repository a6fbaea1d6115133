"""The commands: a sweep, and the page again."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..measuring.command import CommandFailed
from ..measuring.failure import Failure, error_text
from ..measuring.ferry import Ferry
from ..measuring.output import publish
from ..measuring.paths import Unusable, directory, input_file, output_file
from ..measuring.ranks import check_ranks
from ..measuring.scratch import Scratch
from ..measuring.sizes import are, counted, show_size

from .case import KINDS, SCATTER, Case
from .files import CannotDraw, NoPage, draw, write_figures
from .jobs import Jobs, ferry_of
from .journal import Journal, Refused
from .machine import described, identity
from .options import NAME, page_parser, parser, plan_of
from .plan import Plan
from .progress import Progress
from .result import load, make, speeds

FAILED, INTERRUPTED = 1, 130
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def log(text: str) -> None:
    print(f"{NAME}: {text}", file=sys.stderr, flush=True)


class Sweep:
    def __init__(self, plan: Plan, ferry: Ferry, target: Path, journal: Journal,
                 settings: dict[str, Any]) -> None:
        self._plan, self._ferry, self._target, self._journal = plan, ferry, target, journal
        self._not_measured: dict[str, str] = {}
        self._context = {
            "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            **described(target), "executable": str(ferry.binary), "settings": settings}
        self._missing = [(repetition, case) for repetition, case in plan.runs()
                         if (case.name, repetition) not in journal.runs]

    def measure(self) -> None:
        """Runs what the journal lacks."""
        with Scratch(self._target) as scratch:
            jobs = Jobs(self._ferry, self._plan, scratch)
            self._not_measured = jobs.not_measured
            for limit, why in jobs.not_measured.items():
                log(f"{KINDS[limit]}: {why}")
            self._missing = self._lacking(jobs)
            done = sum((case.name, repetition) in self._journal.runs for repetition, case in self._plan.runs())
            if self._missing:
                check_ranks("--launcher", f"'{self._ferry.launcher.template}'", self._ferry, self._plan.ranks[0],
                                scratch.path)
                jobs.make_sources()
            progress = Progress()
            self._learn_durations(progress)
            try:
                while self._missing:
                    repetition, case = self._missing[0]
                    progress.show(done, [case for _, case in self._missing], case)
                    done += self._run(jobs, case, repetition, progress)
                    self._missing = self._lacking(jobs)
            finally:
                progress.clear()

    def _lacking(self, jobs: Jobs) -> list[tuple[int, Case]]:
        return [(repetition, case) for repetition, case in self._plan.runs()
                if (case.name, repetition) not in self._journal.runs and jobs.measurable(case)]

    def _learn_durations(self, progress: Progress) -> None:
        for (name, _), entry in self._journal.runs.items():
            case = Case.parse(name)
            if case is not None:
                progress.durations.add(case, entry["took"])

    def _run(self, jobs: Jobs, case: Case, repetition: int, progress: Progress) -> int:
        began = time.monotonic()
        figures = jobs.run(case)
        if figures is None:
            return 0
        took = round(time.monotonic() - began, 3)  # with the warming and the removal of the last one's files
        progress.durations.add(case, took)
        at = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        self._journal.add(case, repetition, {**figures, "took": took, "at": at})
        return 1

    def write(self, out: Path) -> int:
        """Of what there is, the files. Returns the exit code of that."""
        result = make(self._plan, self._journal.runs, missing=len(self._missing),
                      context={**self._context, "not_measured": self._not_measured})
        try:
            files = write_figures(out, result)
        except OSError as error:
            log(f"error: {error_text(error)}\n  what was measured, {counted(len(self._journal.runs), 'run')}, is in "
                f"{self._journal.path}; make room, and the same command resumes from there")
            return FAILED
        code = 0
        try:
            draw(out / "sweep.json", out / "sweep.html")
            files.append(out / "sweep.html")
        except CannotDraw as error:
            log(f"warning: {error}")  # measuring was asked for, and that is done
        except NoPage as error:
            log(f"error: {error}")
            code = FAILED
        partial = f"PARTIAL, {counted(len(self._missing), 'run')} {are(len(self._missing))} missing: " if self._missing else ""
        print(f"{partial}{', '.join(map(str, files))}")
        return code


def _best(sweep_json: Path) -> None:
    """The fastest of each rank count, in words."""
    found = [speed for case, speed in speeds(load(sweep_json)).items() if case.kind == SCATTER]
    for ranks in sorted({speed.case.ranks for speed in found}):
        best = max((speed for speed in found if speed.case.ranks == ranks), key=lambda speed: speed.median)
        print(f"{ranks} ranks: {best.median:.2f} GB/s ({best.least:.2f} to {best.most:.2f}) with --chunk-size "
              f"{show_size(best.case.chunk).replace(' ', '')} --window {best.case.window}")


def _prepared(argv: Sequence[str]) -> tuple[argparse.Namespace, Plan, Ferry, dict[str, str]]:
    """The options, what they come to, and what must be the same for a sweep to be resumed. Ends with usage if that
    is not to be had."""
    parsed = parser()
    if argv and not argv[0].startswith("-"):
        parsed.error(f"'{argv[0]}' is not a command: page is one, and without a command it measures")
    args = parsed.parse_args(argv)
    plan = plan_of(parsed, args)
    try:
        directory("--target", args.target)
        same = identity(args.binary, args.target)
        ferry = ferry_of(args.binary.resolve(), args.launcher, args.sink == "discard")
    except (Unusable, CommandFailed, ValueError) as error:
        parsed.error(str(error))
    if args.out.exists():
        directory("--out", args.out)
        for name in ("sweep.json", "sweep.csv", "sweep.html"):  # now, not after hours of measuring
            output_file("--out", args.out / name)
    return args, plan, ferry, {**same, "launcher": ferry.launcher.template, "sink": args.sink,
                               "job": f"{show_size(args.size)}, at most {args.max_chunks} chunks",
                               "memory of a rank": show_size(args.memory)}


def sweep(argv: Sequence[str]) -> int:
    args, plan, ferry, same = _prepared(argv)
    with contextlib.ExitStack() as stack:
        journal = Journal(args.out / "sweep.jsonl", same, fresh=args.fresh, must_exist=args.resume)
        try:
            stack.enter_context(journal)
        except OSError as error:
            raise Unusable("--out", args.out, "no results can be written there: " + error_text(error)) from None
        if journal.runs:
            log(f"resuming: {args.out} already has {counted(len(journal.runs), 'run')}")
        one = Sweep(plan, ferry, args.target, journal,
                    {**same, "repetitions": args.repetitions, "left_out": plan.left_out()})
        code = 0
        try:
            one.measure()
        except KeyboardInterrupt:
            code = INTERRUPTED
            log("interrupted; the same command resumes from here" if journal.runs else
                "interrupted before a run had ended: nothing was measured")
        except (Failure, OSError, ValueError) as error:
            code = getattr(error, "code", FAILED)
            log(f"error: {error_text(error)}")
        for number in SIGNALS:  # what was measured is written; that takes seconds
            signal.signal(number, signal.SIG_IGN)
        if journal.runs:
            written = one.write(args.out)
            code = code or written
            if code == 0:
                _best(args.out / "sweep.json")
        return code


GENERATOR = b'content="mpiferry bench"'  # of a page, as page.py writes it


def page(argv: Sequence[str], *, here: bool) -> int:
    """`here`: this interpreter has matplotlib."""
    args = page_parser().parse_args(argv)
    result = load(input_file("SWEEP.json", args.result))
    html = args.html or args.result.with_suffix(".html")
    output_file("--html", html)
    if html.exists() and GENERATOR not in html.read_bytes()[:1000]:
        raise Refused(f"{html}: exists and is not a page of a sweep, so it is not replaced; --html names another")
    if here:
        from .page import page_text  # only now: it needs matplotlib
        publish((html, page_text(result)))
    else:
        draw(args.result, html)
        print(html)
    return 0


def main(argv: Sequence[str]) -> int:
    if argv[:1] in (["page"], ["draw"]):
        return page(argv[1:], here=argv[0] == "draw")
    return sweep(argv)
