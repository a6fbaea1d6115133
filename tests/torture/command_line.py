"""Takes arguments; prints a table and returns an exit code."""

from __future__ import annotations

import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mpiferry_bench.measuring import paths
from mpiferry_bench.measuring.paths import Unusable
from mpiferry_bench.measuring.ranks import version
from mpiferry_bench.measuring.usage import Parser, whole_number

from hosts import isolation
from hosts.cluster import FOLDER, SHARED, Cluster

from .course import Course
from .pace import Pace
from .plan import draw
from .tally import Tally
from .tools import Tools

HOSTS = 3
ENOUGH = 3  # jobs with findings: then it ends
EVERY = 30.0  # seconds between two lines of progress
ROOM = 1 << 30  # bytes that a place in memory must have


def tell(text: str) -> None:
    print(f"torture: {text}", file=sys.stderr, flush=True)


def default_target() -> Path:
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free >= ROOM else Path(tempfile.gettempdir())


def main(argv: Sequence[str], description: str) -> int:
    parser = Parser(brief="--program FILE [MINUTES]", prog="tests/torture/run",
                    description=description.partition("\n")[0])
    parser.add_argument("minutes", nargs="?", type=whole_number(1, 10000), default=2, metavar="MINUTES",
                        help="then no further job begins (%(default)s)")
    parser.add_argument("--program", type=Path, required=True, help="the mpiferry")
    parser.add_argument("--mpiexec", default="mpirun.mpich", help="MPICH's launcher (%(default)s)")
    parser.add_argument("--seed", type=whole_number(0), help="what is done comes from it (random, and shown)")
    parser.add_argument("--job", type=whole_number(0), help="this one only, as it was or would be with the seed")
    parser.add_argument("--target", type=Path, default=default_target(), help="where all is put (%(default)s)")
    parser.add_argument("--limit", type=whole_number(1), default=90, metavar="SECONDS",
                        help="a step that takes longer is a hang (%(default)s)")
    args = parser.parse_args(argv)
    try:
        version("--program", args.program)
        mpiexec = paths.program("--mpiexec", args.mpiexec)
        paths.directory("--target", args.target)
    except Unusable as error:
        parser.error(str(error))
    why_not = isolation.enter()
    cluster = None
    if why_not is None:
        cluster = Cluster(HOSTS, args.target)
        shutil.copy(args.program, SHARED)
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(1 << 32)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tell(f"seed {args.seed}, for {args.minutes} min, below {args.target}")
    if why_not:
        tell(f"skipped: disks that become full, and several hosts ({why_not})")
    return torture(args, Tools(mpiexec, args.program.resolve(), cluster))


def torture(args, tools: Tools) -> int:
    tally, pace, bad = Tally(), Pace(), 0
    began = shown = time.monotonic()
    number = args.job or 0
    try:
        while bad < ENOUGH:
            bad += not one_job(args, number, tools, tally, pace)
            number += 1
            now = time.monotonic()
            if args.job is not None or now - began >= args.minutes * 60:
                break
            if now - shown >= EVERY:
                shown = now
                tell(f"{now - began:.0f} s, {tally['jobs']} jobs, {tally['resumes']} resumes, {bad} jobs with findings")
    except KeyboardInterrupt:
        print(tally.table())
        tell("interrupted: the table is partial")
        return 130
    print(f"seed {args.seed}, {time.monotonic() - began:.0f} s\n\n{tally.table()}")
    return 1 if bad else 0


def one_job(args, number: int, tools: Tools, tally: Tally, pace: Pace) -> bool:
    """Whether all was well. If not, its directory stays."""
    isolated = tools.cluster is not None
    plan = draw(args.seed, number, may_mount=isolated, may_use_hosts=isolated)
    directory = Path(tempfile.mkdtemp(prefix=f"mpiferry-torture-{number}-", dir=args.target))
    place = directory
    if plan.hosts:
        place, tools = FOLDER / directory.name, replace(tools, program=SHARED / args.program.name)
    else:
        tools = replace(tools, cluster=None)
    course, kept = Course(plan, tools, place, tally, pace, args.limit), False
    try:
        course.run()
        kept = bool(course.findings)
    finally:
        if not kept:
            shutil.rmtree(directory)
    if not kept:
        return True
    for finding in course.findings[:10]:
        tell(f"{finding.kind.upper()}: {finding.text}")
    said = "\n".join([repr(plan), *course.commands, *(f"{f.kind}: {f.text}" for f in course.findings)])
    (directory / "WHAT_WAS_DONE").write_text(said + "\n")
    tell(f"all of it is in {directory}; again: --seed {args.seed} --job {number}")
    return False
