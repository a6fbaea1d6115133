#!/usr/bin/env python3
"""What is asked for wrongly, or can not be done, gets one clear message and its exit code."""

import json
import os
import subprocess

from jobs import Check

MISTAKES = (
    ("--chunks",), ("--ranks", "1"), ("--windows", "0"), ("--windows", "1025"), ("--chunks", "2G"), ("--chunks", "0"),
    ("--chunks", "many"), ("--repetitions", "0"), ("--sink", "hole"), ("--turbo",), ("--launcher", "srun"),
    ("--launcher", "/nowhere/srun -n {ranks}"), ("--launcher", "srun -n {ranks} '"), ("--binary", "/nowhere/mpiferry"),
    ("--binary", "/bin/true"), ("--target", "/nowhere/at/all"), ("--resume", "--fresh"), ("--resume",),
    ("--ranks", "2,3"), ("--chunks", ","), ("--out", "/dev/null/results"),
)
FAKE = """#!/bin/sh
case $1 in --version) echo 'mpiferry 0 (fake)'; exit ;; esac
while [ $# -gt 1 ]; do case $1 in --json) json=$2 ;; --chunk-size) chunk=$2 ;; esac; shift; done
if [ "$chunk" = 65536 ]; then echo 'the disk is on fire'; exit 4; fi
echo '{"exit_code": 0, "bytes_written": 1048576, "transfer_seconds": 0.5}' >"$json"
"""


def not_a_journal(check: Check) -> None:
    check.out.mkdir()
    link = check.out / "sweep.jsonl"
    link.symlink_to("/dev/zero")
    check.ended(check.run(), 2, "is no regular file")
    link.unlink()
    check.ended(check.run("--launcher", "/bin/true {ranks}", "--ranks", "2", "--chunks", "64K", "--windows", "1",
                          "--size", "1M"), 1, "--launcher '/bin/true {ranks}' does not start programs")
    check.that(not list(check.out.iterdir()), "without any run a journal was left")


def failing_job(check: Check) -> None:
    fake = check.root / "fake"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    words = ("--binary", str(fake), "--launcher", "env RANKS={ranks}", "--ranks", "2", "--windows", "1", "--size", "1M",
             "--repetitions", "1")
    check.ended(check.run(*words, "--chunks", "4K", "64K", "1M"), 1, "the disk is on fire", "status 4", "PARTIAL")
    check.that(check.names() == {"scatter/chunk:4096/ranks:2/window:1"}, f"kept: {check.names()}")
    check.nothing_left()
    before = check.journal()
    check.ended(check.run(*words, "--chunks", "4K", "--size", "2M"), 2, "job: there 1 MiB", "now 2 MiB", "--fresh")
    check.that(check.journal() == before, "a refused sweep changed the journal")
    check.ended(check.run(*words, "--chunks", "4K", "1M", "--fresh"), 0)
    check.that(check.result()["context"]["partial"] is False, "it is marked partial")


def bad_pages(check: Check) -> None:
    result = check.result()
    for name, text, word in (("no.json", "no", "no JSON"), ("other.json", "{}", "not the result of a sweep"),
                             ("old.json", json.dumps({**result, "context": {"sweep_schema": "mpiferry.sweep/0"}}),
                              "mpiferry.sweep/0"),
                             ("broken.json", json.dumps({**result, "benchmarks": [1]}), "can not be read")):
        path = check.root / name
        path.write_text(text)
        check.ended(check.run("page", str(path), program=False), 1, word)
        check.that(not path.with_suffix(".html").exists(), f"{name} became a page")
    check.ended(check.run("page", str(check.root / "missing.json"), program=False), 2, "missing.json: no such file")
    check.ended(check.run("page", program=False), 2, "SWEEP.json")
    precious = check.root / "precious"
    precious.write_text("words")
    result = next(check.root.rglob("sweep.json"))
    for there in (precious, result):
        before = there.read_bytes()
        check.ended(check.run("page", str(result), "--html", str(there), program=False), 2, "not a page of a sweep")
        check.that(there.read_bytes() == before, f"{there} was replaced")


def under_a_launcher(check: Check) -> None:
    done = subprocess.run([str(check.program), "bench", "--help"], capture_output=True, text=True, check=False,
                          env={**os.environ, "PMI_RANK": "0", "PMI_SIZE": "2"})
    check.ended(done, 2, "starts its jobs itself")
    job = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4"}  # as sbatch and salloc set them, too
    step = {**job, "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"}
    for variables, code, word in (
            ({**step, "SLURM_PROCID": "0"}, 2, "started by srun, but it starts its jobs itself"),
            ({**step, "SLURM_PROCID": "3"}, 2, ""),
            ({**step, "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}, 0, "usage: mpiferry bench"),
            ({**job, "SLURM_PROCID": "0"}, 0, "usage: mpiferry bench"),
            (job, 0, "usage: mpiferry bench")):
        done = subprocess.run([str(check.program), "bench", "--help"], capture_output=True, text=True, check=False,
                              env={**os.environ, **variables})
        check.ended(done, code, word)
        check.that(bool(word) or not done.stdout + done.stderr, f"{variables}: a rank that does not speak spoke")
    done = subprocess.run([str(check.program), "bench", "--help"], capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": "/nowhere"})
    check.ended(done, 2, "python3")


def main() -> None:
    check = Check()
    check.ended(check.run("--help"), 0, "usage: mpiferry bench", "exit codes")
    for words in MISTAKES:
        check.ended(check.run(*words), 2, words[0])
        check.that(not check.out.exists(), f"{words}: what was refused left its directory")
    check.ended(check.run("--size", "1000T", "--max-chunks", "1073741824"), 1, "are free")
    check.nothing_left()
    check.that(not check.out.exists(), "without any space the directory was left")
    not_a_journal(check)
    failing_job(check)
    bad_pages(check)
    under_a_launcher(check)
    check.end()


if __name__ == "__main__":
    main()
