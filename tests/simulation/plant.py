#!/usr/bin/env python3
"""plant.py BUILD [NAME...]: whether the simulation finds the bugs in tests/simulation/bugs.

Each is applied to a copy of the sources, in which the simulation is built and plays seeds. Prints a
Markdown table: the bug, the first seed that finds it, and the promise that it breaks there. Exit
status 1 if one is not found.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEDS = 3000


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options)


def copy(tree):
    """The sources as they are now."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for name in ("CMakeLists.txt", "cmake", "engine", "cli", "tests", "bench", "docs"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name)
        else:
            shutil.copy2(source, tree / name)


def build(tree, directory):
    run("cmake", "--build", directory, "--target", "simulation")
    return directory / "tests/simulation/simulation"


def first_found(program):
    """The seed and the promise of the first seed that is not as it ought to be; None if all are."""
    played = subprocess.run([str(program), "--seeds", str(SEEDS), "--first"], check=False, capture_output=True,
                            text=True, timeout=900)
    if played.returncode == 0:
        return None
    found = re.search(r"^seed (\d+):.*\n  BROKEN: (.*)", played.stdout, re.MULTILINE)
    if found:
        return found[1], re.sub(r"'/\S*/", "'", found[2])
    return "-", f"it crashes ({played.returncode})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="a directory for copies and builds")
    parser.add_argument("names", nargs="*", help="of bugs: all by default")
    parser.add_argument("--apply-only", action="store_true", help="only whether each can be applied")
    args = parser.parse_args()
    patches = sorted(pathlib.Path(__file__).with_name("bugs").glob("*.patch"))
    patches = [patch for patch in patches if not args.names or patch.stem in args.names]
    if not patches:
        sys.exit("plant.py: no such bug")
    for patch in patches if args.apply_only else []:
        subprocess.run(["git", "apply", "--check", str(patch)], cwd=ROOT, check=True)
    if args.apply_only:
        print(f"{len(patches)} bugs can be planted")
        return
    tree, directory = args.build / "planted/tree", args.build / "planted/build"
    copy(tree)
    run("cmake", "-S", tree, "-B", directory, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -w", "-DMPIFERRY_BENCH=OFF", "-DCMAKE_UNITY_BUILD=OFF")
    if first_found(build(tree, directory)):
        sys.exit("plant.py: without any bug a promise is broken")
    missed = 0
    print("| bug | seed | what it breaks there |\n| --- | --- | --- |")
    for patch in patches:
        run("git", "apply", "--unsafe-paths", patch, cwd=tree)
        found = first_found(build(tree, directory))
        run("git", "apply", "--unsafe-paths", "-R", patch, cwd=tree)
        missed += found is None
        seed, promise = found or ("none", "NOT FOUND")
        title = patch.read_text(encoding="utf-8").split("\n", 1)[0]
        print(f"| {patch.stem}: {title} | {seed} | {promise} |", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
