"""Reads what a job with -v printed of its chunks. If its launcher was killed, the last lines are missing."""

import re
from dataclasses import dataclass
from pathlib import Path

_SENT = re.compile(rb"^Master: Sent chunk (\d+) to process \d+\.$", re.MULTILINE)
_WROTE = re.compile(rb"^Worker \d+: Wrote chunk (\d+) to ", re.MULTILINE)


@dataclass(frozen=True)
class Trace:
    sent: frozenset[int]
    wrote: frozenset[int]


def read(path: Path) -> Trace:
    text = path.read_bytes()
    return Trace(frozenset(map(int, _SENT.findall(text))), frozenset(map(int, _WROTE.findall(text))))
