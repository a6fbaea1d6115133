"""Runs mpiferry beside what users would take instead, and beside what this machine allows.

Prints Markdown: what was run, medians, ranges, paired ratios, and the table of targets.
docs/internals/benchmarks.md describes what each scenario compares.
"""

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..measuring.failure import Failure, error_text
from ..measuring.ferry import Ferry
from ..measuring.machine import file_system
from ..measuring.output import publish
from ..measuring.paths import ROOT, Unusable, directory, output_file, program
from ..measuring.ranks import check_ranks, version
from ..measuring.scratch import Scratch
from ..measuring.sizes import GIB, KIB, MIB, parse_size
from ..measuring.usage import Parser, whole_number
from . import report
from .copying import COPYING
from .inside import INSIDE
from .place import Place
from .existing_data import EXISTING_DATA
from .scenario import Measured
from .setting import Setting
from .targets import TARGETS
from .transport import TRANSPORT

EXIT_CODES = """exit codes: 0 it ran to its end (what could not be run is listed, a missed target is marked in the table),
1 a run of mpiferry failed, no space is left, or --json was not written, 2 nothing could be compared, or usage: an option
that is wrong, or names what is not there, 130 interrupted; after 1 and 130 what was measured is shown"""

SCENARIOS = {scenario.name: scenario for scenario in (*COPYING, *EXISTING_DATA, *INSIDE, *TRANSPORT)}


def parser_of_arguments() -> Parser:
    parser = Parser(brief="[OPTION ...] [NAME ...]", prog="bench/compare", description=__doc__, epilog=EXIT_CODES,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios to run (all); --list names them")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    parser.add_argument("--build", type=Path, default=ROOT / "build/bench",
                        help="where mpiferry and the bench programs are built (%(default)s)")
    parser.add_argument("--binary", type=Path, help="the mpiferry to measure (cli/mpiferry in --build)")
    parser.add_argument("--no-digest-build", type=Path, default=ROOT / "build/no-digest",
                        help="where the program without digests is built, for 'hash' (%(default)s)")
    parser.add_argument("--mpiexec", help="MPICH's launcher (mpirun.mpich, mpiexec.hydra, or the build's)")
    parser.add_argument("--target", type=Path, help="a directory on tmpfs (/dev/shm)")
    parser.add_argument("--disk", type=Path, help="a directory on a real disk (the current one, if it is on a disk)")
    parser.add_argument("--size", type=parse_size, help="of the large file (2G)")
    parser.add_argument("--small-size", type=parse_size, help="of the file that is cut into chunks of 1 KiB (256M)")
    parser.add_argument("--idle-size", type=parse_size, help="of what comes at 100 MB/s (1G)")
    parser.add_argument("--repetitions", type=whole_number(1), help="of every case (5)")
    parser.add_argument("--quick", action="store_true", help="tiny files, once: does it work? Nothing is judged")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and verdicts there")
    return parser


def check_paths(args: argparse.Namespace) -> None:
    """What was named must be there. Of a default that is not, only the scenarios are not run. Raises Unusable."""
    for option, path in (("--target", args.target), ("--disk", args.disk)):
        if path is not None:
            directory(option, path)
    if args.json is not None:
        output_file("--json", args.json)
    if args.no_digest_build.exists() and not args.no_digest_build.is_dir():
        raise Unusable("--no-digest-build", args.no_digest_build, "is not a directory")
    if args.mpiexec:
        program("--mpiexec", args.mpiexec)
    if args.binary is None and not args.build.is_dir():
        raise Unusable("--build", args.build, "no such directory; ./dev bench peers makes build/bench")
    version("--binary" if args.binary else "--build", args.binary or args.build / "cli/mpiferry")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = parser_of_arguments()
    args = parser.parse_args(argv)
    args.names = [name for word in args.names for name in word.split(",") if name]
    unknown = [name for name in args.names if name not in SCENARIOS and name != "all"]
    if unknown:
        parser.error(f"no scenario is called {', '.join(unknown)}; there are: {', '.join(SCENARIOS)}, all")
    try:
        if not args.list:
            check_paths(args)
    except Unusable as error:
        parser.error(str(error))
    args.target = args.target or Path("/dev/shm")
    args.size = args.size or (8 * MIB if args.quick else 2 * GIB)
    args.small_size = args.small_size or (256 * KIB if args.quick else 256 * MIB)
    args.idle_size = args.idle_size or (8 * MIB if args.quick else GIB)
    args.repetitions = args.repetitions or (1 if args.quick else 5)
    return args


