"""The command line of the gate, and what its options mean together."""

import argparse
import math
import random
from collections.abc import Sequence
from pathlib import Path

from ..measuring.paths import ROOT
from ..measuring.usage import Parser, several, whole_number
from .decision import Rule
from .jobs import CASES, SHORT_CASES, parse_case

DESCRIPTION = """Whether the working tree moves files slower than BASE does: green, red, or undecided.

bench/regress [BASE]           builds both, runs them side by side, and decides
bench/regress --base-binary A --head-binary B     the same for two programs that are there
bench/regress --head-binary B  builds BASE only: B is the working tree's program, already built
bench/regress experiment       how often the gate finds a planted slowdown, and how often it raises a false alarm

BASE, unless it is named: where HEAD left main; if HEAD is on main, HEAD itself if the working tree
differs from it, else the last tag, else HEAD's parent.

exit codes: 0 green; 1 red; 2 usage, no BASE, or a launcher, file or build that is no good; 3 undecided;
4 a job failed or hung; 130 interrupted (what was measured is shown, and marked partial).
docs/guide/ci.md has more.
"""


def between(low: float, high: float):
    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low < value < high:
            raise argparse.ArgumentTypeError(f"{text}: not a number between {low:g} and {high:g}")
        return value
    return number


def common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--case", type=several(parse_case), action="extend", metavar="CHUNK:RANKS:SIZE",
                        help="instead of the usual ones; can be repeated, or several with commas between. Usual: "
                             + " ".join(f"{c.chunk >> 10}K:{c.ranks}:{c.size >> 20}M" for c in CASES))
    common.add_argument("--minutes", type=between(0, 10000),
                        help="budget of one run, without building (1.5; --short: 0.5)")
    common.add_argument("--pairs", type=whole_number(1), default=1000, help="of every case, at most (%(default)s)")
    common.add_argument("--threshold", type=between(0, 1000), default=5.0, metavar="PERCENT",
                        help="a smaller slowdown is never red (%(default)g)")
    common.add_argument("--margin", type=between(0, 1000), default=10.0, metavar="PERCENT",
                        help="green rules out this slowdown (%(default)g)")
    common.add_argument("--alpha", type=between(0, 0.5), default=0.01,
                        help="probability of a false alarm, at most (%(default)g)")
    common.add_argument("--target", type=Path, default=Path("/dev/shm"),
                        help="where source and destination are put (%(default)s)")
    common.add_argument("--mpiexec", help="MPICH's launcher (mpirun.mpich, mpiexec.hydra, or the build's)")
    common.add_argument("--seed", type=int, help="of the coin that orders each pair (random, and shown)")
    common.add_argument("--build", type=Path, default=ROOT / "build/regress",
                        help="where it builds (%(default)s)")
    return common


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(brief="[OPTION ...] [BASE]", prog="bench/regress", description=DESCRIPTION,
                    parents=[common_options()], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", nargs="?", metavar="BASE", help="a commit, branch or tag")
    parser.add_argument("--base-binary", type=Path, help="a program, instead of BASE")
    parser.add_argument("--head-binary", type=Path, help="a program, instead of building the working tree's")
    parser.add_argument("--short", action="store_true",
                        help="half a minute, two cases; without any BASE it prints SKIPPED and ends with 0")
    parser.add_argument("--even-if-identical", action="store_true",
                        help="measure also if both programs are the same, byte for byte, or with --short would be "
                             "built of the same sources")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the result and every figure, for programs")
    parser.add_argument("--markdown", type=Path, metavar="FILE",
                        help="what is printed; also appended to $GITHUB_STEP_SUMMARY")
    args = parser.parse_args(argv)
    if args.base_binary is not None and args.head_binary is None:
        parser.error("--base-binary needs --head-binary: with which program shall it be compared?")
    if args.base_binary is not None and args.base is not None:
        parser.error(f"BASE '{args.base}' and --base-binary: which of them?")
    settle(parser, args)
    return args


def settle(parser: Parser, args: argparse.Namespace) -> None:
    """What --short changes, and what must fit together."""
    short = getattr(args, "short", False)
    args.cases = list(dict.fromkeys(args.case or (SHORT_CASES if short else CASES)))
    args.minutes = args.minutes or (0.5 if short else 1.5)
    if args.threshold > args.margin:
        parser.error(f"--threshold {args.threshold:g} is above --margin {args.margin:g}: what lies between "
                     "would be green and red at once")
    args.seed = random.SystemRandom().randrange(2 ** 31) if args.seed is None else args.seed
    args.rule = Rule(alpha=args.alpha, threshold=args.threshold / 100, margin=args.margin / 100)
