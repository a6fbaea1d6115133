"""How fast: with more ranks than cores, and beside cp."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .bench import Bench
from .command import run
from .ferry import Run
from .sample import Sample, table, verdict
from .sizes import KIB, MIB, show_size

LEAST_KEPT = 0.7  # of the throughput at 3 ranks, and of the speed of cp


def transfer_speeds(runs: Sequence[Run]) -> Sample:
    return Sample(one.transfer_speed for one in runs)


def command_speeds(runs: Sequence[Run]) -> Sample:
    return Sample(one.command_speed for one in runs)


def _scatters(bench: Bench, source: Path, chunks: Sequence[int],
              ranks: Sequence[int]) -> dict[tuple[int, int], list[Run]]:
    return bench.interleave({(chunk, count): partial(bench.warm_scatter, count, chunk, source)
                             for chunk in chunks for count in ranks},
                            lambda case: f"{show_size(case[0])}, {case[1]} ranks")


def oversubscription(bench: Bench, size: int) -> None:
    """What 9 ranks keep of the throughput of 3."""
    bench.scratch.need(2 * size)
    chunks, few, many = (64 * KIB, MIB), 3, 9
    bench.head("More ranks than cores", [bench.command(f"{few}, {many}", "CHUNK")], bench.timed(size))
    figures = _scatters(bench, bench.scratch.file("source", size), chunks, (few, many))
    rows = []
    for chunk in chunks:
        for name, speed in (("transfer", transfer_speeds), ("whole command", command_speeds)):
            at_few, at_many = speed(figures[chunk, few]), speed(figures[chunk, many])
            kept = at_many.over(at_few)
            judged = verdict(kept.median >= LEAST_KEPT) if name == "transfer" else ""
            rows.append((show_size(chunk), name, *at_few.show(), *at_many.show(), *kept.show(), judged))
    print(table(("chunk", "of the", f"{few} ranks GB/s", "range", f"{many} ranks GB/s", "range",
                 f"{many} / {few}", "range", f"target >= {LEAST_KEPT}"), rows))


def against_cp(bench: Bench, size: int) -> None:
    """The whole command, mpirun included, beside cp of the same file."""
    bench.scratch.need(2 * size)
    ranks, chunk = 3, MIB
    bench.head("Against cp", [bench.command(ranks, "1MiB"), "cp FILE OUT/copy"], bench.timed(size))
    source, empty = bench.scratch.file("source", size), bench.scratch.sparse_file("empty", 0)

    def copy() -> float:
        destination = bench.scratch.destination()
        bench.scratch.warm(size)
        return run(["cp", str(source), str(destination / "copy")])

    scatters = bench.interleave({
        "mpiferry": partial(bench.warm_scatter, ranks, chunk, source),
        "cp": copy,
        "start-up": lambda: bench.ferry.scatter(ranks, chunk, empty, bench.scratch.destination()).seconds,
    })
    command = Sample(one.seconds for one in scatters["mpiferry"])
    cp, start_up = Sample(scatters["cp"]), Sample(scatters["start-up"])
    transfer = Sample(one.report["transfer_seconds"] for one in scatters["mpiferry"])
    ratio = cp.over(command)
    without = cp.over(transfer)

    def row(name: str, seconds: Sample) -> tuple[str, ...]:
        return name, *seconds.show(), *Sample(size / s / 1e9 for s in seconds.values).show()

    print(table(("what", "seconds", "range", "GB/s", "range"),
                [row("mpiferry, whole command", command), row("mpiferry, transfer", transfer), row("cp", cp),
                 ("mpiferry, empty file (start-up)", *start_up.show(), "", "")]))
    print()
    print(table(("speed, cp = 1", "median", "range", f"target >= {LEAST_KEPT}"),
                [("mpiferry, whole command", *ratio.show(), verdict(ratio.median >= LEAST_KEPT)),
                 ("mpiferry, transfer", *without.show(), "")]))
