"""A copy of the working tree whose hot path is slower by a chosen amount."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from math import exp
from pathlib import Path
from statistics import median

from .base import Repository
from .building import build
from .gate import Pair
from .jobs import Case

PLANT = Path(__file__).with_name("plant.cpp")
CALIBRATION_PAIRS = 10
ROUNDS = 3  # with something planted

Amounts = dict[Case, int]  # nanoseconds a chunk


def _copy(repository: Repository, to: Path) -> None:
    """The files that git knows or would add, as they are now. A file that is the same already is left
    alone, for the build tool."""
    listed = repository.git("ls-files", "-z", "--cached", "--others", "--exclude-standard") or ""
    wanted = {name for name in listed.split("\0") if (repository.root / name).is_file()}
    for old in [path for path in to.rglob("*") if path.is_file()]:
        if str(old.relative_to(to)) not in wanted:
            old.unlink()
    for name in wanted:
        source, copy = repository.root / name, to / name
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)


def plant(repository: Repository, below: Path, amounts: Mapping[Case, int],
          log: Callable[[str], None]) -> Path:
    """Builds the copy with these amounts; returns the program."""
    source = below / "source"
    _copy(repository, source)
    shutil.copy(PLANT, source / "cli" / "plant.cpp")
    (source / "cli" / "plant_amounts.inc").write_text(
        "".join(f"{{{case.chunk}, {case.ranks}, {amount}}},\n" for case, amount in amounts.items()),
        encoding="utf-8")
    with open(source / "cli" / "CMakeLists.txt", "a", encoding="utf-8") as out:
        # cli/*.cpp are globbed, so the file is in the program already; it is the only one there that sees MPI.
        out.write("\ntarget_link_libraries(mpiferry PRIVATE MPI::MPI_CXX)\n")
    return build(source, below / "build", "the copy with a planted slowdown", log)


def calibrate(cases: Sequence[Case], wanted: float, measure_pairs: Callable[[Amounts], list[Pair]],
              log: Callable[[str], None]) -> Amounts:
    """The nanoseconds a chunk by which each case's transfer is slower by `wanted`. `measure_pairs` builds
    with some amounts and measures that program against HEAD."""
    amounts: Amounts = {case: 0 for case in cases}
    tried: dict[Case, list[tuple[int, float]]] = {case: [] for case in cases}
    for attempt in range(ROUNDS + 1):
        pairs = measure_pairs(amounts)
        for case in cases:
            mine = [pair for pair in pairs if pair.case == case]
            slowdown = exp(median(pair.ratio("transfer") for pair in mine)) - 1
            log(f"calibration {attempt}: {case}: {amounts[case]} ns a chunk are {100 * slowdown:+.1f} %")
            if attempt == 0:  # nothing was planted yet: this was for the time that a chunk takes
                chunk_time = 1e9 * median(pair.base.transfer for pair in mine) / -(-case.size // case.chunk)
                amounts[case] = max(1, round(wanted * chunk_time))
                continue
            # A line through the origin and all rounds: each alone is as noisy as what is wanted. Not all that
            # the master burns delays the transfer, but no round may more than double the amount.
            tried[case].append((amounts[case], slowdown))
            slope = sum(a * s for a, s in tried[case]) / sum(a * a for a, _ in tried[case])
            amounts[case] = max(1, round(min(2.0 * amounts[case], wanted / max(slope, 1e-12))))
    return amounts
