"""The figures of the page, drawn by matplotlib, for a light page and for a dark one."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator

from ..measuring.sizes import show_size
from .result import Speed

WIDTH = 4.6  # inches of a figure: some 330 px on a phone, twice that on a desk
LIGHT_TEXT, DARK_TEXT = "#ffffff", "#10141a"
DARK_ABOVE = 0.46  # of viridis; there the contrasts of both texts are the same, by the formula of WCAG 2


@dataclass(frozen=True)
class Palette:
    """Of lines and words, here and in page.css."""

    ink: str
    muted: str
    grid: str
    speed: str
    transport: str
    write: str
    others: str


LIGHT = Palette(ink="#16191d", muted="#5b636d", grid="#dadde1", speed="#1f5fbf", transport="#b3500b", write="#137a5a",
                others="#b9bec5")
DARK = Palette(ink="#e9ebee", muted="#a3abb5", grid="#3a4048", speed="#7db1ff", transport="#f2a35e", write="#5fd0a5",
               others="#5a626c")


@dataclass(frozen=True)
class Picture:
    """One figure as SVG, in data: URLs."""

    light: str
    dark: str
    label: str  # for those who cannot see it
    width: int  # px; where there is less, it is scrolled


def picture(label: str, draw: Callable[..., Figure], *figures: object) -> Picture:
    """What draw(palette, *figures) draws with both palettes."""
    urls = []
    for palette in (LIGHT, DARK):
        with matplotlib.rc_context({
                "svg.fonttype": "none", "svg.hashsalt": "mpiferry", "font.family": "sans-serif",
                "font.sans-serif": ["DejaVu Sans"], "font.size": 8.5,
                "text.color": palette.ink, "axes.labelcolor": palette.ink, "axes.edgecolor": palette.grid,
                "axes.linewidth": 0.8, "xtick.color": palette.muted, "ytick.color": palette.muted,
                "xtick.labelcolor": palette.ink, "ytick.labelcolor": palette.ink}):
            figure, out = draw(palette, *figures), io.BytesIO()
            figure.savefig(out, format="svg", transparent=True, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
        urls.append("data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode())
    return Picture(*urls, label, round(72 * figure.get_figwidth()))


def digits(value: float) -> str:
    """Three figures that count: 2.54, 0.187, 0.0042."""
    if value <= 0:
        return "0"
    return f"{value:.{max(0, min(4, 2 - math.floor(math.log10(value))))}f}"


def short_size(size: int) -> str:
    """65536 -> 64K."""
    return show_size(size).replace(" ", "").removesuffix("B").removesuffix("i")


def _heat(palette: Palette, cells: Mapping[tuple[int, int], tuple[float, str, bool]], chunks: Sequence[int],
          columns: Sequence[int], most: float, row_height: float) -> Figure:
    """`cells` by chunk size and column: the value, a second line, and whether it is outlined."""
    width = max(WIDTH, 1.0 + 0.52 * len(columns))
    figure = Figure(figsize=(width, 1.1 + row_height * len(chunks)), layout="constrained")
    axes = figure.subplots()
    values = [[cells.get((chunk, column), (math.nan,))[0] for column in columns] for chunk in chunks]
    mesh = axes.pcolormesh(values, cmap="viridis", vmin=0, vmax=most, edgecolors=palette.grid, linewidth=0.8)
    for row, chunk in enumerate(chunks):
        for column, name in enumerate(columns):
            value, second, outlined = cells.get((chunk, name), (math.nan, "", False))
            ink = palette.muted if math.isnan(value) else LIGHT_TEXT if value < DARK_ABOVE * most else DARK_TEXT
            axes.text(column + 0.5, row + (0.36 if second else 0.5), "–" if math.isnan(value) else digits(value), color=ink,
                      ha="center", va="center", fontweight="bold" if second or outlined else "normal")
            axes.text(column + 0.5, row + 0.75, second, ha="center", va="center", color=ink, fontsize=6.8)
            if outlined:
                axes.add_patch(Rectangle((column, row), 1, 1, fill=False, edgecolor=palette.ink, linewidth=1.8, zorder=3))
    axes.set_xticks([column + 0.5 for column in range(len(columns))], map(str, columns))
    axes.set_yticks([row + 0.5 for row in range(len(chunks))], map(show_size, chunks))
    axes.set_ylabel("chunk size")
    axes.invert_yaxis()
    axes.tick_params(length=0)
    bar = figure.colorbar(mesh, ax=axes, location="bottom", aspect=40, label="GB/s")
    for edge in (*axes.spines.values(), bar.outline):
        edge.set_visible(False)
    return figure


def heat_map(palette: Palette, best: Mapping[tuple[int, int], Speed], chunks: Sequence[int], ranks: Sequence[int],
             most: float) -> Figure:
    """GB/s by chunk size and ranks, with the window that gave it."""
    cells = {key: (speed.median, f"window {speed.case.window}", False) for key, speed in best.items()}
    figure = _heat(palette, cells, chunks, ranks, most, 0.47)
    figure.axes[0].set_xlabel("ranks (the master and its workers)")
    return figure


def window_map(palette: Palette, found: Mapping[tuple[int, int], Speed], chunks: Sequence[int],
               windows: Sequence[int], most: float) -> Figure:
    """GB/s by chunk size and window at one rank count; the best window of each chunk size is outlined."""
    cells = {}
    for (chunk, window), speed in found.items():
        others = [other.median for (size, _), other in found.items() if size == chunk]
        cells[chunk, window] = speed.median, "", len(others) > 1 and speed.median == max(others)
    figure = _heat(palette, cells, chunks, windows, most, 0.3)
    figure.axes[0].set_xlabel("window (chunks in flight to one worker)")
    return figure


def speed_range(speeds: Sequence[Speed]) -> tuple[float, float]:
    """Of the vertical axes, which all curves share."""
    return 0.8 * min(speed.least for speed in speeds), 1.25 * max(speed.most for speed in speeds)


def _line(axes: Axes, speeds: Sequence[Speed], colour: str, **style: object) -> None:
    """A dot alone where there is one chunk size only."""
    by_chunk = sorted(speeds, key=lambda speed: speed.case.chunk)
    axes.plot([speed.case.chunk for speed in by_chunk], [speed.median for speed in by_chunk], color=colour, **style)


def curves(palette: Palette, ranks: int, best: Mapping[int, Sequence[Speed]], transport: Sequence[Speed],
           write: Sequence[Speed], chunks: Sequence[int], limits: tuple[float, float]) -> Figure:
    """GB/s over chunk size at one rank count, beside the limits; the other rank counts stay in sight."""
    figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlim=(chunks[0] / 1.5, chunks[-1] * 1.5), ylim=limits,
             xlabel="chunk size (bytes, K = 1024)", ylabel="GB/s")
    for count, speeds in best.items():
        if count != ranks:
            _line(axes, speeds, palette.others, linewidth=1, marker="o", markersize=1.5)
    _line(axes, transport, palette.transport, linewidth=1.6, linestyle=(0, (5, 2)), marker="s", markersize=3)
    _line(axes, write, palette.write, linewidth=1.6, linestyle=(0, (1, 1.5)), marker="^", markersize=3.6)
    own = sorted(best.get(ranks, ()), key=lambda speed: speed.case.chunk)
    sizes = [speed.case.chunk for speed in own]
    low, high = [speed.least for speed in own], [speed.most for speed in own]
    axes.fill_between(sizes, low, high, color=palette.speed, alpha=0.22, linewidth=0)
    axes.vlines(sizes, low, high, color=palette.speed, linewidth=1.1, alpha=0.7)
    _line(axes, own, palette.speed, linewidth=2.2, marker="o", markersize=4.2)
    shown = chunks if len(chunks) <= 8 else chunks[::-(-len(chunks) // 8)]
    axes.set_xticks(shown, map(short_size, shown))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if limits[1] < 1000 * limits[0] else (1,), numticks=20))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.grid(axis="y", color=palette.grid, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return figure
