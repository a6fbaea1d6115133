#!/usr/bin/env python3
"""Counts the system calls of a job that name the source or the destination, with strace on every rank.

Every case is run with N and with 2N chunks: what the second costs above the first is what N chunks cost,
whatever start-up and end take. Not counted is what depends on time and not on the chunks: epoll_wait,
timers, sched_yield, naps, eventfd, and MPI's own copying (process_vm_readv).
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from common import KIB, MIB, CommandFailed, arguments, ferry, scratch_directory, skip, verdict

RANKS = 3
WORKERS = RANKS - 1
SLICE = MIB  # kSlice of engine/job/source_reader.hpp: what is read, and written, at a time
AHEAD = 64 * KIB  # kAhead of engine/disk/read_ahead.cpp: what chunks of up to a quarter of it share


@dataclass(frozen=True)
class Case:
    name: str
    chunk: int
    chunks: int  # N; a multiple of WORKERS
    fsync: bool = False


CASES = (Case("small chunks", 4 * KIB, 64), Case("chunks of 3 slices", 5 * MIB // 2, 4),
         Case("chunks with a short last slice", MIB + 4 * KIB, 4),
         Case("--fsync", 4 * KIB, 16, fsync=True), Case("--fsync past the page cache", MIB, 8, fsync=True))


def budget(case: Case) -> "dict[tuple[str, str], dict[str, int | Fraction]]":
    """Calls for one chunk, by role and by what they name. WHAT IS NOT HERE IS FORBIDDEN."""
    slices = -(-case.chunk // SLICE)
    durable = 1 if case.fsync else 0
    # Past the page cache, where the file system can do that: opened a second time for what is no whole page.
    opened = 2 if case.fsync and case.chunk >= MIB else 1
    return {
        # Small chunks share a read of AHEAD.
        ("master", "source"): {"pread": Fraction(case.chunk, AHEAD) if case.chunk <= AHEAD // 4 else slices},
        ("master", "chunk file"): {},
        ("master", "destination"): {},
        ("worker", "source"): {},
        # With --fsync the disk is told to begin before it is waited for.
        ("worker", "chunk file"): {"open": opened, "write": slices, "fsync": durable, "sync_file_range": durable,
                                   "close": opened, "rename": 1},
        # An ack means that the name is on the disk as well: once for all chunks that go together. How many do is a
        # matter of time: all of the shorter job, which is taken off, and none of the longer one at worst.
        ("worker", "destination"): {"fsync": 2 * durable},
    }


# One name for the calls that do the same.
NAMES = {"openat": "open", "openat2": "open", "creat": "open", "write": "write", "pwrite64": "write",
         "writev": "write", "pwritev": "write", "pwritev2": "write", "pread64": "pread", "renameat": "rename",
         "renameat2": "rename", "newfstatat": "stat", "fstat": "stat", "lstat": "stat", "statx": "stat",
         "fdatasync": "fsync", "unlinkat": "unlink"}
STRACE = ("strace", "-f", "--seccomp-bpf", "-y", "-s", "0", "-e", "trace=%file,%desc")
# "PID call(...": the beginning of a call; what is resumed later is the same call.
CALL = re.compile(r"^\d+ +(\w+)\((.*)$")
CHUNK_FILE = re.compile(r"\bchunk_\d+\.bin")
ELSEWHERE = re.compile(r'^(?:AT_FDCWD\S*, )?"/(?!proc/|sys/|dev/)')


def refused_by_machine() -> str:
    """Why strace cannot be used here; nothing if it can."""
    if shutil.which(STRACE[0]) is None:
        return "strace is not installed (./dev setup, or apt-get install strace)"
    tried = subprocess.run([*STRACE, "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return ""
    return f"strace is not permitted here, or too old: {' '.join(tried.stderr.split())}"


def count(trace: Path, source: Path, destination: Path) -> "dict[str, Counter[str]]":
    classes = ("source", "chunk file", "destination", "elsewhere")
    counts: "dict[str, Counter[str]]" = {name: Counter() for name in classes}
    for line in trace.read_text(errors="replace").splitlines():
        found = CALL.match(line)
        if not found:
            continue
        name, rest = NAMES.get(found[1], found[1]), found[2]
        if str(destination) in rest:
            counts["chunk file" if CHUNK_FILE.search(rest) else "destination"][name] += 1
        elif str(source) in rest:
            counts["source"][name] += 1
        elif ELSEWHERE.match(rest):
            counts["elsewhere"][name] += 1
    return counts


def traced(args, case: Case, chunks: int) -> "list[dict[str, Counter[str]]]":
    """Returns what each rank called in a job of `chunks` chunks."""
    with scratch_directory(args) as name:
        scratch = Path(name)
        source = scratch / "source"
        with open(source, "wb") as out:
            out.truncate(chunks * case.chunk)
        destination = scratch / "destination"
        wrapper = ("sh", "-c", f'trace=$0; exec {" ".join(STRACE)} -o "$trace/rank_$PMI_RANK" "$@"', name)
        options = ("--fsync",) if case.fsync else ()
        ferry(args).scatter(RANKS, case.chunk, source, destination, *options, wrapper=wrapper)
        return [count(scratch / f"rank_{rank}", source, destination) for rank in range(RANKS)]


def check(args, case: Case) -> "list[str]":
    once, twice = traced(args, case, case.chunks), traced(args, case, 2 * case.chunks)
    wrong = []
    for rank in range(RANKS):
        role, chunks = ("worker", case.chunks // WORKERS) if rank else ("master", case.chunks)
        for (whose, what), allowed in budget(case).items():
            if whose != role:
                continue
            more = Counter(twice[rank][what])
            more.subtract(once[rank][what])
            for call in sorted(set(more) | set(allowed)):
                expected = allowed.get(call, 0) * chunks
                if more[call] == expected:
                    continue
                told = (f"{case.name}, rank {rank} ({role}), {what}: {call}: {more[call]} calls for {chunks} chunks, "
                        f"budget {expected}")
                # Cheaper is never wrong. But a missing fsync is a broken promise, and no call at all: a trace unread.
                # How many chunks share an fsync of the directory depends on time.
                if (call, what) == ("fsync", "destination"):
                    missing = twice[rank][what][call] == 0
                else:
                    missing = call == "fsync" or not any(more.values())
                if more[call] > expected or missing:
                    wrong.append(told)
                elif (call, what) != ("fsync", "destination"):
                    print(f"HINT: {told}; the budget in this file may be lowered")
            shown = ", ".join(f"{call} {more[call] / chunks:g}" for call in sorted(more) if more[call])
            print(f"{case.name}, rank {rank} ({role}), {what}: {shown or 'nothing'} a chunk")
        # Paths that are neither: what libraries do once is not ours, what comes with every chunk is.
        more = sum(twice[rank]["elsewhere"].values()) - sum(once[rank]["elsewhere"].values())
        if case.chunk <= SLICE and more >= chunks:
            wrong.append(f"{case.name}, rank {rank} ({role}): {more} calls for {chunks} chunks name other paths")
    return wrong


def main() -> int:
    args = arguments(__doc__)
    if args.sanitized == "ON":
        skip("LeakSanitizer does not work under ptrace, which strace needs")
    if reason := refused_by_machine():
        skip(reason)
    try:
        return verdict("system calls", [line for case in CASES for line in check(args, case)])
    except CommandFailed as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
