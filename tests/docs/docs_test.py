#!/usr/bin/env python3
"""docs_test.py ROOT: plants untruths in a copy of the documents and asks docs.py for exactly these."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

CHECKER = pathlib.Path(__file__).with_name("docs.py")

HELP = """Options:
  -h,--help                   Print this help message and exit
  --chunk-size UINT:SIZE=1MiB (Env:MPIFERRY_CHUNK_SIZE)
                              Bytes a chunk
  --fsync (Env:MPIFERRY_FSYNC)
"""
TABLE = """| option | default | range | meaning |
|---|---|---|---|
| `--chunk-size` | 1MiB | | bytes |
| `--fsync` | off | | durable |
| `--help`, `-h` | | | this |
"""
OPTIONS = TABLE + "".join(f"\n## `mpiferry {name}`\n\n{TABLE}" for name in ("gather", "verify"))
DEV = """
bench() {  # NAME
  case $name in
    cp) need build ;;
    wire | flow) need build bench ;;
    *) die ;;
  esac
}
"""
OPTIONS_FILE = "docs/reference/options.md"

# check, file, what stands there, what is planted instead ("" in both: the file as it is); the finding
PLANTED = [
    ("exit_codes_match_code", "docs/reference/exit-codes.md", "", "", ""),
    ("exit_codes_match_code", "docs/reference/exit-codes.md", "| 6 | stalled |", "| 8 | stalled |", "lacks 6 stalled"),
    ("exit_codes_match_code", "docs/reference/exit-codes.md", "| 6 | stalled |", "| 6 | late |", "6 late is not in the code"),
    ("exit_codes_match_code", "docs/reference/exit-codes.md", "`worker_stalled`", "`worker_late`",
     "lacks worker_stalled of class stalled"),
    ("exit_codes_match_code", "README.md", "6 stalled", "9 stalled", "README.md: lacks 6 stalled"),
    ("options_match_help", OPTIONS_FILE, "", "", ""),
    ("options_match_help", OPTIONS_FILE, "| 1MiB |", "| 2MiB |", "--chunk-size is"),
    ("options_match_help", OPTIONS_FILE, "`--fsync` | off", "`--fsync` | on", "--fsync is"),
    ("options_match_help", OPTIONS_FILE, "`--fsync`", "`--sync`", "--sync is"),
    ("options_match_help", OPTIONS_FILE, "`--help`, `-h`", "`--help`", "--help is"),
    ("options_match_help", OPTIONS_FILE, "## `mpiferry verify`", "## verify", "docs/reference/options.md: verify: --fsync is None"),
    ("options_match_help", "docs/new.md", "", "```sh\nmpirun -n 2 mpiferry scatter --nonsense a b\n```\n",
     "--nonsense is no option"),
    ("options_match_help", "docs/new.md", "", "```sh\nmpirun -n 2 mpiferry gather --nonsense a b\n```\n",
     "--nonsense is no option"),
    ("links_resolve", "docs/new.md", "", "[a](map.md) [b](map.md#the-table) `[c](d.md)` [e](https://f.org)\n", ""),
    ("links_resolve", "docs/new.md", "", "[a](nowhere.md)\n", "nowhere.md: no such file"),
    ("links_resolve", "docs/new.md", "", "[a](map.md#the-cellar)\n", "no such heading"),
    ("scripts_exist", "docs/new.md", "", "`bench/cp`, [that](../bench/cp), `bench/cp whole --x`, `./dev bench wire`\n", ""),
    ("scripts_exist", "docs/new.md", "", "`./dev bench cp whole`, and `bench/cp` alone says more\n", ""),
    ("scripts_exist", "docs/new.md", "", "```sh\nbench/mv --x\n```\n", "docs/new.md:2: bench/mv: there is no such"),
    ("scripts_exist", "docs/new.md", "", "`RANKS=5 ./dev bench speed`\n", "dev bench speed: there is no such thing"),
    ("scripts_exist", "docs/new.md", "", "`bench/cp part [--x]`\n", "bench/cp part: it has no such measurement"),
    ("scripts_exist", "docs/new.md", "", "`./dev bench cp part`\n", "dev bench cp part: it has no such"),
    ("scripts_exist", "docs/new.md", "", "no script\n", "nothing was found"),
    ("commands_run", "docs/new.md", "", "```sh run\necho 1\n```\n\n```text output\n1\n```\n", ""),
    ("commands_run", "docs/new.md", "", "```sh run\necho 1 > a\n```\n\n```sh run\nrm a\n```\n", ""),
    ("commands_run", "docs/new.md", "", "```sh run\nmkdir a\n```\n\n```sh run\nmkdir a\n```\n", "docs/new.md:5: exit"),
    ("commands_run", "docs/new.md", "", "```sh run\nfalse\ntrue\n```\n", "docs/new.md:1: exit status 1"),
    ("commands_run", "docs/new.md", "", "```sh run\nfalse | true\n```\n", "exit status 1"),
    ("commands_run", "docs/new.md", "", "  ```sh run\n  exit 3\n  ```\n", "exit status 3"),
    ("commands_run", "docs/new.md", "", "```sh run\necho 1\n```\n\n```text output\n2\n```\n", "the output is"),
    ("commands_run", "docs/new.md", "", "```sh run\necho '1.5 MiB at rank 1 (a)'\n```\n\n```text output alike\n"
     "20 KiB at rank 2 (b)\n```\n", ""),
    ("commands_run", "docs/new.md", "", "```sh run\necho 1 chunk\n```\n\n```text output alike\n1 file\n```\n",
     "the output is"),
    ("commands_run", "docs/new.md", "", "```sh\nfalse\n```\n", "no block is marked"),
]


def findings(root, check, file, old, new):
    with tempfile.TemporaryDirectory(prefix="mpiferry-docs-") as scratch:
        tree = pathlib.Path(scratch)
        if check != "exit_codes_match_code":  # the real documents run for long, and link to everything
            (tree / "docs").mkdir()
            (tree / "docs/map.md").write_text("# The `table`\n", encoding="utf-8")
            (tree / OPTIONS_FILE).parent.mkdir()
            (tree / OPTIONS_FILE).write_text(OPTIONS, encoding="utf-8")
            (tree / "bench").mkdir()
            (tree / "bench/cp").write_text('what.add_parser("whole")\n', encoding="utf-8")
            (tree / "dev").write_text(DEV, encoding="utf-8")
        else:
            for name in ("docs", "engine/base"):
                shutil.copytree(root / name, tree / name)
            shutil.copy(root / "README.md", tree)
        if new:
            text = (tree / file).read_text(encoding="utf-8") if old else ""
            if old not in text:
                return f"{file} has no {old!r} to plant in"
            (tree / file).write_text(text.replace(old, new) if old else new, encoding="utf-8")
        program = tree / "program"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{HELP}END\n", encoding="utf-8")
        program.chmod(0o755)
        done = subprocess.run([sys.executable, CHECKER, check, tree, "--mpiferry", program, "--mpiexec", program],
                              capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr


def main(root):
    failed = 0
    for check, file, old, new, expected in PLANTED:
        found = findings(root, check, file, old, new)
        if bool(found) != bool(expected) or expected not in found:
            failed += 1
            print(f"{check}, {file}: {new!r}: expected {expected!r}, found {found!r}")
    print(f"{len(PLANTED) - failed} of {len(PLANTED)} planted cases were judged right")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
