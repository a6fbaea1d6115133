"""The programs of bench/micro and bench/limits, and what they report."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .command import CommandFailed, capture, run
from .ferry import Ferry


def google_benchmark(argv: Sequence[str], out: Path) -> tuple[float, list[dict[str, Any]]]:
    """The seconds of the whole command, and the cases that it measured. `out` is replaced."""
    argv = [*argv, f"--benchmark_out={out}", "--benchmark_out_format=json"]
    out.unlink(missing_ok=True)
    seconds = run(argv)
    cases = Ferry.written_by(argv, out).get("benchmarks", [])
    for case in cases:
        if case.get("error_occurred"):
            raise CommandFailed(f"{shlex.join(argv)}\n{case['name']}: {case.get('error_message')}")
    return seconds, cases


def limit(argv: Sequence[str]) -> tuple[float, dict[str, Any]]:
    """The seconds of the whole command, and the line of JSON that it printed."""
    seconds, output = capture(argv)
    try:
        return seconds, json.loads([line for line in output.splitlines() if line.startswith("{")][-1])
    except (IndexError, ValueError):
        raise CommandFailed(f"{shlex.join(argv)}\nended with 0, but printed no figures:\n{output}") from None
