"""The page: one file, without a reference to any other, and without a script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..measuring.sizes import are, counted, show_size

from . import charts
from .case import KINDS, SCATTER, TRANSPORT, WRITE_LIMIT, Case
from .charts import digits
from .result import BadResult, Speed, speeds

CSS = Path(__file__).with_name("page.css")
STROKES = {"speed": "", "transport": "5 2", "write": "1.5 2.5", "others": ""}


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


def _tile(figure: str, what: str) -> str:
    return f'<div class="card tile"><b>{figure}</b><span>{what}</span></div>'


def _tiles(figures: Figures) -> str:
    top = figures.top
    where = (f"fastest: {show_size(top.case.chunk)} chunks, {top.case.ranks} ranks, window {top.case.window}; "
             f"{digits(top.least)} to {digits(top.most)}")
    tiles = [_tile(f"{digits(top.median)} GB/s", where)]
    for kind, name in ((WRITE_LIMIT, "as many plain writers"), (TRANSPORT, "MPI alone, nothing read or written")):
        same = [speed for speed in figures.limit(kind, top.case.ranks) if speed.case.chunk == top.case.chunk]
        if same:
            tiles.append(_tile(f"{top.median / same[0].median:.2f}",
                               f"of the {KINDS[kind]} there: {name}, {digits(same[0].median)} GB/s"))
    least = min(figures.best.values(), key=lambda speed: speed.median)
    if len(figures.best) > 1:
        tiles.append(_tile(f"{top.median / least.median:.1f} ×", f"between the best cell and the worst: "
                           f"{show_size(least.case.chunk)} chunks, {least.case.ranks} ranks"))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _card(svg: str, title: str = "") -> str:
    heading = f"<h3>{title}</h3>" if title else ""
    return f'<div class="card">{heading}<div class="figure">{svg}</div></div>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    top = "".join(f'<th scope="col">{name}</th>' for name in head)
    return (f'<div class="card scroll" tabindex="0"><table><thead><tr>{top}</tr></thead>\n'
            f"<tbody>{cells}</tbody></table></div>")


def _settings(context: Mapping[str, Any]) -> str:
    settings = dict(context.get("settings", {}))
    named = {"machine": context.get("machine"), "host": context.get("host_name"), "measured": context.get("date"),
             "load before": ", ".join(f"{load:.1f}" for load in context.get("load_avg", ())),
             **{name: settings[name] for name in ("program", "target", "launcher", "sink", "job", "memory of a rank",
                                                  "repetitions") if name in settings}}
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in named.items() if value)
    return f'<div class="card"><dl>{rows}</dl></div>'


def _overview(figures: Figures, context: Mapping[str, Any]) -> str:
    most = figures.top.median
    rows = []
    for ranks in figures.ranks:
        best = max(figures.best_of(ranks), key=lambda speed: speed.median)
        rows.append((str(ranks), digits(best.median), f"{digits(best.least)} to {digits(best.most)}",
                     show_size(best.case.chunk), str(best.case.window)))
    heat = charts.heat_map(figures.best, figures.chunks, figures.ranks, most)
    return f"""<h2>Chunk size and ranks</h2>
