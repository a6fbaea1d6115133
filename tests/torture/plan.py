"""What is done to one job. All of it comes from the seed and the job's number; when exactly a blow lands does not."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

KIB, MIB = 1 << 10, 1 << 20
MOST_CHUNKS = 4000  # each may be a file, and is compared

KILL_RANK, KILL_MPIRUN, INTERRUPT, PAUSE, STOP = "kill rank", "kill mpirun", "interrupt", "pause", "stop"
UNPLUG, CUT = "unplug", "cut off"  # a rank's host loses the network: for a while, until the job has ended
BLOWS = (KILL_RANK, KILL_MPIRUN, INTERRUPT, PAUSE, STOP, UNPLUG, CUT)
HARMLESS = (PAUSE, UNPLUG)  # the job goes on to a good end
FOR_EVER = (STOP, CUT)  # it has to give somebody up
WEIGHTS = (6, 4, 2, 2, 1)
CHANGES = ("some bytes", "longer", "shorter")


@dataclass(frozen=True)
class Blow:
    kind: str  # one of BLOWS
    rank: int  # whom it hits
    moment: float  # 0 to 1: of the time that the transfer should take; below 0: seconds before MPI may be up
    seconds: float  # of a pause


@dataclass(frozen=True)
class Plan:
    number: int
    size: int  # bytes of the source
    chunk: int
    ranks: int
    window: int
    layout: str
    apart: bool  # '{rank}' directories
    fsync: bool
    stream: bool
    corrupt: str | None  # the value of --fault corrupt=
    seconds: float  # that the transfer is made to take
    blows: tuple[Blow, ...]  # one for the first job, one for each resume
    changes: tuple[str | None, ...]  # of the source, before each resume; as many as blows
    ranks_at_last: int  # of the last resume, which nobody hits
    full: str | None  # None, "reroute" or "enlarge": a worker's disk is too small, and what helps
    room: float  # of the bytes that its disk should take
    gather_blow: Blow | None
    rot: float | None  # where a byte of what was written is turned over at the end
    hosts: bool = False  # on several hosts

    @property
    def workers(self) -> int:
        return self.ranks - 1

    def chunks(self, size: int) -> int:
        return -(-size // self.chunk)

    def delay(self, size: int) -> int:
        """Microseconds before each write. Those of one window overlap."""
        rounds = max(1, math.ceil(self.chunks(size) / (self.workers * self.window)))
        return int(self.seconds / rounds * 1e6)


def _blow(rng: random.Random, ranks: int) -> Blow:
    kind = rng.choices(BLOWS[:len(WEIGHTS)], WEIGHTS)[0]
    # Workers wait for a master that is stopped as for a slow source: only they are given up. And MPI_Init waits for
    # ever for a rank that is stopped in it, before mpiferry has a say.
    rank = rng.randrange(1 if kind == STOP else 0, ranks)
    early = kind != STOP and rng.random() < 0.1
    moment = -rng.uniform(0, 0.5) if early else rng.uniform(0, 1)
    return Blow(kind, rank, moment, rng.uniform(0.05, 1.0))


def _size(rng: random.Random) -> int:
    if rng.random() < 0.04:
        return rng.choice((0, 1, KIB))
    return int(2 ** rng.uniform(10, 26))


def _on_hosts(plan: Plan, rng: random.Random) -> Plan:
    """The same on several hosts, whose network is hit as well. Not before MPI is up: it would wait for ever."""
    def hit(blow: Blow) -> Blow:
        if rng.random() >= 0.4:
            return blow
        return replace(blow, kind=rng.choice((UNPLUG, CUT)), moment=abs(blow.moment))
    return replace(plan, hosts=True, blows=tuple(map(hit, plan.blows)),
                   gather_blow=plan.gather_blow and hit(plan.gather_blow))


def draw(seed: int, number: int, *, may_mount: bool, may_use_hosts: bool = False) -> Plan:
    rng = random.Random(f"{seed}:{number}")
    size, ranks = _size(rng), rng.randrange(2, 6)
    chunk = int(2 ** rng.uniform(10, 22))
    if rng.random() < 0.7:
        chunk = 1 << chunk.bit_length() - 1  # and else no page holds a whole number of them
    chunk = max(chunk, -(-size // MOST_CHUNKS))
    layout, window = rng.choice(("chunks", "stripes", "file")), rng.choice((1, 2, 4, 8, 16, 32, rng.randrange(1, 33)))
    apart, fsync, stream = rng.random() < 0.3, rng.random() < 0.25, rng.random() < 0.15
    corrupt = f"{rng.randrange(2, 20)}:{rng.randrange(1, 4)}" if rng.random() < 0.25 else None
    blows = tuple(_blow(rng, ranks) for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))))
    changes = tuple(rng.choice(CHANGES) if rng.random() < 0.25 else None for _ in blows)
    ranks_at_last = rng.randrange(2, 6) if rng.random() < 0.2 else ranks
    full = rng.choice(("reroute", "enlarge")) if rng.random() < 0.15 else None
    room, seconds = rng.uniform(0.1, 0.9), rng.uniform(0.2, 1.0)
    gather_blow = _blow(rng, ranks) if rng.random() < 0.4 else None
    rot = rng.random() if rng.random() < 0.2 else None
    if layout == "file":
        apart = False  # all write one file
    if full and may_mount:
        size = max(size, 4 * MIB)
        chunk = min(max(chunk, -(-size // MOST_CHUNKS)), size // 16)
        stream, ranks = False, max(ranks, 3)
        changes = (None,) * len(blows)
        if full == "reroute":
            layout, apart = rng.choice(("chunks", "stripes")), True
    else:
        full = None
    if apart or full:
        ranks_at_last = ranks
    plan = Plan(number, size, chunk, ranks, window, layout, apart, fsync, stream, corrupt, seconds, blows, changes,
                ranks_at_last, full, room, gather_blow, rot)
    return _on_hosts(plan, rng) if may_use_hosts and not full and rng.random() < 0.3 else plan
