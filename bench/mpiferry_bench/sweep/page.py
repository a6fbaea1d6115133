"""The page: one file, without a reference to any other, and without a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2

from ..measuring.sizes import are, counted, show_size
from . import charts
from .case import KINDS, SCATTER, TRANSPORT, WRITE_LIMIT, Case
from .charts import Picture, digits, picture
from .result import BadResult, Speed, speeds

SETTINGS = ("program", "target", "launcher", "sink", "job", "memory of a rank", "repetitions")


class Figures:
    """What was measured, by what is asked for it."""

    def __init__(self, found: Mapping[Case, Speed]) -> None:
        self.all = list(found.values())
        self.scatters = [speed for case, speed in found.items() if case.kind == SCATTER]
        if not self.scatters:
            raise BadResult("it has no job of mpiferry yet: nothing can be drawn")
        self.chunks = sorted({speed.case.chunk for speed in self.scatters})
        self.ranks = sorted({speed.case.ranks for speed in self.scatters})
        self.windows = sorted({speed.case.window or 0 for speed in self.scatters})
        self.best: dict[tuple[int, int], Speed] = {}  # by chunk size and ranks
        for speed in sorted(self.scatters, key=lambda speed: speed.median):
            self.best[speed.case.chunk, speed.case.ranks] = speed
        self.top = max(self.scatters, key=lambda speed: speed.median)

    def limit(self, kind: str, ranks: int) -> list[Speed]:
        return [speed for speed in self.all if speed.case.kind == kind and speed.case.ranks == ranks]

    def best_of(self, ranks: int) -> list[Speed]:
        return [speed for (_, count), speed in self.best.items() if count == ranks]


def _tiles(figures: Figures) -> Iterator[tuple[str, str]]:
    top = figures.top
    yield f"{digits(top.median)} GB/s", (f"fastest: {show_size(top.case.chunk)} chunks, {top.case.ranks} ranks, window "
                                         f"{top.case.window}; {digits(top.least)} to {digits(top.most)}")
    for kind, name in ((WRITE_LIMIT, "as many plain writers"), (TRANSPORT, "MPI alone, nothing read or written")):
        for same in (speed for speed in figures.limit(kind, top.case.ranks) if speed.case.chunk == top.case.chunk):
            yield f"{top.median / same.median:.2f}", f"of the {KINDS[kind]} there: {name}, {digits(same.median)} GB/s"
    least = min(figures.best.values(), key=lambda speed: speed.median)
    if len(figures.best) > 1:
        yield f"{top.median / least.median:.1f} ×", ("between the best cell and the worst: "
                                                     f"{show_size(least.case.chunk)} chunks, {least.case.ranks} ranks")


def _settings(context: Mapping[str, Any]) -> list[tuple[str, object]]:
    settings = context.get("settings", {})
    named = {"machine": context.get("machine"), "host": context.get("host_name"), "measured": context.get("date"),
             "load before": ", ".join(f"{load:.1f}" for load in context.get("load_avg", ())),
             **{name: settings.get(name) for name in SETTINGS}}
    return [(name, value) for name, value in named.items() if value]


def _best(figures: Figures) -> Iterator[tuple[str, ...]]:
    for ranks in figures.ranks:
        best = max(figures.best_of(ranks), key=lambda speed: speed.median)
        yield (str(ranks), digits(best.median), f"{digits(best.least)} to {digits(best.most)}",
               show_size(best.case.chunk), str(best.case.window))


def _keys(figures: Figures) -> Iterator[tuple[str, str]]:
    yield "speed", "mpiferry, its best window; the band reaches from the slowest run to the fastest"
    for kind, name, text in ((TRANSPORT, "transport", "transport limit: MPI alone"),
                             (WRITE_LIMIT, "write", "write limit: as many plain writers as workers")):
        if any(speed.case.kind == kind for speed in figures.all):
            yield name, text
    if len(figures.ranks) > 1:
        yield "others", "the other rank counts"


def _curves(figures: Figures) -> Iterator[tuple[str, Picture]]:
    shown = [*figures.best.values(), *(speed for speed in figures.all if speed.case.kind != SCATTER)]
    limits, best = charts.speed_range(shown), {ranks: figures.best_of(ranks) for ranks in figures.ranks}
    for ranks in figures.ranks:
        yield f"{ranks} ranks", picture(
            f"GB/s over chunk size at {ranks} ranks, beside the limits", charts.curves, ranks, best,
            figures.limit(TRANSPORT, ranks), figures.limit(WRITE_LIMIT, ranks), figures.chunks, limits)


def _windows(figures: Figures) -> Iterator[tuple[str, Picture]]:
    for ranks in figures.ranks if len(figures.windows) > 1 else ():
        found = {(speed.case.chunk, speed.case.window or 0): speed for speed in figures.scatters
                 if speed.case.ranks == ranks}
        yield f"{ranks} ranks", picture(
            f"Heat map of GB/s over chunk size and window at {ranks} ranks", charts.window_map, found, figures.chunks,
            figures.windows, figures.top.median)


def _all(figures: Figures) -> Iterator[tuple[object, ...]]:
    for speed in figures.all:
        yield (KINDS[speed.case.kind], show_size(speed.case.chunk), speed.case.ranks, speed.case.window or "",
               digits(speed.median), digits(speed.least), digits(speed.most), len(speed.values))


def page_text(result: Mapping[str, Any]) -> str:
    """Raises BadResult."""
    figures, context = Figures(speeds(result)), result["context"]
    missing, most = context.get("missing_runs", 0), figures.top.median
    pages = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True,
                               undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return pages.get_template("page.html").render(
        context={"host_name": None, "machine": None, **context}, light=asdict(charts.LIGHT), dark=asdict(charts.DARK),
        partial=f"{counted(missing, 'run')} {are(missing)}" if context.get("partial") else "",
        tiles=_tiles(figures), best=_best(figures), settings=_settings(context), keys=_keys(figures),
        heat=picture("Heat map of GB/s over chunk size and ranks; the table below has the figures", charts.heat_map,
                     figures.best, figures.chunks, figures.ranks, most),
        not_measured=[(KINDS.get(kind, kind), why) for kind, why in context.get("not_measured", {}).items()],
        curves=_curves(figures), windows=list(_windows(figures)), all=_all(figures))
