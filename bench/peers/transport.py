"""The engine without files (bench_engine) beside what MPI itself gives (bench_transport)."""

import re
from collections.abc import Callable, Mapping, Sequence

from measuring.sizes import show_size

from .case import Case, paired
from .commands import KIB, MIB, Figures
from .scenario import Cases, Scenario
from .setting import NotRun, Setting
from .targets import TARGETS, Outcome, worst

RANKS = 3
SMALL, LARGE = KIB, (64 * KIB, 128 * KIB, 256 * KIB, 512 * KIB, MIB, 2 * MIB, 4 * MIB)
NAME = re.compile(r"(?:transport|engine)/chunk:(\d+)(?:/window:(\d+))?(?:/|$)")
SPEED = "GB/s"


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
        found = setting.google_benchmark(RANKS, program, list(names.values()), "bytes_per_second")
        return {f"{show_size(chunk)}, {SPEED}": found[name] / 1e9 for chunk, name in names.items()}

    def case(program: str, side: int) -> Case:
        names = {chunk: pair[side] for chunk, pair in pairs.items()}
        return Case(program, f"mpirun -n {RANKS} bench_{program} --benchmark_filter=...",
                    lambda: measure(program, names))

    return [case("transport", 0), case("engine", 1)]


def _outcomes(cases: Cases) -> "Mapping[str, Outcome]":
    transport, engine = cases["transport"], cases["engine"]
    figures = next(iter(engine.figures.values()), {})

    def judge(name: str, chunks: Sequence[int]) -> Outcome:
        shown = [show_size(chunk) for chunk in chunks if f"{show_size(chunk)}, {SPEED}" in figures]
        if not shown:
            return Outcome(not_run="no figure of both programs at these chunk sizes")
        target = next(one for one in TARGETS if one.name == name)
        return worst(target, {chunk: paired(engine, transport, f"{chunk}, {SPEED}") for chunk in shown})

    return {"transport": judge("transport", LARGE), "transport-small": judge("transport-small", (SMALL,))}


TRANSPORT = (
    Scenario("transport", "The engine against the transport limit, nothing written", "", _prepare, _outcomes),
)