def log(text: str) -> None:
    print(f"bench/compare: {text}", file=sys.stderr, flush=True)


def ferry_of(args: argparse.Namespace) -> Ferry:
    """Raises Unusable unless ranks of it can be started."""
    ferry = Ferry(args.binary or args.build / "cli/mpiferry", args.mpiexec)
    with tempfile.TemporaryDirectory(prefix="mpiferry-bench-") as empty:
        check_ranks("--mpiexec", ferry.launcher.program, ferry, 2, Path(empty))
    return ferry


def open_place(stack: contextlib.ExitStack, target: Path) -> "Place | str":
    try:
        return Place(stack.enter_context(Scratch(target)))
    except OSError as error:
        return f"{target} cannot be used: {error.strerror}"


def open_disk(stack: contextlib.ExitStack, wanted: "Path | None") -> "Place | str":
    target = wanted or Path.cwd()
    if target.is_dir() and file_system(target) in ("tmpfs", "ramfs"):
        return f"{target} is no disk (tmpfs); --disk names a directory on one"
    return open_place(stack, target)


def open_memory(stack: contextlib.ExitStack, target: Path) -> "Place | str":
    if target.is_dir() and file_system(target) != "tmpfs":
        return f"{target} is on {file_system(target)}, not tmpfs; --target names a directory on tmpfs"
    return open_place(stack, target)


def compare(args: argparse.Namespace, setting: Setting) -> int:
    names = list(SCENARIOS) if not args.names or "all" in args.names else list(dict.fromkeys(args.names))
    measured = [Measured(SCENARIOS[name]) for name in names]
    lines = report.machine(setting)
    print(report.head(setting, lines), flush=True)
    code, trouble = 1, ""
    try:
        code, trouble = measure_all(setting, measured)
    finally:  # also if standard output takes no more
        if args.json:
            code = keep(args, code, report.as_json(measured, setting, lines, partial=code != 0))
    if trouble:
        log(trouble)
    return code


def measure_all(setting: Setting, measured: "list[Measured]") -> "tuple[int, str]":
    """Measures and prints. The exit code, and what explains it."""
    code, trouble = 0, ""
    for number, one in enumerate(measured, 1):
        log(f"{number}/{len(measured)}: {one.scenario.name}")
        try:
            one.measure(setting)
        except KeyboardInterrupt:
            code, trouble = 130, "interrupted; what was measured until then is shown, and marked partial"
        except (Failure, OSError, ValueError) as error:
            code, trouble = 1, f"error: {error_text(error)}"
        print(report.scenario(one, setting), flush=True)
        if code:
            break
    print(report.targets(report.outcomes(measured), setting), flush=True)
    if not code and all(one.not_run for one in measured):
        code, trouble = 2, "error: nothing could be compared: each scenario has its reason"
    return code, trouble


def keep(args: argparse.Namespace, code: int, figures: "dict[str, Any]") -> int:
    """Writes --json. The exit code then."""
    try:
        publish((args.json, json.dumps(figures, indent=2) + "\n"))
    except OSError as error:
        log(f"error: --json {args.json}: not written: {error.strerror}")
        return code or 1
    return code


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    if args.list:
        for scenario in SCENARIOS.values():
            judged = ", ".join(target.shown() for target in TARGETS if target.scenario == scenario.name)
            print(f"{scenario.name:18} {scenario.title}" + (f" ({judged})" if judged else ""))
        return 0
    with contextlib.ExitStack() as stack:
        setting = Setting(
            ferry=ferry_of(args), programs=args.build / "bench", large=args.size, small=args.small_size,
            idle=args.idle_size, repetitions=args.repetitions, quick=args.quick, no_digest_build=args.no_digest_build,
            memory=open_memory(stack, args.target), disk=open_disk(stack, args.disk))
        return compare(args, setting)
