"""Repeated figures, and the Markdown that shows them."""

import statistics
from collections.abc import Iterable, Sequence


class Sample:
    """The figures of one case, in the order in which they were measured."""

    def __init__(self, values: Iterable[float]) -> None:
        self.values = tuple(values)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def over(self, other: "Sample") -> "Sample":
        """Ratios of what was measured in the same repetition, side by side."""
        return Sample(a / b for a, b in zip(self.values, other.values, strict=True))

    def spread(self, digits: int = 2) -> str:
        return f"{min(self.values):.{digits}f} to {max(self.values):.{digits}f}"

    def show(self, digits: int = 2) -> tuple[str, str]:
        """The two cells of a table: median and spread (smallest and largest)."""
        return f"{self.median:.{digits}f}", self.spread(digits)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"
