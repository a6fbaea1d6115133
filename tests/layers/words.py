#!/usr/bin/env python3
"""words.py ROOT: fails on names from stories where the field has a word of its own.

It reads identifiers, comments, strings, documents and file names. Each violation is one line,
FILE:LINE: the word: what to write. Line 0 is the file's name.
"""
import pathlib
import re
import sys

TOPS = ("engine", "cli", "bench", "tests", "docs", "README.md")
# The inputs of fuzzers have any bytes; this file and its test have to name the words.
SKIPPED = re.compile(r"tests/fuzz/corpus/.*|tests/layers/words(_test)?\.py|(.*/)?__pycache__/.*")

# word: what to write. Words are regular expressions on lower-case text, in which LastResort, last_resort and
# last-resort read "last resort". A sense in which a word is right is excluded in its expression.
WORDS = {
    r"adopted": "foreign",
    r"attendants?": "the state machine of WorkerSession",
    r"awake": "busy, BusyGuard",
    r"barred": "excluded",
    r"can not": "cannot",
    r"conductors?": "the state machine of MasterSession, TuneRun",
    r"crews?": "peers, workers, processes",
    r"crowds?": "oversubscription",
    r"cure[sd]?": "repair, hint",
    r"deaf": "idle_receives_",
    r"dismiss(es|ed|al)?": "send the end",
    r"doomed": "to_remove",
    r"farewells?": "end_message",
    r"(?<![\"`])flaws?": "discrepancy",  # "flaws" in quotes is a field of the report, which is promised
    r"forsaken": "timed_out",
    r"graveyards?": "leaked_buffers",
    r"holdings": "ChunkLocations, seen chunks",
    r"hopeless": "cancelled",
    r"inventor(y|ies)": "held chunks",
    r"invite[sd]?|invitations?": "send the job",
    r"k (most|fewest|least|largest)": "kMax, kMin",
    r"lanes?": "receive slot",
    r"last resort": "ExitWatchdog",
    r"leftovers?": "stale file",
    r"musters?": "check_peers",
    r"profile place": "profile_path",
    r"recall(s|ed|ing)?": "gather, verify, retrieval",
    r"shel(f|ves)": "ChunkReader",
    r"spared": "protected",
    r"strays?": "rerouted",
    r"test length": "ProgressDetector",
    r"the original": "the blocking script",
    r"tune meeting": "TimedCollectives",
    r"whereabouts": "DestinationMap, ChunkLocations",
}
# Two words may stand on two lines of a comment.
PATTERNS = {word: re.compile(rf"\b(?:{word})\b".replace(" ", r"\s+(?:(?://|#|\*)\s+)?")) for word in WORDS}
JOINTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_-]")


def words_in(text):
    """Yields (offset of its line, word as it stands there, its key in WORDS)."""
    plain = JOINTS.sub(" ", text).lower()
    for word, pattern in PATTERNS.items():
        for match in pattern.finditer(plain):
            yield plain.count("\n", 0, match.start()), " ".join(re.findall("[a-z]+", match[0])), word


def check_file(name, text):
    """Yields a line for each violation in one file."""
    found = [(0, *rest) for _, *rest in words_in(name)] + [(line + 1, *rest) for line, *rest in words_in(text)]
    for line, shown, word in sorted(found):
        yield f"{name}:{line}: {shown}: write {WORDS[word]}"


def check_tree(root):
    """Yields a line for each violation under `root`."""
    for top in TOPS:
        for path in sorted([root / top, *(root / top).rglob("*")]):
            name = path.relative_to(root).as_posix()
            if path.is_file() and not SKIPPED.fullmatch(name):
                yield from check_file(name, path.read_text(encoding="utf-8", errors="replace"))


if __name__ == "__main__":
    violations = list(check_tree(pathlib.Path(sys.argv[1])))
    print("\n".join(violations) or "every word is the field's")
    sys.exit(1 if violations else 0)
