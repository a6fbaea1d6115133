"""The files of a result: each appears whole, or stays as it was."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..measuring.failure import Failure
from ..measuring.output import publish
from .options import NAME
from .result import AGGREGATES, speeds

HEAD = ("kind", "chunk_bytes", "ranks", "window", "job_bytes", "repetitions", "median_gb_per_s", "min_gb_per_s",
        "max_gb_per_s", "stddev_gb_per_s", "partial")
SCRIPT = Path(__file__).resolve().parents[2] / "sweep"
PACKAGES = "python3-matplotlib python3-jinja2"
INSTALL = f"apt-get install {PACKAGES} (Debian, Ubuntu), dnf install {PACKAGES} (Fedora)"


class NoPage(Failure):
    """Has the reason why the page was not drawn, and what to do."""


class CannotDraw(NoPage):
    """What it lacks is to be installed, or mended."""


def csv_text(result: Mapping[str, Any]) -> str:
    """One line for each case."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    partial = "yes" if result["context"]["partial"] else "no"
    for case, speed in speeds(result).items():
        figures = (speed.median, speed.least, speed.most, AGGREGATES["stddev"](speed.values))
        writer.writerow((case.kind, case.chunk, case.ranks, case.window or "", speed.size, len(speed.values),
                         *(f"{figure:.6g}" for figure in figures), partial))
    return out.getvalue()


def write_figures(directory: Path, result: Mapping[str, Any]) -> list[Path]:
    """sweep.json and sweep.csv. The page of an earlier result goes: it would belong to other figures."""
    files = {directory / "sweep.json": json.dumps(result, indent=1) + "\n", directory / "sweep.csv": csv_text(result)}
    publish(*files.items())
    (directory / "sweep.html").unlink(missing_ok=True)
    return list(files)


# What page.py and charts.py need: one that can be found may still be broken, or too old.
TRIAL = "import jinja2, matplotlib.figure, matplotlib.ticker, matplotlib.backends.backend_svg\nmatplotlib.colormaps"


def _why_not(python: str) -> str:
    """Why this interpreter cannot draw; nothing if it can."""
    try:
        done = subprocess.run([python, "-c", TRIAL], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    printed = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
    return f"{python}: {printed[-1]}" if done.returncode else ""


def drawing_python() -> str:
    """An interpreter in which these work: this one, or the system's, if another comes first on PATH."""
    reasons = []
    for python in dict.fromkeys((sys.executable, "/usr/bin/python3")):
        if Path(python).is_file():
            reasons.append(_why_not(python))
            if not reasons[-1]:
                return python
    raise CannotDraw(f"the page needs Matplotlib and Jinja: {'; '.join(reasons)}\n  install it: {INSTALL}")


def draw(result: Path, page: Path) -> None:
    """In a process of its own, with the interpreter that can. Raises NoPage."""
    later = f"later: {NAME} {shlex.join(['page', str(result), '--html', str(page)])}"
    try:
        python = drawing_python()
    except CannotDraw as error:
        raise CannotDraw(f"{error}\n  {later}") from None
    done = subprocess.run([python, str(SCRIPT), "draw", str(result), "--html", str(page)], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise NoPage(f"{page}: not drawn:\n{done.stdout}{done.stderr}  {later}")
