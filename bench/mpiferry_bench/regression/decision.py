"""Green, red or undecided: the rule, and how its errors are divided among the looks.

A job is *slower* if a one-sided test is sure of it (alpha, after Holm's correction for all cases and figures
and after division among the looks) and the estimate reaches the threshold. It is *not slower* if the interval
ends below the margin. The gate is red if anything is slower, green if everything is not slower.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, log1p
from statistics import NormalDist

from .signed_rank import estimate, holm, p_greater

# Pairs after which the data are looked at: each step half as much again, so that what is not stopped at one
# look loses little by waiting for the next. Below 13 pairs not even one in which all agree could be sure
# at the first look's level.
LOOKS = (14, 20, 30, 45, 65, 100, 150, 220, 330, 500, 750, 1000)
# An early look may use up this part of what is left of alpha, the last one all of it. The sum is alpha at
# most, so looking often does not add false alarms, however the looks depend on each other.
EARLY_SHARE = 0.15  # simulation.py: less stops later, more leaves the last look too little
POWER = 0.95  # of finding the smallest slowdown that a run is called able to find


@dataclass(frozen=True)
class Rule:
    alpha: float = 0.01  # of false alarms of a whole run, all cases, figures and looks
    confidence: float = 0.95  # of each interval, all looks
    threshold: float = 0.05  # less is no regression, however sure
    margin: float = 0.10  # green means: slower by this or more is ruled out


@dataclass(frozen=True)
class Finding:
    """What one figure (the transfer, the whole command) of one case comes to."""

    key: Hashable
    judged: bool  # else it is only shown
    pairs: int
    slowdown: float  # 0.15: HEAD takes 15 % longer
    low: float
    high: float
    p: float  # corrected for cases, figures and looks: to be held against alpha
    detectable: float  # the smallest slowdown that is found 19 times in 20 with this noise and number of pairs
    state: str  # slower, not slower, slightly slower, undecided


def share_of_look(looks_before: int, last: bool) -> float:
    left = (1 - EARLY_SHARE) ** looks_before
    return left if last else EARLY_SHARE * left


def _as_ratio(logarithm: float) -> float:
    return exp(min(logarithm, 700.0)) - 1 if logarithm < inf else inf


def _detectable(rule: Rule, share: float, hypotheses: int, width: float, level: float) -> float:
    """From the width of the interval: the estimate must pass the test and the threshold, with room for its
    own noise."""
    normal = NormalDist()
    noise = width / (-2 * normal.inv_cdf(level))
    sure = -normal.inv_cdf(rule.alpha * share / hypotheses) * noise
    return _as_ratio(max(sure, log1p(rule.threshold)) + normal.inv_cdf(POWER) * noise)


def _state(rule: Rule, sure: bool, slowdown: float, high: float) -> str:
    if sure and slowdown >= rule.threshold:
        return "slower"
    if high < rule.margin:
        return "slightly slower" if sure else "not slower"
    return "undecided"


def look(rule: Rule, judged: Mapping[Hashable, Sequence[float]], shown: Mapping[Hashable, Sequence[float]],
         share: float) -> list[Finding]:
    """The findings on logarithms of HEAD / BASE, at a look that may use this share of alpha. What is only
    shown is tested like the rest, as a family of its own."""
    findings = []
    for family, counts in ((judged, True), (shown, False)):
        ps = holm([p_greater(values) for values in family.values()])
        for (key, values), p in zip(family.items(), ps):
            level = (1 - rule.confidence) / 2 * share
            middle, low, high = estimate(values, level)
            corrected = min(1.0, p / share)
            slowdown = _as_ratio(middle)
            findings.append(Finding(
                key, counts, len(values), slowdown, _as_ratio(low), _as_ratio(high), corrected,
                _detectable(rule, share, len(family), high - low, level),
                _state(rule, corrected <= rule.alpha, slowdown, _as_ratio(high))))
    return findings


def verdict(findings: Sequence[Finding]) -> str:
    states = {finding.state for finding in findings if finding.judged}
    if "slower" in states:
        return "red"
    return "undecided" if "undecided" in states else "green"
