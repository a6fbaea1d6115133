#!/usr/bin/env python3
"""Instructions a chunk on layers 1 to 3, counted by callgrind, against instructions.budget.

instructions.py [PROGRAM]           compares; PROGRAM is exact_floors, by default that of ./dev test
instructions.py [PROGRAM] --update  writes what it counts into the budget, for a change that is meant

Counted are the instructions of PROGRAM's own code, into which these layers are linked: neither xxHash's nor
the C library's, as these choose their code by the processor. The difference of two runs leaves only what
the additional chunks cost.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from common import ROOT, skip, verdict

BUDGET = Path(__file__).with_name("instructions.budget")
PROGRAM = ROOT / "build/test/tests/exact/exact_floors"
CHUNKS = 2000  # one run has so many, the other twice as many
LINE = re.compile(r"^(?P<path>[a-z.]+) +(?P<figure>\d+\.\d) +(?P<tolerance>\d+\.\d) %$")


class Wrong(Exception):
    """Says what cannot be read or run, and what to do."""


@dataclass(frozen=True)
class Entry:
    figure: float  # instructions a chunk
    tolerance: float  # per cent


def read_budget(text: str) -> "tuple[str, dict[str, Entry]]":
    build, entries = "", {}
    for number, line in enumerate(text.splitlines(), 1):
        found = LINE.match(line)
        if found:
            entries[found["path"]] = Entry(float(found["figure"]), float(found["tolerance"]))
        elif line.startswith("build "):
            build = line[len("build "):].strip()
        elif line.strip() and not line.startswith("#"):
            raise Wrong(f"{BUDGET}:{number}: {line!r} is not PATH FIGURE TOLERANCE % (as in: master 123.4 1.5 %)")
    if not build or not entries:
        raise Wrong(f"{BUDGET}: needs a line 'build ...' and one for each path")
    return build, entries


def costs(profile: str) -> "Counter[str]":
    """Instructions by the object that they are in, out of callgrind's file."""
    names: "dict[str, str]" = {}
    by_object: "Counter[str]" = Counter()
    current, total, of_callee = "", 0, False
    for line in profile.splitlines():
        if line.startswith(("ob=", "cob=")):
            number, _, name = line.split("=", 1)[1].partition(" ")
            if name:
                names[number] = name
            if line.startswith("ob="):
                current = names[number]
        elif line.startswith("calls="):
            of_callee = True  # the next line is what the callee took, which is counted there
        elif line.startswith("summary:"):
            total = int(line.split()[1])
        elif line[:1] in "0123456789+-*" and line:
            if not of_callee:
                by_object[current] += int(line.split()[1])
            of_callee = False
    if sum(by_object.values()) != total or total == 0:
        raise Wrong(f"callgrind's file was not understood: {sum(by_object.values())} instructions, not {total}")
    return by_object


def callgrind(out: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *argv],
                          capture_output=True, text=True, check=False)


def count(program: Path, path: str, chunks: int) -> int:
    with tempfile.TemporaryDirectory(prefix="mpiferry-exact-") as name:
        out = Path(name) / "profile"
        argv = (str(program), path, str(2 * CHUNKS), str(chunks))
        done = callgrind(out, *argv)
        if done.returncode != 0:
            raise Wrong(f"valgrind {' '.join(argv)}\nended with status {done.returncode}:\n{done.stderr}")
        own = [cost for name, cost in costs(out.read_text(errors="replace")).items()
               if Path(name).name == program.name]
        if len(own) != 1:
            raise Wrong(f"callgrind's file does not name {program.name}: nothing was counted")
        return own[0]


def update(text: str, counted: "dict[str, float]") -> None:
    lines = []
    for line in text.splitlines():
        found = LINE.match(line)
        if found:
            figure = f"{counted[found['path']]:.1f}"
            print(f"{found['path']}: {found['figure']} -> {figure}")
            line = f"{found['path']:<17}{figure:>6}   {found['tolerance']} %"
        lines.append(line)
    BUDGET.write_text("\n".join(lines) + "\n")
    print(f"written to {BUDGET}; say in the commit why the budget changed")


def compare(entries: "dict[str, Entry]", counted: "dict[str, float]") -> int:
    wrong = []
    for path, entry in entries.items():
        change = 100 * (counted[path] / entry.figure - 1)
        told = f"{path}: {counted[path]:.1f} instructions a chunk, budget {entry.figure:.1f} ({change:+.1f} %)"
        print(told)
        if change > entry.tolerance:
            wrong.append(f"{told}: more than {entry.tolerance} % above. If that is meant: {sys.argv[0]} --update")
        elif change < -entry.tolerance:
            print(f"HINT: {path} is cheaper than its budget, which may be lowered: {sys.argv[0]} --update")
    return verdict("instructions", wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, nargs="?", default=PROGRAM, metavar="PROGRAM")
    parser.add_argument("--update", action="store_true", help="write the budget instead of comparing with it")
    args = parser.parse_args()
    try:
        if not args.program.is_file():
            raise Wrong(f"{args.program}: no such program; ./dev test builds exact_floors")
        text = BUDGET.read_text()
        wanted, entries = read_budget(text)
        build = subprocess.run([args.program, "build"], capture_output=True, text=True, check=True).stdout.strip()
        if build != wanted:
            reason = f"the budget is for '{wanted}', this program was built by '{build}'"
            if args.update:
                raise Wrong(f"{reason}: build it so, or change the line 'build' in {BUDGET} first")
            skip(reason)
        if shutil.which("valgrind") is None:
            skip("valgrind is not installed (./dev setup, or apt-get install valgrind)")
        tried = callgrind(Path("/dev/null"), "true")
        if tried.returncode != 0:
            skip(f"valgrind does not work here: {' '.join(tried.stderr.split())}")
        counted = {path: (count(args.program, path, 2 * CHUNKS) - count(args.program, path, CHUNKS)) / CHUNKS
                   for path in entries}
    except (Wrong, OSError, subprocess.CalledProcessError) as error:
        print(f"instructions.py: {error}", file=sys.stderr)
        return 1
    if args.update:
        update(text, counted)
        return 0
    return compare(entries, counted)


if __name__ == "__main__":
    sys.exit(main())
