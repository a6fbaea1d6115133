"""The engine without files (bench_engine) beside what MPI itself gives (bench_transport).

bench_transport sends the same bytes again and again. The engine reads each of them (from a file without
blocks), digests it twice on rank 0 and once where it arrives, so its own limit is lower: that of the parts
(parts.py) without the write. How near it comes to that is in the note.
"""

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..measuring.sizes import show_size

from . import parts
from .case import Case, paired
from .commands import KIB, MIB, Figures
from .scenario import Cases, Scenario
from .setting import NotRun, Setting
from .targets import TARGETS, Outcome, worst

RANKS = 3
SMALL, LARGE = KIB, (64 * KIB, 128 * KIB, 256 * KIB, 512 * KIB, MIB, 2 * MIB, 4 * MIB)
NAME = re.compile(r"(?:transport|engine)/chunk:(\d+)(?:/window:(\d+))?(?:/|$)")
SPEED = "GB/s"
PARTS = "parts, nothing written"


def choose(transport: Sequence[str], engine: Sequence[str],
           default_window: "Callable[[int], int]") -> "dict[int, tuple[str, str]]":
    """For each chunk size that both have, the two cases with the same window: the one that mpiferry takes by
    default, or the one nearest to it. A case that names no window has 8."""
    def by_key(names: Sequence[str]) -> "dict[tuple[int, int], str]":
        found = {}
        for name in names:
            match = NAME.match(name)
            if match:
                found[int(match[1]), int(match[2] or 8)] = name
        return found

    left, right = by_key(transport), by_key(engine)
    chosen = {}
    for chunk in (SMALL, *LARGE):
        windows = [window for size, window in left.keys() & right.keys() if size == chunk]
        if windows:
            default = default_window(chunk)
            best = min(windows, key=lambda window: (abs(window - default), window))
            chosen[chunk] = left[chunk, best], right[chunk, best]
    return chosen


def _prepare(setting: Setting) -> "list[Case]":
    pairs = choose(setting.benchmark_names("transport"), setting.benchmark_names("engine"),
                   lambda chunk: setting.default_window(RANKS, chunk))
    if not pairs:
        raise NotRun("bench_transport and bench_engine have no chunk size and window in common")

    def measure(program: str, names: Mapping[int, str]) -> Figures:
        found = setting.google_benchmark(RANKS, program, list(names.values()), "bytes_per_second",
                                         f"--bytes={_bytes(setting)}")
        return {f"{show_size(chunk)}, {SPEED}": found[name] / 1e9 for chunk, name in names.items()}

    def case(program: str, side: int) -> Case:
        names = {chunk: pair[side] for chunk, pair in pairs.items()}
        return Case(program, f"mpirun -n {RANKS} bench_{program} --benchmark_filter=...",
                    lambda: measure(program, names))

    return [case("transport", 0), case("engine", 1), _parts(setting, [chunk for chunk in pairs if chunk in LARGE])]


def _bytes(setting: Setting) -> int:
    """Of a case."""
    return 32 * MIB if setting.quick else 1 << 30


def _parts(setting: Setting, chunks: Sequence[int]) -> Case:
    size = _bytes(setting)
    shown = " ".join(parts.command("bench_parts", RANKS, "CHUNK", size, "FILE", "-"))
    try:
        program = setting.program("parts")
    except NotRun as error:
        return Case(PARTS, shown, dict, ours=False, not_run=str(error))

    def limit(chunk: int, source: str) -> float:
        cost = parts.measure(program, RANKS, chunk, size, source, "-")
        return min(parts.core_limit(cost, parts.cores(RANKS)), parts.rank_limit(cost, RANKS - 1))

    def measure() -> Figures:
        with tempfile.NamedTemporaryFile(dir=os.environ.get("MPIFERRY_BENCH_TARGET", "/dev/shm")) as source:
            source.truncate(size)
            return {f"{show_size(chunk)}, {SPEED}": limit(chunk, source.name) / 1e9 for chunk in chunks}

    return Case(PARTS, shown, measure, ours=False)


def _outcomes(cases: Cases) -> "Mapping[str, Outcome]":
    transport, engine = cases["transport"], cases["engine"]
    figures = next(iter(engine.figures.values()), {})
    limited = {name.split(",")[0] for name in next(iter(cases[PARTS].figures.values()), {})}

    def judge(name: str, chunks: Sequence[int]) -> Outcome:
        shown = [show_size(chunk) for chunk in chunks if f"{show_size(chunk)}, {SPEED}" in figures]
        if not shown:
            return Outcome(not_run="no figure of both programs at these chunk sizes")
        target = next(one for one in TARGETS if one.name == name)
        found = worst(target, {chunk: paired(engine, transport, f"{chunk}, {SPEED}") for chunk in shown})
        near = [paired(engine, cases[PARTS], f"{chunk}, {SPEED}") for chunk in shown if chunk in limited]
        if found.sample is not None and near and all(sample.values for sample in near):
            least = min(sample.median for sample in near)
            near_text = f"of the parts, nothing written, at least {least:.2f}"
            found = replace(found, note="; ".join(filter(None, (found.note, near_text))))
        return found

    return {"transport": judge("transport", LARGE), "transport-small": judge("transport-small", (SMALL,))}


TRANSPORT = (
    Scenario("transport", "The engine against the transport limit, nothing written", "", _prepare, _outcomes),
)
