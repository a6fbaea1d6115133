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
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from ..measuring.sizes import show_size
from .result import Speed

COLOURS = matplotlib.colormaps["viridis"]
WIDTH = 4.6  # inches of a figure: some 330 px on a phone, twice that on a desk
LIGHT_TEXT, DARK_TEXT = "#ffffff", "#10141a"


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


def _text_colour(colour: tuple[float, ...]) -> str:
    """The one that contrasts more, by the formula of WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return LIGHT_TEXT if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.0565 else DARK_TEXT


def _cells(palette: Palette, axes: Axes, rows: Sequence[str], columns: Sequence[str],
           cells: Mapping[tuple[int, int], tuple[float, str, bool]], most: float) -> None:
    """`cells` by row and column: the value, a second line, and whether it is marked."""
    for (row, column), (value, second, marked) in cells.items():
        colour = COLOURS(value / most)
        axes.add_patch(Rectangle((column - 0.48, row - 0.47), 0.96, 0.94, facecolor=colour, edgecolor="none"))
        if marked:
            axes.add_patch(Rectangle((column - 0.48, row - 0.47), 0.96, 0.94, facecolor="none", edgecolor=palette.ink,
                                     linewidth=1.8))
        ink = _text_colour(colour)
        axes.text(column, row - (0.15 if second else 0), digits(value), ha="center", va="center", color=ink,
                  fontsize=8.5, fontweight="bold" if second or marked else "normal")
        if second:
            axes.text(column, row + 0.24, second, ha="center", va="center", color=ink, fontsize=6.8)
    for row in range(len(rows)):
        for column in range(len(columns)):
            if (row, column) not in cells:
                axes.text(column, row, "–", ha="center", va="center", color=palette.muted)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _heat_figure(rows: int, columns: int, row_height: float) -> tuple[Figure, Axes]:
    width = max(WIDTH, 1.0 + 0.52 * columns)
    height = 0.62 + row_height * rows
    figure = Figure(figsize=(width, height))
    left, bottom = 0.82 / width, 0.5 / height
    return figure, figure.add_axes((left, bottom, 1 - left - 0.05 / width, 1 - bottom - 0.06 / height))


def heat_map(palette: Palette, best: Mapping[tuple[int, int], Speed], chunks: Sequence[int], ranks: Sequence[int],
             most: float) -> Figure:
    """GB/s by chunk size and ranks, with the window that gave it."""
    figure, axes = _heat_figure(len(chunks), len(ranks), 0.47)
    cells = {(chunks.index(chunk), ranks.index(count)): (speed.median, f"window {speed.case.window}", False)
             for (chunk, count), speed in best.items()}
    _cells(palette, axes, [show_size(chunk) for chunk in chunks], [str(count) for count in ranks], cells, most)
    axes.set_xlabel("ranks (the master and its workers)")
    axes.set_ylabel("chunk size")
    return figure


def window_map(palette: Palette, found: Mapping[tuple[int, int], Speed], chunks: Sequence[int],
               windows: Sequence[int], most: float) -> Figure:
    """GB/s by chunk size and window at one rank count; the best window of each chunk size is outlined."""
    figure, axes = _heat_figure(len(chunks), len(windows), 0.3)
    cells = {}
    for (chunk, window), speed in found.items():
        others = [other.median for (size, _), other in found.items() if size == chunk]
        cells[chunks.index(chunk), windows.index(window)] = (
            speed.median, "", len(others) > 1 and speed.median == max(others))
    _cells(palette, axes, [show_size(chunk) for chunk in chunks], [str(window) for window in windows], cells, most)
    axes.set_xlabel("window (chunks in flight to one worker)")
    axes.set_ylabel("chunk size")
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
    figure = Figure(figsize=(WIDTH, 3.3))
    axes = figure.add_axes((0.145, 0.15, 0.835, 0.82))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
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
    axes.set_xlim(chunks[0] / 1.5, chunks[-1] * 1.5)
    axes.set_ylim(limits)
    shown = chunks if len(chunks) <= 8 else chunks[::-(-len(chunks) // 8)]
    axes.xaxis.set_major_locator(FixedLocator(list(shown)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: short_size(int(size))))
    axes.xaxis.set_minor_locator(NullLocator())
    decades = math.log10(limits[1] / limits[0])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 3 else (1,), numticks=20))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(axis="y", color=palette.grid, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("chunk size (bytes, K = 1024)")
    axes.set_ylabel("GB/s")
    return figure


def colour_bar(palette: Palette, most: float) -> Figure:
    """What the colours of the heat maps mean."""
    figure = Figure(figsize=(WIDTH, 0.5))
    axes = figure.add_axes((0.178, 0.62, 0.81, 0.3))
    steps = 64
    for step in range(steps):
        colour = COLOURS(step / (steps - 1))
        axes.add_patch(Rectangle((step / steps * most, 0), most / steps, 1, facecolor=colour, edgecolor=colour,
                                 linewidth=0.5))
    axes.set(xlim=(0, most), ylim=(0, 1))
    axes.set_yticks([])
    axes.tick_params(length=2)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.text(-0.03, 0.5, "GB/s", transform=axes.transAxes, ha="right", va="center")
    return figure
