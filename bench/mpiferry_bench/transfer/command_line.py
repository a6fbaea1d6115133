"""Runs real mpirun jobs of the real mpiferry and prints their speed and memory as Markdown.

docs/results/benchmarks.md describes what each measurement compares and what came of it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..measuring.ferry import Ferry
from ..measuring.paths import ROOT, default_binary, directory
from ..measuring.scratch import Scratch
from ..measuring.sizes import GIB, parse_size
from ..measuring.usage import Parser, whole_number
from ..peers.place import Place
from ..peers.setting import Setting
from .memory import memory
from .speed import against_cp, integrity, oversubscription


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--binary", type=Path, default=default_binary(),
                        help="the program to measure (%(default)s)")
    common.add_argument("--mpiexec", help="MPICH's launcher (mpirun.mpich, mpiexec.hydra, or the build's)")
    common.add_argument("--target", type=Path, default=Path("/dev/shm"),
                        help="where source and destination are put (%(default)s)")
    common.add_argument("--size", type=parse_size, help="of the file that is moved")
    common.add_argument("--repetitions", type=whole_number(1), help="of every case (5; memory: 1)")

    parser = Parser(brief="MEASUREMENT [OPTION ...]", prog="bench/transfer", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True, metavar="MEASUREMENT")
    shared = {"brief": "[OPTION ...]", "parents": [common]}
    what.add_parser("oversubscription", help="9 ranks against 3 (1G)", **shared)
    what.add_parser("cp", help="the whole command against cp (2G)", **shared)
    one = what.add_parser("integrity", help="digests against digests that do nothing (2G)", **shared)
    one.add_argument("--no-digest-build", type=Path, default=ROOT / "build/no-digest",
                     help="where the program without digests is built (%(default)s)")
    one = what.add_parser("memory", help="the master's peak above its buffers (2G)", **shared)
    one.add_argument("--sparse", type=parse_size, default=8 * GIB, help="size of the sparse file (8G)")
    return parser.parse_args(argv)


def measure(args: argparse.Namespace, scratch: Scratch) -> None:
    setting = Setting(
        ferry=Ferry(args.binary, args.mpiexec), programs=Path(), small=0, idle=0, quick=False,
        large=args.size or (GIB if args.what == "oversubscription" else 2 * GIB),
        repetitions=args.repetitions or (1 if args.what == "memory" else 5),
        no_digest_build=getattr(args, "no_digest_build", Path()), memory=Place(scratch), disk="it is not measured")
    if args.what == "memory":
        memory(setting, args.sparse)
    else:
        {"oversubscription": oversubscription, "cp": against_cp, "integrity": integrity}[args.what](setting)


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    with Scratch(directory("--target", args.target)) as scratch:
        measure(args, scratch)
    return 0