<p>GB/s of the transfer, median; in each cell that of its best window, which stands below the figure.</p>
<div class="grid">{_card(heat + charts.colour_bar(most))}
<div><h3>The best of each rank count</h3>
{_table(("ranks", "GB/s", "range", "chunk", "window"), rows)}
<h3 class="next">Machine and settings</h3>
{_settings(context)}</div></div>"""


def _key(name: str, text: str) -> str:
    return (f'<li><svg viewBox="0 0 34 12" aria-hidden="true"><path d="M0 6H34" stroke="var(--{name})" fill="none" '
            f'stroke-width="2.5" stroke-dasharray="{STROKES[name]}"/></svg>{text}</li>')


def _curves(figures: Figures, not_measured: Mapping[str, str]) -> str:
    keys = [_key("speed", "mpiferry, its best window; the band reaches from the slowest run to the fastest")]
    for kind, name, text in ((TRANSPORT, "transport", "transport limit: MPI alone"),
                             (WRITE_LIMIT, "write", "write limit: as many plain writers as workers")):
        if any(speed.case.kind == kind for speed in figures.all):
            keys.append(_key(name, text))
    if len(figures.ranks) > 1:
        keys.append(_key("others", "the other rank counts"))
    left = "".join(f"<p class=muted>{KINDS.get(kind, escape(kind))}: {escape(why)}</p>"
                   for kind, why in not_measured.items())
    shown = [*figures.best.values(), *(speed for speed in figures.all if speed.case.kind != SCATTER)]
    limits = charts.speed_range(shown)
    best = {ranks: figures.best_of(ranks) for ranks in figures.ranks}
    cards = "\n".join(
        _card(charts.curves(ranks, best, figures.limit(TRANSPORT, ranks), figures.limit(WRITE_LIMIT, ranks),
                            figures.chunks, limits), f"{ranks} ranks") for ranks in figures.ranks)
    return f"""<h2>Beside the limits</h2>
<p>GB/s over chunk size; both axes are logarithmic, and the same in all panels.</p>
<ul class="legend">{"".join(keys)}</ul>{left}
<div class="grid">{cards}</div>"""


def _windows(figures: Figures) -> str:
    if len(figures.windows) < 2:
        return ""
    cards = []
    for ranks in figures.ranks:
        found = {(speed.case.chunk, speed.case.window or 0): speed for speed in figures.scatters
                 if speed.case.ranks == ranks}
        cards.append(_card(charts.window_map(found, figures.chunks, figures.windows, ranks, figures.top.median),
                           f"{ranks} ranks"))
    return f"""<h2>Windows</h2>
<p>GB/s over chunk size and window, in the colours of the map above; the best window of each chunk size is outlined.
A dash: left out, because that window would not fit into a rank's memory or never be full, or not measured yet.</p>
<div class="grid">{"".join(cards)}</div>"""


def _how() -> str:
    return """<h2>How it was measured</h2>
<p>Real jobs, one after the other; every repetition runs all cases, in the opposite order of the repetition before, and
the target is warmed before each job that writes. GB/s is that of the transfer: from the first chunk sent to the last
one acknowledged, without the start of the ranks. 1 GB is 10<sup>9</sup> bytes, 1 MiB 2<sup>20</sup>. Ratios travel to
other machines; absolute figures do not.</p>"""


def _all(figures: Figures) -> str:
    rows = [(KINDS[speed.case.kind], show_size(speed.case.chunk), str(speed.case.ranks), str(speed.case.window or ""),
             digits(speed.median), digits(speed.least), digits(speed.most), str(len(speed.values)))
            for speed in figures.all]
    return "<h2>All figures</h2>\n<p>GB/s.</p>\n" + _table(
        ("what", "chunk", "ranks", "window", "median", "slowest", "fastest", "runs"), rows)


def page_text(result: Mapping[str, Any]) -> str:
    """Raises BadResult."""
    figures, context = Figures(speeds(result)), result["context"]
    partial = ""
    if context.get("partial"):
        missing = context.get("missing_runs", 0)
        partial = (f'<div class="partial" role="alert"><strong>PARTIAL</strong>{counted(missing, "run")} '
                   f"{are(missing)} missing: the sweep was interrupted or failed. The same command goes on from "
                   "there.</div>")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="mpiferry bench">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{"PARTIAL: " if partial else ""}mpiferry sweep, {escape(str(context.get("host_name")))}</title>
<style>
{CSS.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
{partial}<header><h1>mpiferry: chunk size, ranks, window</h1>
<p class="muted">{escape(str(context.get("machine")))}</p></header>
{_tiles(figures)}
{_overview(figures, context)}
{_curves(figures, context.get("not_measured", {}))}
{_windows(figures)}
{_how()}
{_all(figures)}
</main>
</body>
</html>
"""
