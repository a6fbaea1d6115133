#!/usr/bin/env python3
"""Runs a tiny sweep of real jobs, from the command to the files. It asserts no timing."""

import tree  # noqa: F401: the path to bench/
from jobs import TINY, Check
from mpiferry_bench.sweep.files import NoPage, drawing_python

SCATTERS = {f"scatter/chunk:{chunk}/ranks:{ranks}/window:{window}" for chunk, ranks, window in
            ((1 << 16, 2, 1), (1 << 16, 2, 4), (1 << 16, 3, 1), (1 << 16, 3, 4), (1 << 20, 2, 1), (1 << 20, 3, 1))}


def main() -> None:
    check = Check()
    check.ended(check.run(*TINY, "--repetitions", "1"), 0, "sweep.json", "GB/s", "--chunk-size")
    scatters = {name for name in check.names() if name.startswith("scatter/")}
    check.that(scatters == SCATTERS, f"measured: {sorted(scatters)}")  # windows of 4 MiB for 2 MiB are left out
    context = check.result()["context"]
    for limit in ("transport", "write_limit"):
        there = any(name.startswith(limit + "/") for name in check.names())
        check.that(there != (limit in context["not_measured"]), f"{limit} is neither measured nor said not to be")
    for entry in check.result()["benchmarks"]:
        if entry["run_type"] == "iteration":
            check.that(entry["bytes_per_second"] > 0 and entry["real_time"] > 0, f"{entry['name']}: no speed")
    check.that(context["partial"] is False, "it is marked partial")
    check.that(len((check.out / "sweep.csv").read_text().splitlines()) == 1 + len(check.names()), "lines of sweep.csv")
    try:
        drawing_python()
        check.that("PARTIAL" not in (check.out / "sweep.html").read_text(), "the page is marked partial")
    except NoPage as error:
        print(f"the page: SKIPPED: {error}")
    check.nothing_left()

    before = check.journal()
    check.ended(check.run(*TINY, "--repetitions", "1", "--resume"), 0, "resuming")
    check.that(check.journal() == before, "a sweep that is done measured again")
    check.ended(check.run(*TINY, "--repetitions", "2"), 0)
    check.that(check.journal()[:len(before)] == before, "earlier lines changed")
    check.that(len(check.journal()) == 2 * len(before) - 1, "more repetitions did not add to those that were there")
    check.end()


if __name__ == "__main__":
    main()
