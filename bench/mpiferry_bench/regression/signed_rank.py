"""Wilcoxon's signed-rank test, and the estimate and interval that belong to it.

The differences are taken between the two runs of a pair whose order a coin decided. So, if the two programs
are the same, each difference has either sign with probability 1/2 whatever the machine did: that is all that
this test needs, and p is exact however heavy the tails of the noise and however long its memory.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import floor, sqrt
from statistics import NormalDist, median

EXACT_UP_TO = 64  # differences; above, the normal approximation is good to 1e-4 and much cheaper


@lru_cache(maxsize=128)
def _upper_tail(ranks: tuple[int, ...]) -> tuple[float, ...]:
    """P(S >= s) for s = 0, 1, ...: S is the sum of those ranks whose coin fell on its head."""
    counts = [1]
    for rank in ranks:
        longer = counts + [0] * rank
        for at, count in enumerate(counts):
            longer[at + rank] += count
        counts = longer
    total, above, tail = 2 ** len(ranks), 0, []
    for count in reversed(counts):
        above += count
        tail.append(above / total)
    return tuple(reversed(tail))


def _doubled_ranks(sizes: Sequence[float]) -> list[int]:
    """Twice the rank of each size; equal ones share the mean of theirs, so twice it is whole."""
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    ranks, start = [0] * len(sizes), 0
    while start < len(order):
        end = start
        while end < len(order) and sizes[order[end]] == sizes[order[start]]:
            end += 1
        for at in order[start:end]:
            ranks[at] = start + 1 + end
        start = end
    return ranks


def p_greater(differences: Sequence[float]) -> float:
    """How likely positive differences weigh as much as they do, or more, by coins alone."""
    values = [value for value in differences if value != 0]  # a zero has no sign to weigh
    if not values:
        return 1.0
    ranks = _doubled_ranks([abs(value) for value in values])
    observed = sum(rank for rank, value in zip(ranks, values) if value > 0)
    if len(values) <= EXACT_UP_TO:
        return _upper_tail(tuple(sorted(ranks)))[observed]
    mean, deviation = sum(ranks) / 2, sqrt(sum(rank * rank for rank in ranks)) / 2
    return 1 - NormalDist().cdf((observed - 1 - mean) / deviation)  # 1: half a step of doubled ranks


def _beyond(count: int, level: float) -> int:
    """How many of the sorted pair means lie below the lower bound of this one-sided level, plus 1; 0 if
    there are too few differences for any bound."""
    means = count * (count + 1) // 2
    if count <= EXACT_UP_TO:
        tail = _upper_tail(tuple(range(1, count + 1)))
        # P(S <= k - 1) = P(S >= means - k + 1), and it grows with k.
        k = 0
        while k < means // 2 and tail[means - k] <= level:
            k += 1
        return k
    deviation = sqrt(count * (count + 1) * (2 * count + 1) / 24)
    return max(0, floor(means / 2 + NormalDist().inv_cdf(level) * deviation))


def estimate(differences: Sequence[float], level: float) -> tuple[float, float, float]:
    """Hodges' and Lehmann's median of the means of all pairs of differences, and its interval: each end is
    missed with probability `level` at most. An end that so few differences cannot give is infinite."""
    values = sorted(differences)
    means = sorted((a + b) / 2 for at, a in enumerate(values) for b in values[at:])
    k = _beyond(len(values), level)
    low, high = (means[k - 1], means[len(means) - k]) if k > 0 else (float("-inf"), float("inf"))
    return median(means), low, high


def holm(ps: Sequence[float]) -> list[float]:
    """p values corrected for their number: a family at level alpha may call each one sure whose corrected
    value is at most alpha."""
    corrected, worst = [0.0] * len(ps), 0.0
    for place, at in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        worst = max(worst, min(1.0, (len(ps) - place) * ps[at]))
        corrected[at] = worst
    return corrected

