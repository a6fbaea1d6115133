#!/usr/bin/env python3
"""plant.py BUILD [NAME...]: whether the simulation finds the bugs in tests/simulation/bugs.

Each is planted in a copy of engine/, the simulation of the build directory is linked with what it
changes, and plays 20,000 seeds, up to the first that finds it. Prints a Markdown table: the bug,
that seed, and the promise that is broken there. Exit status 1 if one is not found.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "tests/simulation/simulation"
SECONDS = 900  # for the seeds of one bug


def dependents(build, header):
    """Returns the sources that include `header`."""
    deps = subprocess.run(["ninja", "-C", build, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    found = set()
    for entry in deps.split("\n\n"):
        files = [(build / line.strip()).resolve() for line in entry.splitlines()[1:]]
        if ROOT / header in files:
            found.add(files[0])
    return found


def apply(build, patch):
    """Plants one bug in a copy of engine/, by the lines and not by their numbers; returns the copy's root."""
    place = build / "planted" / patch.stem
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(ROOT / "engine", place / "engine")
    for part in re.split(r"^--- ", patch.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        file = place / re.search(r"^\+\+\+ b/(\S+)", part, re.MULTILINE)[1]
        text = file.read_text(encoding="utf-8")
        for hunk in re.split(r"^@@.*\n", part, flags=re.MULTILINE)[1:]:
            lines = [(line[0], line[1:]) for line in hunk.splitlines(keepends=True) if line[0] in " +-"]
            right = "".join(line for sign, line in lines if sign != "+")
            wrong = "".join(line for sign, line in lines if sign != "-")
            if text.count(right) != 1:
                sys.exit(f"{patch.name}: {file.name} does not have these lines once:\n{right}")
            text = text.replace(right, wrong)
        file.write_text(text, encoding="utf-8")
    return place


def compile_changed(build, patch, place):
    """The objects of all sources that the bug is in, directly or through a header."""
    changed = re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(encoding="utf-8"), re.MULTILINE)
    sources = {ROOT / file for file in changed if file.endswith(".cpp")}
    for header in (file for file in changed if file.endswith(".hpp")):
        sources |= dependents(build, header)
    objects = []
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = pathlib.Path(entry["file"])
        relative = source.relative_to(ROOT)
        if source not in sources or not re.match(r"engine/(?!api|mpi|posix)|tests/simulation/", str(relative)):
            continue
        command = [word for word in shlex.split(entry["command"]) if word != "-Werror"]
        compiler = next(i for i, word in enumerate(command) if re.search(r"(\+\+|g\+\+-\d+)$", word))
        output = place / (str(relative).replace("/", "-") + ".o")
        command[command.index("-o") + 1] = str(output)
        if str(relative).startswith("engine/"):
            command[-1] = str(place / relative)
        command[compiler + 1:compiler + 1] = [f"-iquote{place}", "-w"]
        subprocess.run(command, cwd=entry["directory"], check=True)
        objects.append((relative, str(output)))
    return objects


def link(build, place, objects):
    commands = subprocess.run(["ninja", "-C", build, "-t", "commands", PROGRAM], check=True, capture_output=True,
                              text=True).stdout
    words = shlex.split(re.sub(r"^: && | && :$", "", commands.strip().splitlines()[-1]))
    replaced = {f"{relative.relative_to('tests/simulation')}.o" for relative, _ in objects
                if relative.is_relative_to("tests/simulation")}
    words = [word for word in words if not any(word.endswith(f"simulation.dir/{name}") for name in replaced)]
    program = place / "simulation"
    at = words.index("-o")
    # Before the libraries: what is defined here is not taken from there.
    words[at:at + 2] = [*(output for _, output in objects), "-o", str(program)]
    subprocess.run(words, cwd=build, check=True)
    return program


def search(program, seeds):
    """The first seed that finds the bug, and the promise that is broken; None if all are kept."""
    try:
        done = subprocess.run([program, "--seeds", str(seeds), "--first"], capture_output=True, text=True,
                              timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "-", "it does not end"
    found = re.search(r"^seed (\d+):.*\n  BROKEN: (.*)", done.stdout, re.MULTILINE)
    if found:
        return found[1], found[2]
    return ("-", f"it crashes ({done.returncode})") if done.returncode < 0 else None


def look(build, patch, seeds):
    place = apply(build, patch)
    try:
        found = search(link(build, place, compile_changed(build, patch, place)), seeds)
    except subprocess.CalledProcessError:
        sys.exit(f"{patch.name}: cannot be built")
    shutil.rmtree(place)
    title = patch.read_text(encoding="utf-8").partition("\n")[0]
    seed, promise = found or ("none", "NOT FOUND")
    return found is not None, f"| {patch.stem}: {title} | {seed} | {promise} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="of the simulation, without unity batches")
    parser.add_argument("names", nargs="*", help="beginnings of names; none: all")
    parser.add_argument("--seeds", type=int, default=20000)
    parser.add_argument("--apply-only", action="store_true", help="only see whether they fit engine/ as it is now")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    patches = [patch for patch in sorted(pathlib.Path(__file__).with_name("bugs").glob("*.patch"))
               if not arguments.names or any(patch.name.startswith(name) for name in arguments.names)]
    if not patches:
        parser.error("there is no such bug")
    if arguments.apply_only:
        for patch in patches:
            shutil.rmtree(apply(build, patch))
        print(f"{len(patches)} bugs can be planted")
        return
    print("| bug | seed | what it breaks there |\n| --- | --- | --- |")
    well = True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found, line in pool.map(lambda patch: look(build, patch, arguments.seeds), patches):
            print(line, flush=True)
            well = well and found
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
