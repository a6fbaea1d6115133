#!/usr/bin/env python3
"""Instructions a chunk of the engine, counted by callgrind, against instructions.budget.

instructions.py [PROGRAM]           compares; PROGRAM is exact_instructions, by default that of ./dev test
instructions.py [PROGRAM] --update  writes what it counts into the budget, for a change that is meant

Counted are the functions of the engine on all ranks, with what is inline in them: not the simulated
machine's, not Asio's, and neither xxHash's nor the C library's, as these choose their code by the
processor. The difference of two runs leaves only what the additional chunks cost.
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
PROGRAM = ROOT / "build/test/tests/exact/exact_instructions"
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


def is_of_engine(function: str) -> bool:
    """Whether it is the engine's; the name is as C++ has it, perhaps with a return type in front."""
    name, depth = "", 0
    for letter in function:
        if letter == "(" and depth == 0:
            break
        depth += (letter == "<") - (letter == ">")
        name += letter if depth == 0 and letter != ">" else ""
    name = name.split(" ")[-1]
    return name.startswith("mpiferry::") and not name.startswith("mpiferry::simulation::")


def cost(profile: str) -> int:
    """Returns the instructions of the engine's functions, out of callgrind's file."""
    names: "dict[str, str]" = {}
    by_function: "Counter[str]" = Counter()
    current, total, of_callee = "", 0, False
    for line in profile.splitlines():
        if line.startswith(("fn=", "cfn=")):
            number, _, name = line.split("=", 1)[1].partition(" ")
            if name:
                names[number] = name
            if line.startswith("fn="):
                current = names[number]
        elif line.startswith("calls="):
            of_callee = True  # the next line is what the callee took, which is counted there
        elif line.startswith("summary:"):
            total = int(line.split()[1])
        elif line[:1] in "0123456789+-*" and line:
            if not of_callee:
                by_function[current] += int(line.split()[1])
            of_callee = False
    if sum(by_function.values()) != total or total == 0:
        raise Wrong(f"callgrind's file was not understood: {sum(by_function.values())} instructions, not {total}")
    return sum(count for name, count in by_function.items() if is_of_engine(name))


def callgrind(out: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=measured",
                           f"--callgrind-out-file={out}", *argv],
                          capture_output=True, text=True, check=False)


def count(program: Path, path: str, chunks: int) -> int:
    with tempfile.TemporaryDirectory(prefix="mpiferry-exact-") as name:
        out = Path(name) / "profile"
        argv = (str(program), path, str(chunks))
        done = callgrind(out, *argv)
        if done.returncode != 0:
            raise Wrong(f"valgrind {' '.join(argv)}\nended with status {done.returncode}:\n{done.stderr}")
        counted = cost(out.read_text(errors="replace"))
        if counted == 0:
            raise Wrong(f"callgrind's file names no function of the engine: {program} has no symbols")
        return counted


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
            raise Wrong(f"{args.program}: no such program; ./dev test builds exact_instructions")
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
