#!/usr/bin/env python3
"""Plants words in a temporary tree and asks words.py for exactly these."""
import pathlib
import subprocess
import sys
import tempfile

CHECKER = pathlib.Path(__file__).with_name("words.py")
sys.path.insert(0, str(CHECKER.parent))
from words import WORDS, words_in  # noqa: E402

# file, its text, how the violation begins ("" for none)
PLANTED = [
    ("engine/job/a.hpp", "class Conductor;\n", "engine/job/a.hpp:1: conductor: "),
    ("engine/job/a.hpp", "\n  LastResort watchdog_;\n", "engine/job/a.hpp:2: last resort: "),
    ("engine/job/a.cpp", "constexpr int kMostWork = 5;\n", "engine/job/a.cpp:1: k most: "),
    ("engine/job/a.cpp", "// Files that can\n  // not be read.\n", "engine/job/a.cpp:1: can not: "),
    ("cli/a.cpp", 'fail("it can not be written");\n', "cli/a.cpp:1: can not: "),
    ("cli/a.cpp", "\n\nint n = some_recall().size();\n", "cli/a.cpp:3: recall: "),
    ("cli/a.cpp", "enum class Flaw { missing };\n", "cli/a.cpp:1: flaw: "),
    ("bench/limits/crew.hpp", "#pragma once\n", "bench/limits/crew.hpp:0: crew: "),
    ("bench/a.py", "# Faster than the\n# original.\n", "bench/a.py:1: the original: "),
    ("tests/e2e/a_test.cpp", "TEST(Files, are_no_leftovers) {}\n", "tests/e2e/a_test.cpp:1: leftovers: "),
    ("tests/torture/run", "#!/bin/sh\ncure=1\n", "tests/torture/run:2: cure: "),
    ("docs/guide/a.md", "The whereabouts of a chunk.\n", "docs/guide/a.md:1: whereabouts: "),
    ("README.md", "It is invited.\n", "README.md:1: invited: "),
    # and what is allowed
    ("engine/job/a.hpp", "int screw = cannot_be; // Because a warehouse is secured, planes land.\n", ""),
    ("engine/job/a.hpp", "int kAlmost = 1; bool can_notify; int kMax = most_of(least);\n", ""),
    ("docs/reference/a.md", '`flaws[].kind`: report["flaws"]\n', ""),
    ("tests/fuzz/corpus/control/recall", "shelf\n", ""),
    ("CHANGELOG.md", "- Crews are peers.\n", ""),
]
# One of each kind, in the order of WORDS.
EACH = ["Adopted", "attendant", "Awake", "barred", "can_not", "Conductors", "crews", "in_a_crowd", "cured", "deaf_",
        "dismisses", "doomed", "send_farewell", "flaws", "forsaken", "graveyard", "Holdings", "hopeless", "inventories",
        "invitation", "kFewest", "kLanes", "LastResort", "leftover", "muster()", "ProfilePlace", "recalled", "shelves",
        "spared", "strays", "TestLength", "the_original", "TuneMeeting", "whereabouts"]


def verdict(file, text):
    with tempfile.TemporaryDirectory() as root:
        path = pathlib.Path(root) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, "-B", CHECKER, root], capture_output=True, text=True, check=False)


failures = 0
for file, text, begin in PLANTED:
    answer = verdict(file, text)
    found = answer.stdout if answer.returncode else ""
    good = answer.returncode == 1 and found.startswith(begin) and found.count("\n") == 1 if begin else found == ""
    if not good or answer.stderr:
        failures += 1
        print(f"{file}: {text!r}: expected {begin or 'nothing'}, got:\n{answer.stdout}{answer.stderr}")
for text, word in zip(EACH, WORDS, strict=True):
    if [key for _, _, key in words_in(text)] != [word]:
        failures += 1
        print(f"{text}: expected {word}")
print(f"{len(PLANTED) + len(EACH) - failures} of {len(PLANTED) + len(EACH)} planted words judged right")
sys.exit(1 if failures else 0)
