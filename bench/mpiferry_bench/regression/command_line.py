"""Arguments in, exit code and files out."""

import argparse
import json
import sys
from collections.abc import Sequence

from ..measuring import output
from ..measuring.failure import error_text
from ..measuring.machine import describe
from ..measuring.paths import ROOT, Unusable
from ..measuring.ranks import version
from ..measuring.scratch import NoSpace, Scratch

from .base import PROGRAM, Repository, choose
from .building import build_base, build_head
from .gate import Course, Gate
from .experiments import experiment
from .jobs import Jobs, fingerprint
from .options import arguments
from .preflight import SUMMARY, check_jobs, check_places, check_tools, summary_file
from .refusal import FAILED, GREEN, INTERRUPTED, USAGE, NoBase, Refusal
from .rendering import CODES, as_json, markdown


def log(text: str) -> None:
    print(f"bench/regress: {text}", file=sys.stderr, flush=True)


def programs(args: argparse.Namespace, notes: list[str]) -> tuple[dict, dict]:
    """What BASE and HEAD are: name and program; no program if --short need not measure."""
    for option, program in (("--base-binary", args.base_binary), ("--head-binary", args.head_binary)):
        if program is not None:
            version(option, program)
    if args.base_binary is not None:
        check_jobs(args.mpiexec, args.target, args.cases)
        return ({"name": str(args.base_binary), "program": args.base_binary},
                {"name": str(args.head_binary), "program": args.head_binary})
    repository = Repository(ROOT)
    base = choose(repository, args.base)
    log(f"BASE is {base.name} ({base.why})")
    head = repository.describe("HEAD")
    if repository.dirty:
        notes.append("the sources in the working tree differ from HEAD's, and are measured as they are")
        log(notes[-1])
        head += ", and changes that are not committed"
    base_program = head_program = None
    if args.short and not args.even_if_identical and repository.builds_as(base.commit):
        notes.append(f"compared: {', '.join(PROGRAM)}")
    else:
        check_tools()
        check_jobs(args.mpiexec, args.target, args.cases)
        if args.head_binary is not None:
            notes.append(f"HEAD's program was not built here: it is {args.head_binary}")
            log(notes[-1])
        base_program = build_base(repository, base, args.build, log)
        head_program = args.head_binary or build_head(repository, args.build, log)
    return ({"name": f"{base.name} ({base.why})", "commit": base.commit, "program": base_program},
            {"name": head, "commit": repository.head, "program": head_program})


def write(args: argparse.Namespace, result: dict, course: Course, code: int) -> int:
    """Shows and stores the result; returns the exit code that it was given."""
    text = markdown(result, course, args.rule)
    print(text, end="", flush=True)
    data = json.dumps(as_json(result, course, args.rule, code), indent=1) + "\n"
    failures = []
    for option, file, content, mode in (("--json", args.json, data, "w"), ("--markdown", args.markdown, text, "w"),
                                        (f"${SUMMARY}", summary_file(), text, "a")):
        try:
            output.write(option, file, content, mode)
        except Unusable as error:  # the others may still come off
            failures.append(error)
    for error in failures[1:]:
        log(f"error: {error}")
    if failures:
        raise failures[0]
    return code


def nothing_to_measure(why: str) -> Course:
    return Course(verdict="green", partial=False, identical=why)


def regress(args: argparse.Namespace) -> int:
    check_places(args)  # now, not after the measurement
    result: dict = {"notes": [], "seed": args.seed, "cases": [str(case) for case in args.cases]}
    base, head = programs(args, result["notes"])
    result["machine"] = describe(args.target)
    if base["program"] is None:
        result.update(base={**base, "sha256": None}, head={**head, "sha256": None})
        return write(args, result, nothing_to_measure("nothing that the program is built of differs"), GREEN)
    for name, one in (("base", base), ("head", head)):
        result[name] = {**one, "program": str(one["program"]), "sha256": fingerprint(one["program"])}
    if result["base"]["sha256"] == result["head"]["sha256"]:
        if not args.even_if_identical:
            return write(args, result, nothing_to_measure("both programs are the same, byte for byte"), GREEN)

    with Scratch(args.target) as scratch:
        jobs = Jobs(base["program"], head["program"], args.mpiexec, scratch, args.cases)
        gate = Gate(args.rule, args.cases, jobs.measure, seed=args.seed, log=log)
        try:
            jobs.warm_up(args.cases)
            course = gate.run(60 * args.minutes, args.pairs)
        except (KeyboardInterrupt, Refusal, NoSpace, OSError) as error:
            if gate.course.pairs:
                try:
                    write(args, result, gate.stop_here(), code_of(error))
                except Unusable as second:  # what ended the run is the error
                    log(f"error: {second}")
            raise
    return write(args, result, course, CODES[course.verdict])


def code_of(error: BaseException) -> int:
    """2: the user can mend it; 4: a job or its place failed, which no amount of patience mends."""
    if isinstance(error, Refusal):
        return error.code
    return {KeyboardInterrupt: INTERRUPTED, NoSpace: FAILED}.get(type(error), USAGE)


def main(argv: Sequence[str]) -> int:
    short = False
    try:
        if argv[:1] == ["experiment"]:
            return experiment(argv[1:], ROOT, log)
        args = arguments(argv)
        short = args.short
        return regress(args)
    except KeyboardInterrupt as error:
        log("interrupted; what it wrote to the target is deleted")
        return code_of(error)
    except (Refusal, NoSpace, Unusable, OSError) as error:
        if short and isinstance(error, NoBase):
            print(f"SKIPPED: the regression gate: {error}")
            return GREEN
        log(f"error: {error_text(error)}")
        return code_of(error)
