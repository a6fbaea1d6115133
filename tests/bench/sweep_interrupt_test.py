#!/usr/bin/env python3
"""A sweep that is interrupted keeps what it has, says that it is partial, and can be resumed."""

import signal
import subprocess
import time

import tree  # noqa: F401: the path to bench/
from jobs import TINY, Check
from mpiferry_bench.sweep.files import NoPage, drawing_python

PATIENCE = 60  # seconds


def interrupted(check: Check, number: signal.Signals, lines: int) -> None:
    """Starts the sweep, and sends the signal when the journal has so many lines. SIGUSR1, sent before, changes nothing."""
    with subprocess.Popen(check.argv(*TINY, "--repetitions", "3"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=check.environment()) as process:
        for sent, awaited in ((signal.SIGUSR1, lines - 2), (number, lines)):
            deadline = time.monotonic() + PATIENCE
            while len(check.journal()) < awaited and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(sent)
        out, err = process.communicate(timeout=PATIENCE)
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    check.ended(done, 130, "interrupted", "PARTIAL")
    check.that(check.result()["context"]["partial"] is True, "sweep.json is not marked partial")
    check.that(check.result()["context"]["missing_runs"] > 0, "nothing is missing")
    check.that((check.out / "sweep.csv").read_text().splitlines()[1].endswith(",yes"), "sweep.csv is not marked")
    check.nothing_left()


def main() -> None:
    check = Check()
    interrupted(check, signal.SIGINT, 5)
    first = check.journal()
    interrupted(check, signal.SIGTERM, len(first) + 5)
    second = check.journal()
    check.that(second[:len(first)] == first and len(second) > len(first), "earlier lines changed")
    try:
        drawing_python()
        check.that("<strong>PARTIAL</strong>" in (check.out / "sweep.html").read_text(), "the page is not marked")
    except NoPage as error:
        print(f"the page: SKIPPED: {error}")
    with open(check.out / "sweep.jsonl", "a", encoding="utf-8") as journal:
        journal.write('{"case": "scatt')  # the power went
    check.ended(check.run(*TINY, "--repetitions", "3"), 0, "resuming")
    check.that(check.journal()[:len(second)] == second, "earlier lines changed")
    check.that(check.result()["context"]["partial"] is False, "the whole sweep is marked partial")
    keys = [line.split(', "bytes"')[0] for line in check.journal()]
    check.that(len(keys) == len(set(keys)), "something was measured twice")
    check.end()


if __name__ == "__main__":
    main()
