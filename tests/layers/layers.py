#!/usr/bin/env python3
"""layers.py ROOT: fails on code that reaches up a layer (docs: the table of layers).

Each violation is one line, FILE:LINE: RULE: what was found.
"""
import pathlib
import re
import sys

# folder: the other folders of ours that it may include. `tests` and `bench` may include all.
BELOW_JOB = ["engine/base", "engine/wire", "engine/plan", "engine/protocol", "engine/transport", "engine/clock",
             "engine/threads", "engine/storage", "engine/disk"]
BELOW_OPERATIONS = [*BELOW_JOB, "engine/job"]
OPERATIONS = ["engine/operations/scatter", "engine/operations/retrieval", "engine/operations/gather",
              "engine/operations/verify"]
MAY_INCLUDE = {
    "engine/base": [],
    "engine/wire": ["engine/base"],
    "engine/plan": ["engine/base", "engine/wire"],
    "engine/protocol": ["engine/base", "engine/wire", "engine/plan"],
    "engine/transport": ["engine/base", "engine/wire"],
    "engine/clock": ["engine/base"],
    "engine/threads": ["engine/base"],
    "engine/storage": ["engine/base"],
    "engine/mpi": ["engine/base", "engine/wire", "engine/transport"],
    "engine/posix": ["engine/base", "engine/storage"],
    "engine/disk": ["engine/base", "engine/wire", "engine/clock", "engine/storage"],
    "engine/job": BELOW_JOB,
    "engine/operations/scatter": BELOW_OPERATIONS,
    "engine/operations/retrieval": BELOW_OPERATIONS,
    "engine/operations/gather": [*BELOW_OPERATIONS, "engine/operations/retrieval"],
    "engine/operations/verify": [*BELOW_OPERATIONS, "engine/operations/retrieval"],
    "engine/api": [*BELOW_OPERATIONS, *OPERATIONS, "engine/mpi", "engine/posix"],
}
# The program is on top: its folders, the lowest first, and main.cpp.
CLI = ["cli/process", "cli/output", "cli/options", "cli/tune", "cli/commands", "cli"]
for program in CLI:
    MAY_INCLUDE[program] = list(MAY_INCLUDE)

# rule: (what must not be there, the folders where it may be)
FORBIDDEN_INCLUDES = {
    "mpi-header": (re.compile(r"(.*/)?mpi\.h|mpi-ext\.h|mpio\.h"), ["engine/mpi"]),
    "asio": (re.compile(r"boost/.*"), ["engine/transport", "engine/clock", "engine/threads", "engine/storage",
                                       "engine/mpi", "engine/posix", "engine/disk", "engine/job", *OPERATIONS,
                                       "engine/api", *CLI]),
    # Their constants and types are what the storage seam uses.
    "posix-header": (re.compile(r"(fcntl|unistd|dirent|poll|sched)\.h|sys/(?!types).*\.h"),
                     ["engine/base", "engine/storage", "engine/posix", "engine/disk", "engine/mpi", *CLI]),
}
FORBIDDEN_CODE = {
    "mpi-call": (re.compile(r"\bP?MPI_\w+"), ["engine/mpi"]),
    # A job reaches its files through the storage seam alone; signals are the process's.
    "system-call": (re.compile(r"(?<![\w>:])::(?!sigaction)[a-z]\w*\("),
                    ["engine/base", "engine/clock", "engine/posix", "engine/mpi", *CLI]),
    # `operator new` allocates without owning; placement new constructs in memory that is owned.
    "naked-new": (re.compile(r"(?<!operator )\bnew\b(?!\s*\((?!\s*std::nothrow))"), []),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
NOT_CODE = re.compile(
    r'R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"'  # raw strings
    r"|//[^\n]*|/\*.*?\*/"  # comments
    r'|"(?:\\.|[^"\\\n])*"'  # strings
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",  # characters, but not 1'000
    re.DOTALL)


def blank(text, keep_strings):
    """Returns `text` without comments (and strings), line for line."""
    def replace(match):
        if keep_strings and not match[0].startswith("/"):
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])
    return NOT_CODE.sub(replace, text)


def check_include(folder, quote, target):
    for rule, (pattern, allowed) in FORBIDDEN_INCLUDES.items():
        if pattern.fullmatch(target):
            if folder not in allowed:
                yield rule, f"<{target}>"
            return
    parent = str(pathlib.PurePosixPath(target).parent)
    ours = parent in MAY_INCLUDE or target.split("/")[0] in ("engine", "cli", "bench", "tests")
    if ours and parent != folder and parent not in MAY_INCLUDE[folder]:
        yield "include-up", f'{folder} may not include "{target}"'
    if quote == '"' and not ours:
        yield "include-path", f'"{target}": name our headers from the root: "engine/base/units.hpp"'


def check_file(folder, text):
    """Yields (line, rule, what) for one file of `folder`."""
    for number, line in enumerate(blank(text, keep_strings=True).split("\n"), 1):
        if match := INCLUDE.match(line):
            for rule, what in check_include(folder, *match.groups()):
                yield number, rule, what
    for number, line in enumerate(blank(text, keep_strings=False).split("\n"), 1):
        if INCLUDE.match(line) or line.lstrip().startswith("#include"):
            continue
        for rule, (pattern, allowed) in FORBIDDEN_CODE.items():
            if folder not in allowed and (match := pattern.search(line)):
                yield number, rule, match[0]


def check_tree(root):
    """Yields a line for each violation under `root`."""
    for top in ("engine", "cli"):
        for path in sorted((root / top).rglob("*.*")):
            if path.suffix not in (".cpp", ".hpp", ".cc", ".h", ".ipp"):
                continue
            relative = path.relative_to(root)
            folder = relative.parent.as_posix()
            if folder not in MAY_INCLUDE:
                yield f"{relative}:1: no-layer: {folder} is not in the table of layers"
                continue
            for number, rule, what in check_file(folder, path.read_text(encoding="utf-8")):
                yield f"{relative}:{number}: {rule}: {what}"


if __name__ == "__main__":
    violations = list(check_tree(pathlib.Path(sys.argv[1])))
    print("\n".join(violations) or "every include points down")
    sys.exit(1 if violations else 0)
