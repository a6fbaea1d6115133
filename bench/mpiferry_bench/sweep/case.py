"""What is measured: one job for each chunk size, rank count and window, and the two limits."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

SCATTER, TRANSPORT, WRITE_LIMIT = "scatter", "transport", "write_limit"
KINDS = {SCATTER: "mpiferry", TRANSPORT: "transport limit", WRITE_LIMIT: "write limit"}  # as people read it
_NAME = re.compile(r"(scatter|transport|write_limit)/chunk:(\d{1,18})/ranks:(\d{1,18})(?:/window:(\d{1,18}))?")


def is_figure(value: object, least: float) -> bool:
    """Whether it is a number that can be calculated with; JSON has NaN, infinity, and numbers of any length."""
    return type(value) in (int, float) and least <= value <= sys.float_info.max  # type: ignore[operator]


@dataclass(frozen=True)
class Case:
    kind: str
    chunk: int  # bytes
    ranks: int
    window: int | None = None  # the limits have none

    @property
    def name(self) -> str:
        """As Google Benchmark names the cases of a family."""
        window = "" if self.window is None else f"/window:{self.window}"
        return f"{self.kind}/chunk:{self.chunk}/ranks:{self.ranks}{window}"

    @classmethod
    def parse(cls, name: str) -> Case | None:
        """The case of that name; None if it is no name of ours."""
        found = _NAME.fullmatch(name)
        if found is None or (found[1] == SCATTER) != (found[4] is not None):
            return None
        return cls(found[1], int(found[2]), int(found[3]), int(found[4]) if found[4] else None)
