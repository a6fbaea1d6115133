"""Something that must not be."""

from dataclasses import dataclass

LOST, WRONG, HANG, FAILED = "lost", "wrong", "hang", "failed"


@dataclass(frozen=True)
class Finding:
    kind: str  # one of the above; failed: a step that had to succeed did not, or a promise about counts was broken
    text: str
