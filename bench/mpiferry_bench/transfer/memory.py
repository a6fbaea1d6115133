"""How much memory the master takes above its buffers."""

import json
import sys
from pathlib import Path

from ..measuring import rank_usage
from ..measuring.sample import table, verdict
from ..measuring.scratch import NoSpace, Scratch
from ..measuring.sizes import KIB, MIB, show_size
from ..peers.setting import Setting
from .speed import head, scatter_command

MOST_ABOVE = 48 * MIB
KINDS = {"defaults": (), "--window 64 --memory 64MiB": ("--window", "64", "--memory", "64MiB")}


def _master(setting: Setting, source: Path, options: "tuple[str, ...]") -> "tuple[float, float, float]":
    """The master's peak, its buffer limit, and the most buffers that it used; all in MiB."""
    scratch = setting.place("tmpfs").scratch
    run = setting.ferry.scatter(3, MIB, source, scratch.destination(), *options,
                                wrapper=(sys.executable, rank_usage.__file__, str(scratch.path)))
    peak = json.loads((scratch.path / "rank_0").read_text())["peak_kib"] * KIB
    return (peak / MIB, run.report["master_buffers"] * run.report["chunk_size"] / MIB,
            run.report["peak_master_buffers"] * run.report["chunk_size"] / MIB)


def _rows(setting: Setting, scratch: Scratch, name: str, source: Path) -> "list[tuple[str, ...]]":
    rows = []
    for shown, options in KINDS.items():
        peaks, limits, used = zip(*(_master(setting, source, options) for _ in range(setting.repetitions)))
        above = max(peaks) - limits[0]
        rows.append((name, shown, f"{limits[0]:.0f}", f"{max(used):.0f}", f"{max(peaks):.1f}", f"{above:.1f}",
                     verdict(above <= MOST_ABOVE / MIB)))
    scratch.destination()
    source.unlink()
    return rows


def memory(setting: Setting, sparse: int) -> None:
    """Peak resident memory for a file, and for a larger sparse one. The limit is what the job's
    report calls master_buffers: --window times workers, or --memory if that is less."""
    scratch = setting.place("tmpfs").scratch
    head(setting, "The master's memory", [scatter_command(3, "1MiB", *options) for options in KINDS.values()],
         f"runs of every case: {setting.repetitions}; the largest counts. Peak: ru_maxrss of rank 0")
    rows = []
    for name, length, needed, make in ((show_size(setting.large), setting.large, 2 * setting.large, scratch.file),
                                       (f"{show_size(sparse)} sparse", sparse, sparse, scratch.sparse_file)):
        try:
            scratch.need(needed)
        except NoSpace as error:
            rows.append((name, "", "", "", "", "", f"SKIPPED: {error}"))
            continue
        rows += _rows(setting, scratch, name, make("source", length))
    print(table(("file", "options", "buffer limit MiB", "buffers used MiB", "peak MiB", "above the limit MiB",
                 f"target <= {MOST_ABOVE // MIB} MiB"), rows))
