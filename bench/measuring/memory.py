"""How much memory the master takes above its buffers."""

import sys
from pathlib import Path

from .bench import Bench
from .sample import table, verdict
from .scratch import NoSpace
from .sizes import KIB, MIB, show_size

MOST_ABOVE = 48 * MIB
WRAPPER = Path(__file__).with_name("peak_memory.py")


def _master(bench: Bench, source: Path, options: tuple[str, ...]) -> tuple[float, float, float]:
    """The master's peak, its buffer limit, and the most buffers that it used; all in MiB."""
    destination = bench.scratch.destination()
    run = bench.ferry.scatter(3, MIB, source, destination, *options,
                              wrapper=(sys.executable, str(WRAPPER), str(bench.scratch.path)))
    peak = int((bench.scratch.path / "rank_0").read_text()) * KIB
    return (peak / MIB, run.report["master_buffers"] * run.report["chunk_size"] / MIB,
            run.report["peak_master_buffers"] * run.report["chunk_size"] / MIB)


def memory(bench: Bench, size: int, sparse: int) -> None:
    """Peak resident memory for a file, and for a larger sparse one. The limit is what the job's
    report calls master_buffers: --window times workers, or --memory if that is less."""
    kinds = (("", ()), ("--window 64 --memory 64MiB", ("--window", "64", "--memory", "64MiB")))
    bench.head("The master's memory", [bench.command(3, "1MiB", *options) for _, options in kinds],
               f"runs of every case: {bench.repetitions}; the largest counts. Peak: ru_maxrss of rank 0")
    rows = []
    for name, length, make in (("", size, bench.scratch.file), (" sparse", sparse, bench.scratch.sparse_file)):
        try:
            bench.scratch.need(length if make == bench.scratch.sparse_file else 2 * length)
        except NoSpace as error:
            rows.append((show_size(length) + name, "", "", "", "", "", f"SKIPPED: {error}"))
            continue
        source = make("source", length)
        for shown, options in kinds:
            peaks, limits, used = zip(*(_master(bench, source, options) for _ in range(bench.repetitions)))
            above = max(peaks) - limits[0]
            rows.append((show_size(length) + name, shown or "defaults", f"{limits[0]:.0f}", f"{max(used):.0f}",
                         f"{max(peaks):.1f}", f"{above:.1f}", verdict(above <= MOST_ABOVE / MIB)))
        bench.scratch.destination()
        source.unlink()
    print(table(("file", "options", "buffer limit MiB", "buffers used MiB", "peak MiB", "above the limit MiB",
                 f"target <= {MOST_ABOVE // MIB} MiB"), rows))
