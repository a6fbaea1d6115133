"""The command line of the sweep."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import psutil

from ..measuring import paths
from ..measuring.launcher import Launcher
from ..measuring.sizes import GIB, KIB, MIB, parse_size, show_size
from ..measuring.usage import Parser, Several, several, whole_number

from .plan import Plan

CHUNKS = [KIB << 2 * power for power in range(8)]  # 1 KiB to 16 MiB
RANKS = [2, 3, 5, 9]
WINDOWS = [1, 2, 4, 8, 16, 32, 64]
MOST_RANKS, MOST_WINDOW = 65_536, 1024  # as mpiferry has them

PROGRAM = os.environ.get("MPIFERRY_BENCH_PROGRAM")  # set by `mpiferry bench`
NAME = "mpiferry bench" if PROGRAM else "bench/sweep"

EXIT_CODES = """exit codes: 0 all is measured and written (the page only where matplotlib is), 1 a job failed or
no space is left, 2 usage, or results in --out that cannot be compared, 130 interrupted; after 1
and 130 all that was measured is kept, and the same command resumes from there"""


def _chunk(text: str) -> int:
    size = parse_size(text)
    if size > GIB:
        raise argparse.ArgumentTypeError(f"{text}: a chunk is at most 1GiB")
    return size


def _template(text: str) -> str:
    try:
        return Launcher(text).template
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def default_binary() -> Path:
    """What `mpiferry bench` belongs to; or a build of this source tree; or, beside an installed script, bin/."""
    if PROGRAM:
        return Path(PROGRAM)
    built, installed = paths.default_binary(), Path(__file__).resolve().parents[4] / "bin/mpiferry"
    return installed if installed.is_file() and not built.is_file() else built


def parser() -> Parser:
    shown = Parser(
        brief="[OPTION ...]", prog=NAME, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=f"""\
{NAME} page SWEEP.json [--html FILE]
  draws the page again from a result

{EXIT_CODES}""",
        description="Measures chunk size x ranks x window with real jobs, and writes sweep.json, sweep.csv and "
                    "sweep.html\nto --out. The same command again resumes an interrupted sweep.")
    what = shown.add_argument_group("what is measured")
    what.add_argument("--chunks", type=several(_chunk), action=Several, nargs="+", default=CHUNKS, metavar="SIZE",
                      help="chunk sizes, with spaces or commas between (1K 4K 16K 64K 256K 1M 4M 16M)")
    what.add_argument("--ranks", type=several(whole_number(2, MOST_RANKS)), action=Several, nargs="+", default=RANKS,
                      metavar="N", help="rank counts, the master's included (2 3 5 9)")
    what.add_argument("--windows", type=several(whole_number(1, MOST_WINDOW)), action=Several, nargs="+",
                      default=WINDOWS, metavar="N",
                      help=f"chunks in flight to one worker, 1 to {MOST_WINDOW} (1 2 4 8 16 32 64)")
    what.add_argument("--repetitions", type=whole_number(1, 1000), default=3, metavar="N", help="of every case (3)")
    what.add_argument("--size", type=parse_size, default=512 * MIB,
                      help="bytes that a job of mpiferry moves, at least one chunk (512M)")
    what.add_argument("--max-chunks", type=whole_number(1, 1 << 30), default=16_384, metavar="N",
                      help="the most chunks that a job moves: it moves less than --size if they are small (16384)")
    what.add_argument("--memory", type=parse_size, default=256 * MIB, metavar="SIZE",
                      help="of each rank for chunks; larger windows are left out (256M)")
    what.add_argument("--sink", choices=("files", "discard"), default="files",
                      help="what workers do with a checked chunk (files)")
    where = shown.add_argument_group("where and how")
    where.add_argument("--target", type=Path, default=Path("/dev/shm"), metavar="DIR",
                       help="source and destination are put here; with several hosts it must be shared (%(default)s)")
    where.add_argument("--binary", type=Path, default=default_binary(), metavar="FILE",
                       help="the mpiferry to measure (%(default)s)")
    where.add_argument("--launcher", type=_template, metavar="TEMPLATE",
                       help="starts the ranks, such as 'srun --mpi=pmi2 -n {ranks}' (MPICH's mpirun -n {ranks})")
    where.add_argument("--out", type=Path, default=Path("sweep-results"), metavar="DIR",
                       help="where results are written (./%(default)s)")
    again = where.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true",
                       help="resume, and fail if there is nothing to resume (the default: resume if there is)")
    again.add_argument("--fresh", action="store_true", help="set earlier results in --out aside, and measure anew")
    return shown


def page_parser() -> Parser:
    shown = Parser(brief="SWEEP.json [--html FILE]", prog=f"{NAME} page",
                   description="Draws the page of a sweep again.",
                   epilog="exit codes: 0 the page is written, 1 it is not, 2 usage, or there is no such file")
    shown.add_argument("result", type=Path, metavar="SWEEP.json", help="what a sweep wrote")
    shown.add_argument("--html", type=Path, metavar="FILE", help="the page (beside SWEEP.json)")
    return shown


def plan_of(parsed: Parser, args: argparse.Namespace) -> Plan:
    """Ends with a usage error if the options contradict each other."""
    plan = Plan(sorted(set(args.chunks)), sorted(set(args.ranks)), sorted(set(args.windows)), args.repetitions,
                args.size, args.max_chunks, args.memory)
    if plan.size < plan.chunks[-1]:
        parsed.error(f"--size {show_size(plan.size)}: is less than one chunk of {show_size(plan.chunks[-1])}; raise "
                     "--size, or leave this chunk size out of --chunks")
    for chunk in plan.chunks:
        if chunk * plan.windows[0] > plan.memory:
            parsed.error(f"--chunks {show_size(chunk)}: a window of {plan.windows[0]} is more than --memory "
                         f"{show_size(plan.memory)} of a rank; raise --memory, or leave this chunk size out")
    # What the ranks of one host hold at most: nobody knows how many hosts there are, so only a job that
    # would not even fit with its master and one worker here is refused.
    available = psutil.virtual_memory().available
    held = max(2 * chunk * max(plan.useful_windows(chunk, ranks)) for chunk in plan.chunks for ranks in plan.ranks)
    if held > available:
        parsed.error(f"--windows: the largest needs {show_size(held)} for the master and one worker, but "
                     f"{show_size(available)} of memory are available here; use smaller chunks or windows")
    return plan
