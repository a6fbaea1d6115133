"""The gate against made-up machines: how often it is wrong, and how often it finds a slowdown.

python3 bench/regression/simulation.py [--runs N] prints a table. The very Gate decides; only the jobs are
played. The noise of a machine is what spoils naive gates: heavy tails, a memory (a busy neighbour stays for
many jobs), and a second run of a pair that is always slower than the first.
"""

import argparse
from collections.abc import Hashable
from math import exp
from random import Random

from ..measuring.usage import Parser, whole_number
from .decision import Rule
from .gate import HEAD, Figures, Gate

CASES = ("a", "b", "c", "d")
ROUNDS = 30  # what the usual budget gives


class Machine:
    """Jobs whose time is exp(noise). `tails`: one job in ten gets an exponential delay of this mean.
    `memory`: how much of the slow part of the noise is kept from job to job."""

    def __init__(self, random: Random, slowdown: float, *, noise: float, tails: float = 0.0,
                 memory: float = 0.0, drift: float = 0.0, second: float = 0.0) -> None:
        self._random, self._slowdown, self._noise, self._tails = random, slowdown, noise, tails
        self._memory, self._drift, self._second = memory, drift, second
        self._slow = 0.0
        self._jobs = 0

    def measure(self, program: str, _: Hashable) -> Figures:
        self._jobs += 1
        innovation = self._random.gauss(0, self._noise)
        self._slow = self._memory * self._slow + (1 - self._memory ** 2) ** 0.5 * innovation
        noise = self._slow + self._drift * self._jobs
        if self._memory > 0:
            noise += self._random.gauss(0, self._noise / 2)
        if self._tails and self._random.random() < 0.1:
            noise += self._random.expovariate(1 / self._tails)
        if self._jobs % 2 == 0:
            noise += self._second
        transfer = 0.1 * exp(noise) * (1 + self._slowdown * (program == HEAD))
        start_up = 0.18 * exp(self._random.gauss(0, self._noise))
        return Figures(transfer, transfer + start_up, 2 * transfer + start_up)

    def now(self) -> float:
        return float(self._jobs)


MACHINES = {
    "quiet": {"noise": 0.03},
    "busy, heavy tails": {"noise": 0.10, "tails": 0.5},
    "a neighbour that stays": {"noise": 0.12, "memory": 0.97, "tails": 0.3},
    "gets slower, second run too": {"noise": 0.08, "drift": 0.001, "second": 0.05},
}


def simulate(runs: int, slowdown: float, machine: dict, *, rule: Rule = Rule(), rounds: int = ROUNDS,
         seed: int = 1) -> dict[str, int]:
    """How often each verdict comes."""
    verdicts = {"green": 0, "red": 0, "undecided": 0}
    for run in range(runs):
        played = Machine(Random(f"{seed} {run}"), slowdown, **machine)
        gate = Gate(rule, CASES, played.measure, seed=run, now=played.now)
        verdicts[gate.run(float("inf"), rounds).verdict] += 1
    return verdicts


def main() -> int:
    parser = Parser(brief="[--runs N]", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=whole_number(1), default=1000, help="of each row (%(default)s)")
    args = parser.parse_args()
    print(f"{args.runs} runs of each row, at most {ROUNDS} pairs of {len(CASES)} cases\n")
    print("| machine | slowdown | red % | green % | undecided % |\n| --- | --- | --- | --- | --- |")
    for name, machine in MACHINES.items():
        for slowdown in (0.0, 0.03, 0.10, 0.15):
            shares = {key: 100 * count / args.runs for key, count in simulate(args.runs, slowdown, machine).items()}
            print(f"| {name} | {100 * slowdown:.0f} % | {shares['red']:.1f} | {shares['green']:.1f} "
                  f"| {shares['undecided']:.1f} |", flush=True)
    return 0
