#!/usr/bin/env python3
"""What is asked for wrongly, or cannot be done, gets one clear message and its exit code."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from unittest import mock

from jobs import Check

MISTAKES = (
    ("--chunks",), ("--ranks", "1"), ("--windows", "0"), ("--windows", "1025"), ("--chunks", "2G"), ("--chunks", "0"),
    ("--chunks", "many"), ("--repetitions", "0"), ("--sink", "hole"), ("--turbo",), ("--launcher", "srun"),
    ("--launcher", "/nowhere/srun -n {ranks}"), ("--launcher", "srun -n {ranks} '"), ("--binary", "/nowhere/mpiferry"),
    ("--binary", "/bin/true"), ("--target", "/nowhere/at/all"), ("--resume", "--fresh"), ("--resume",),
    ("--launcher", "/bin/true -n {ranks}"), ("--launcher", "/bin/false -n {ranks}"), ("--launcher", "/etc -n {ranks}"),
    ("--launcher", "/etc/passwd -n {ranks}"), ("--launcher", "nowhere-run -n {ranks}"), ("--binary", "/etc/passwd"),
    ("--binary", "/etc"), ("--binary", "/bin/false"), ("--target", "/etc/passwd"), ("--target", "/proc"),
    ("--out", "/etc/passwd"), ("--out", "/etc/passwd/below"), ("--out", "/proc/nowhere"), ("--size", "1"),
    ("--chunks", ","), ("--chunks", ""), ("--windows", "8,0"), ("--chunks", "64K,many"), ("--chunksize", "64K"),
)
HINTS = ((("--chunks", ","), "--chunks: no value"), (("--chunksize", "64K"), "did you mean --chunks?"),
         (("--chunks", "64K,many"), "--chunks: many: not a size"), (("--windows", "2000"), "from 1 to 1024"),
         (("--size", "1"), "one chunk of 16 MiB"),
         (("--launcher", "/bin/true -n {ranks}"), "'/bin/true -n {ranks}': ended with 0, but started no mpiferry"))
# bench/sweep, bench/compare and others begin with this.
ALONE = (f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2] / 'bench')!r}); "
         "from mpiferry_bench.measuring.alone import check_started_alone; check_started_alone('a script')")
FAKE = """#!/bin/sh
case $1 in --version) echo 'mpiferry 0 (fake)'; exit ;; esac
while [ $# -gt 1 ]; do case $1 in --json) json=$2 ;; --chunk-size) chunk=$2 ;; esac; shift; done
if [ "$chunk" = 65536 ]; then echo 'the disk is on fire'; exit 4; fi
echo '{"exit_code": 0, "bytes_written": 1048576, "transfer_seconds": 0.5, "workers": [{}]}' >"$json"
"""


def failing_job(check: Check) -> None:
    fake = check.root / "fake"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    words = ("--binary", str(fake), "--launcher", "env RANKS={ranks}", "--ranks", "2", "--windows", "1", "--size", "1M",
             "--repetitions", "1")
    check.ended(check.run(*words, "--chunks", "64K"), 1, "the disk is on fire")
    check.that(not check.out.exists(), "nothing was measured, but something is left")
    check.ended(check.run(*words[:4], "--ranks", "3", *words[6:], "--chunks", "4K"), 2, "--launcher",
                "3 ranks, but 2 came")
    check.that(not check.out.exists(), "a refused sweep left something")
    check.ended(check.run(*words, "--chunks", "4K", "64K", "1M"), 1, "the disk is on fire", "status 4", "PARTIAL")
    check.that(check.names() == {"scatter/chunk:4096/ranks:2/window:1"}, f"kept: {check.names()}")
    check.nothing_left()
    before = check.journal()
    in_the_way = check.root / "taken"
    (in_the_way / "sweep.csv").mkdir(parents=True)
    check.ended(check.run(*words, "--chunks", "4K", "--out", str(in_the_way)), 2, "sweep.csv: is a directory, not a file")
    check.that(list(in_the_way.iterdir()) == [in_the_way / "sweep.csv"], "a refused sweep left something")
    check.ended(check.run(*words, "--chunks", "4K", "--size", "2M"), 2, "job: there 1 MiB", "now 2 MiB", "--fresh")
    check.that(check.journal() == before, "a refused sweep changed the journal")
    check.ended(check.run(*words, "--chunks", "4K", "1M", "--fresh"), 0)
    check.that(check.result()["context"]["partial"] is False, "it is marked partial")


def broken_matplotlib(check: Check) -> None:
    """The figures are there in any case."""
    package = check.root / "broken/matplotlib"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('no libpng')")
    words = ("--binary", str(check.root / "fake"), "--launcher", "env RANKS={ranks}", "--ranks", "2", "--windows", "1",
             "--size", "1M", "--chunks", "4K", "1M", "--repetitions", "1")
    with mock.patch.dict(os.environ, PYTHONPATH=str(package.parent)):
        check.ended(check.run(*words, "--fresh"), 0, "warning:", "ImportError: no libpng", "sweep.json",
                    "sweep.csv")
        check.ended(check.run("page", str(check.out / "sweep.json"), program=False), 1, "error:", "no libpng")
    check.that(not (check.out / "sweep.html").exists(), "a page of nothing")


def bad_pages(check: Check) -> None:
    result = check.result()
    for name, text, word in (("no.json", "no", "no JSON"), ("other.json", "{}", "not the result of a sweep"),
                             ("old.json", json.dumps({**result, "context": {"sweep_schema": "mpiferry.sweep/0"}}),
                              "mpiferry.sweep/0"),
                             ("broken.json", json.dumps({**result, "benchmarks": [1]}), "cannot be read"),
                             ("nonsense.json", json.dumps({**result, "benchmarks": [
                                 {**result["benchmarks"][0], "real_time": "x"}]}), "): real_time: ")):
        path = check.root / name
        path.write_text(text)
        check.ended(check.run("page", str(path), program=False), 1, word)
        check.that(not path.with_suffix(".html").exists(), f"{name} became a page")
    os.mkfifo(check.root / "fifo")
    for name, said in (("missing.json", "No such file"), ("fifo", "is not a regular file"), ("", "is not a regular file")):
        check.ended(check.run("page", str(check.root / name), program=False), 2,
                    f"SWEEP.json {check.root / name}: {said}")
    check.ended(check.run("page", program=False), 2, "SWEEP.json")
    precious = check.root / "precious"
    precious.write_text("words")
    result = next(check.root.rglob("sweep.json"))
    for there in (precious, result):
        before = there.read_bytes()
        check.ended(check.run("page", str(result), "--html", str(there), program=False), 2, "not a page of a sweep")
        check.that(there.read_bytes() == before, f"{there} was replaced")


def start(check: Check, variables: "dict[str, str]", *before: str, **more) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*before, str(check.program), "bench", "--help"], capture_output=True, text=True, check=False,
                          env={**os.environ, **variables}, **more)


def under_a_launcher(check: Check) -> None:
    job = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4"}  # as sbatch and salloc set them, too
    step = {**job, "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"}
    task = ("sh", "-c", 'SLURM_TASK_PID=$$ exec "$@"', "sh")
    for rank in ("0", "3"):
        check.ended(start(check, {**step, "SLURM_PROCID": rank}, *task), 2,
                    "started by srun, but it starts its jobs itself")
        ours, theirs = socket.socketpair()
        with ours, theirs:
            pmi = {"PMI_RANK": rank, "PMI_SIZE": "4", "PMI_FD": str(theirs.fileno())}
            check.ended(start(check, pmi, pass_fds=[theirs.fileno()]), 2, "started by MPICH's mpirun")
            sweep = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False,
                                   env={**os.environ, **pmi}, pass_fds=[theirs.fileno()])
            check.ended(sweep, 2, "started by a launcher")
    for variables in ({**step, "SLURM_PROCID": "3", "SLURM_TASK_PID": "1"}, {**job, "SLURM_PROCID": "0"}, job,
                      {"PMI_RANK": "3", "PMI_SIZE": "4"}, {"PMI_RANK": "3", "PMI_SIZE": "4", "PMI_FD": "99"},
                      {"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4"}, {"PMIX_RANK": "3"}):
        check.ended(start(check, variables), 0, "usage: mpiferry bench")
    check.ended(start(check, {**step, "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}, *task), 0,
                "usage: mpiferry bench")
    done = subprocess.run([str(check.program), "bench", "--help"], capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": "/nowhere"})
    check.ended(done, 2, "python3")


def main() -> None:
    check = Check()
    check.ended(check.run("--help"), 0, "usage: mpiferry bench", "exit codes")
    for words in MISTAKES:
        done = check.run(*words)
        check.ended(done, 2, words[0])
        check.that("Errno" not in done.stderr and done.stderr.count("\n") < 10, f"{words}: said {done.stderr}")
        check.that(not check.out.exists(), f"{words}: something is left")
        check.nothing_left()
    for words, hint in HINTS:
        check.ended(check.run(*words), 2, hint)
    for word in ("pag", "", "sweep.json"):
        check.ended(check.run(word, "x", program=False), 2, f"'{word}' is not a command: page is one")
    check.ended(check.run("--size", "1000T", "--max-chunks", "1073741824"), 1, "are free")
    check.nothing_left()
    failing_job(check)
    broken_matplotlib(check)
    bad_pages(check)
    under_a_launcher(check)
    check.end()


if __name__ == "__main__":
    main()
