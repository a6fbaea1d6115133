"""The files of a result: each appears whole, or stays as it was."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .options import NAME
from .result import AGGREGATES, speeds

HEAD = ("kind", "chunk_bytes", "ranks", "window", "job_bytes", "repetitions", "median_gb_per_s", "min_gb_per_s",
        "max_gb_per_s", "stddev_gb_per_s", "partial")
SCRIPT = Path(__file__).resolve().parents[1] / "sweep"
SYSTEM_PYTHON = "/usr/bin/python3"
INSTALL = "apt-get install python3-matplotlib (Debian, Ubuntu), dnf install python3-matplotlib (Fedora)"


class NoPage(Exception):
    """Says why the page was not drawn, and what to do."""


class NoMatplotlib(NoPage):
    """What it lacks is to be installed."""


def publish(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


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
    (directory / "sweep.html").unlink(missing_ok=True)
    files = {directory / "sweep.json": json.dumps(result, indent=1) + "\n", directory / "sweep.csv": csv_text(result)}
    for path, text in files.items():
        publish(path, text)
    return list(files)


def _lacks_matplotlib(python: str) -> str:
    """Why it can not be imported; nothing if it can. One that is there may still be broken."""
    done = subprocess.run([python, "-c", "import matplotlib.figure"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    return (done.stderr.strip().splitlines() or ["it died"])[-1] if done.returncode != 0 else ""


def drawing_python() -> str:
    """An interpreter that has matplotlib: this one, or the system's, if another comes first on PATH."""
    tried = {}
    for python in dict.fromkeys((sys.executable, SYSTEM_PYTHON)):
        if Path(python).is_file():
            tried[python] = _lacks_matplotlib(python)
            if not tried[python]:
                return python
    found = "".join(f"\n  {python}: {why}" for python, why in tried.items())
    raise NoMatplotlib(f"the page needs matplotlib, which can not be imported here: {INSTALL}{found}")


def draw(result: Path, page: Path) -> None:
    """In a process of its own, with the interpreter that can. Raises NoPage."""
    later = f"later: {NAME} page {result} --html {page}"
    try:
        python = drawing_python()
    except NoMatplotlib as error:
        raise NoMatplotlib(f"{error}\n  {later}") from None
    done = subprocess.run([python, str(SCRIPT), "draw", str(result), "--html", str(page)], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise NoPage(f"{page}: not drawn:\n{done.stdout}{done.stderr}  {later}")
