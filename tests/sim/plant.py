#!/usr/bin/env python3
"""plant.py BUILD [NAME...]: whether the simulator finds the bugs in tests/sim/bugs.

Each is applied to a copy of engine/protocol, the simulator of the build directory is linked with it,
and plays 20,000 seeds. Prints a Markdown table: the bug, the first seed that finds it, the invariant
that it breaks there, how many seeds find it. Exit status 1 if one is not found.
"""
import argparse
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 600  # for the runs of one bug


def dependents(build, header):
    """The sources of the simulator and of engine/protocol that include `header`."""
    deps = subprocess.run(["ninja", "-C", build, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    found = set()
    for entry in deps.split("\n\n"):
        files = [(build / line.strip()).resolve() for line in entry.splitlines()[1:]]
        if ROOT / header in files:
            found.add(files[0])
    return found


def apply(build, patch):
    """Plants one bug in a copy of engine/protocol; returns the copy's root."""
    place = build / "planted" / patch.stem
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(ROOT / "engine/protocol", place / "engine/protocol")
    for part in re.split(r"^--- ", patch.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        file = place / re.search(r"^\+\+\+ b/(\S+)", part, re.MULTILINE)[1]
        text = file.read_text(encoding="utf-8")
        for hunk in re.split(r"^@@.*\n", part, flags=re.MULTILINE)[1:]:
            lines = [(line[0], line[1:]) for line in hunk.splitlines(keepends=True)]
            right = "".join(line for sign, line in lines if sign != "+")
            wrong = "".join(line for sign, line in lines if sign != "-")
            if text.count(right) != 1:
                sys.exit(f"{patch.name}: {file.name} does not have these lines once:\n{right}")
            text = text.replace(right, wrong)
        file.write_text(text, encoding="utf-8")
    return place


def plant(build, patch):
    """Builds the simulator with one bug; returns the program."""
    place = apply(build, patch)
    changed = re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(encoding="utf-8"), re.MULTILINE)
    sources = {ROOT / file for file in changed if file.endswith(".cpp")}
    for header in (file for file in changed if file.endswith(".hpp")):
        sources |= dependents(build, header)
    objects = []
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = pathlib.Path(entry["file"])
        relative = source.relative_to(ROOT)
        if source not in sources or not re.match(r"engine/protocol/|tests/sim/", str(relative)):
            continue
        command = [word for word in shlex.split(entry["command"]) if word != "-Werror"]
        compiler = next(i for i, word in enumerate(command) if re.search(r"(\+\+|g\+\+-\d+)$", word))
        output = place / (relative.name + ".o")
        command[command.index("-o") + 1] = str(output)
        if str(relative).startswith("engine/protocol/"):
            command[-1] = str(place / relative)
        command.insert(compiler + 1, f"-iquote{place}")
        command.append("-w")
        subprocess.run(command, cwd=entry["directory"], check=True)
        objects.append(str(output))

    commands = subprocess.run(["ninja", "-C", build, "-t", "commands", "tests/sim/sim"], check=True,
                              capture_output=True, text=True).stdout
    link = shlex.split(re.sub(r"^: && | && :$", "", commands.strip().splitlines()[-1]))
    program = place / "sim"
    at = link.index("-o")
    # Before the libraries: what is defined here is not taken from there.
    link[at:at + 2] = [*objects, "-o", str(program)]
    main = next((o for o in objects if o.endswith("/main.cpp.o")), None)
    if main:
        link = [word for word in link if not word.endswith("sim.dir/main.cpp.o")]
    subprocess.run(link, cwd=build, check=True)
    return program


def search(program, seeds):
    """(first seed, its invariant, seeds that find it); None if nothing is found."""
    done = subprocess.run([program, "--seeds", str(seeds), "--breaches", str(seeds)], capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    first = re.search(r"^BROKEN: seed (\d+): (\w+):", done.stdout, re.MULTILINE)
    if not first:
        if done.returncode < 0:
            sys.exit(f"{program}: ended by signal {-done.returncode}")
        return None
    count = sum(map(int, re.findall(r"^BROKEN (\d+) times", done.stdout, re.MULTILINE)))
    return int(first[1]), first[2], count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("names", nargs="*", help="beginnings of names; none: all")
    parser.add_argument("--seeds", type=int, default=20000)
    parser.add_argument("--apply-only", action="store_true", help="only see whether they fit engine/protocol as it is now")
    arguments = parser.parse_args()
    patches = [patch for patch in sorted((ROOT / "tests/sim/bugs").glob("*.patch"))
               if not arguments.names or any(patch.name.startswith(name) for name in arguments.names)]
    if not patches:
        parser.error("there is no such bug")
    if arguments.apply_only:
        for patch in patches:
            apply(arguments.build.resolve(), patch)
        print(f"{len(patches)} bugs can be planted")
        return
    missed = 0
    print("| bug | first seed | invariant | seeds |\n| --- | --- | --- | --- |")
    for patch in patches:
        why = patch.read_text(encoding="utf-8").partition("\n")[0]
        found = search(plant(arguments.build.resolve(), patch), arguments.seeds)
        missed += found is None
        seed, invariant, count = found or ("NOT FOUND", "", 0)
        print(f"| {patch.stem}: {why} | {seed} | {invariant} | {count} |", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
