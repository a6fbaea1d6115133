#!/usr/bin/env python3
"""docs.py CHECK ROOT [--mpiferry FILE] [--mpiexec FILE]: whether the documents are true.

commands_run           fenced blocks marked ```sh run exit with 0, those of a document in their order in one
                       fresh directory, as a reader types them; where a block marked ```text output
                       follows, it is what they print; after text output alike, but for figures, digests and hosts
exit_codes_match_code  docs/reference/exit-codes.md and the README have the classes and errors of engine/base
options_match_help     docs/reference/options.md has the options, defaults and variables of each command's
                       --help, and no others
scripts_exist          bench/NAME and ./dev bench NAME name what there is, and so does a measurement after NAME
links_resolve          relative links lead to files, and their anchors to headings
library_example_runs   --mpiferry is the C++ program of docs/guide/library.md: it moves a file

Each finding is one line on standard output.
"""
import argparse
import contextlib
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```[ ]*$", re.DOTALL | re.MULTILINE)
# What differs from run to run: digests, hosts of ranks, figures and their units.
VARYING = re.compile(r"\b[0-9a-f]{16,32}\b|(?<=rank )\d+ \([^)]*\)|\d[\d.]*(?: [KMGT]?i?B\b)?")
BLOCK_SECONDS = 60  # below the limit of the whole test, so that the block can be named


def documents(root):
    yield from (root / name for name in ("README.md", "CHANGELOG.md") if (root / name).exists())
    yield from sorted((root / "docs").rglob("*.md"))


def blocks(path):
    """Yields (line, info, text) of each fenced block."""
    text = path.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield line, match[2].strip(), re.sub(f"^{match[1]}", "", match[3], flags=re.MULTILINE)


def rows(text):
    """Yields the cells of each row of each table."""
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


class Session:
    """Is a reader's directory, in which one block after the other runs."""

    def __init__(self, scratch, mpiferry, mpiexec):
        programs = pathlib.Path(scratch) / "bin"
        self.work = pathlib.Path(scratch) / "work"
        programs.mkdir()
        self.work.mkdir()
        # MPICH's launcher under the name that documents use, whoever owns that name here.
        for name, target in (("mpirun", mpiexec), ("mpiferry", mpiferry)):
            shim = programs / name
            shim.write_text(f'#!/bin/sh\nexec {shlex.quote(str(target))} "$@"\n', encoding="utf-8")
            shim.chmod(0o755)
        # A profile in the caller's home must not decide what the blocks do.
        self.environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                            "XDG_CONFIG_HOME": str(pathlib.Path(scratch) / "config")}

    def run(self, text):
        """Returns (exit status, standard output, standard error)."""
        try:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.work, env=self.environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  errors="replace", timeout=BLOCK_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return 124, "", f"not finished after {BLOCK_SECONDS} s"
        return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def session(mpiferry, mpiexec):
    with tempfile.TemporaryDirectory(prefix="mpiferry-docs-") as scratch:
        yield Session(scratch, mpiferry, mpiexec)


def commands_run(root, mpiferry, mpiexec):
    ran, skipped = 0, []
    for path in documents(root):
        name = path.relative_to(root)
        found = list(blocks(path))
        skipped += [f"{name}:{line}: {text.strip().splitlines()[0]}" for line, info, text in found if info == "sh"]
        with session(mpiferry, mpiexec) as reader:
            for (line, info, text), after in zip(found, [*found[1:], (0, "", "")]):
                if info != "sh run":
                    continue
                ran += 1
                status, out, err = reader.run(text)
                if status != 0:
                    yield f"{name}:{line}: exit status {status}\n{out}{err}"
                    return
                alike = after[1] == "text output alike"
                said, printed = (VARYING.sub("#", text) if alike else text for text in (after[2], out))
                if (alike or after[1] == "text output") and said != printed:
                    yield f"{name}:{after[0]}: the output is\n{out}"
                    return
    print(f"{ran} blocks were run. Not run, because they are not marked as such: {len(skipped)}")
    print("\n".join(f"  {entry}" for entry in skipped))
    if ran == 0:
        yield "no block is marked ```sh run"


def library_example_runs(root, mpiferry, mpiexec):
    with session(mpiferry, mpiexec) as reader:
        status, out, err = reader.run("head -c 9M /dev/urandom > big.dat\n"
                                      "mpirun -n 3 mpiferry\n"
                                      "(cd out && xxhsum -c --quiet XXH3SUMS)\n"
                                      "cat out/chunk_{0..2}.bin | cmp - big.dat\n")
    if status != 0:
        yield f"docs/guide/library.md: the program ends with {status}\n{out}{err}"


def exit_codes_match_code(root, **_):
    header = (root / "engine/base/error.hpp").read_text(encoding="utf-8")
    source = (root / "engine/base/error.cpp").read_text(encoding="utf-8")
    document = (root / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    readme = (root / "README.md").read_text(encoding="utf-8")
    shown = lambda name: "done" if name == "none" else name

    enum = re.search(r"enum class ErrorClass[^{]*{(.*?)};", header, re.DOTALL)[1]
    code = {(int(value), shown(name)) for name, value in re.findall(r"(\w+) = (\d+)", enum)}
    table = {(int(row[0]), row[1]) for row in rows(document) if row[0].isdigit()}
    listed = re.search(r"^## Exit codes\n\n(.*?)\n\n", readme, re.DOTALL | re.MULTILINE)
    short = {(int(value), name) for value, name in re.findall(r"(\d+)\s(\w+)", listed[1])}
    for where, said in (("docs/reference/exit-codes.md", table), ("README.md", short)):
        yield from (f"{where}: lacks {value} {name}" for value, name in sorted(code - said))
        yield from (f"{where}: {value} {name} is not in the code" for value, name in sorted(said - code))

    errors = {(shown(group), name) for group, name in
              re.findall(r'{Errc::\w+, ErrorClass::(\w+), "(\w+)"', source)} - {("done", "ok")}
    said = {(row[0], name) for row in rows(document) if len(row) == 2
            for name in re.findall(r"`(\w+)`", row[1]) if row[0] != "class"}
    yield from (f"docs/reference/exit-codes.md: lacks {name} of class {group}" for group, name in sorted(errors - said))
    yield from (f"docs/reference/exit-codes.md: {name} is not of class {group}" for group, name in sorted(said - errors))


def options_of_help(text):
    """Returns {option: (short option, default, variable)}."""
    found = {}
    for match in re.finditer(r"^  (?:(-\w),)?(--[\w-]+)(.*)$", text, re.MULTILINE):
        default = re.search(r"=([^\s=]+)(?= |$)", match[3])
        variable = re.search(r"\(Env:(\w+)\)", match[3])
        found[match[2]] = (match[1] or "", default[1] if default else "", variable[1] if variable else "")
    return found


def options_of_tables(text):
    """The same of the tables of a document, which states once what the variables are called."""
    said = {}
    for row in rows(text):
        if names := re.findall(r"`(--?[\w-]+)`", row[0]):
            variable = "MPIFERRY_" + names[0].lstrip("-").replace("-", "_").upper()
            said[names[0]] = (names[1] if len(names) > 1 else "",
                              "" if row[1] in ("off", "none") else row[1],
                              "" if names[0] == "--help" else variable)
    return said


def options_match_help(root, mpiferry, **_):
    document = (root / "docs/reference/options.md").read_text(encoding="utf-8")
    # What stands before the sections of the other commands is of scatter.
    parts = re.split(r"^## `mpiferry (\w+)`$", document, flags=re.MULTILINE)
    sections = {"scatter": parts[0], **dict(zip(parts[1::2], parts[2::2]))}
    programs = {}
    for command in ("scatter", "gather", "verify"):
        text = subprocess.run([mpiferry, command, "--help"], capture_output=True, text=True,
                              errors="replace", check=True).stdout
        programs[command] = program = options_of_help(text)
        said = options_of_tables(sections.get(command, ""))
        for name in sorted(program.keys() | said.keys()):
            if program.get(name) != said.get(name):
                yield (f"docs/reference/options.md: {command}: {name} is {said.get(name)}, "
                       f"but --help says {program.get(name)}")
    for path in documents(root):
        used = [(line, text) for line, info, text in blocks(path) if info.startswith("sh")]
        words = [(line, name, word) for line, text in used for command in text.splitlines()
                 for name in programs if f"mpiferry {name} " in command
                 # What stands before it is of the launcher.
                 for word in re.findall(r"(?<=\s)--[\w-]+", command.partition(f"mpiferry {name}")[2])]
        if path.name == "README.md":
            words += [(0, "", word) for row in rows(path.read_text(encoding="utf-8"))
                      for word in re.findall(r"`(--[\w-]+)`", row[0])]
        for line, name, word in words:
            if not any(word in program for of, program in programs.items() if name in ("", of)):
                yield f"{path.relative_to(root)}:{line}: {word} is no option"


def slug(heading):
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def links_resolve(root, **_):
    for path in documents(root):
        text = path.read_text(encoding="utf-8")
        prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / file) if file else path
            if not there.exists():
                yield f"{path.relative_to(root)}: {target}: no such file"
            elif anchor and there.suffix == ".md":
                headings = re.findall(r"^#+ (.*)$", FENCE.sub("", there.read_text(encoding="utf-8")),
                                      re.MULTILINE)
                if anchor not in map(slug, headings):
                    yield f"{path.relative_to(root)}: {target}: no such heading"


def dev_benches(root):
    """What ./dev bench takes: the labels of the function's first case."""
    body = (root / "dev").read_text(encoding="utf-8").partition("\nbench() {")[2].partition("esac")[0]
    return {name for labels in re.findall(r"^ +([a-z_][\w |]*)\)", body, re.MULTILINE)
            for name in re.findall(r"\w+", labels)}


def measurements(script):
    """Returns the subcommands of a script; none if it has none."""
    if not script.is_file() or script.suffix:
        return set()
    of_it = [script, *(script.parent / "mpiferry_bench" / script.name).glob("*.py")]
    return {name for file in of_it for name in re.findall(r'add_parser\("(\w+)"', file.read_text(encoding="utf-8"))}


def scripts_exist(root, **_):
    benches, seen = dev_benches(root), 0
    invoked = re.compile(r"(?<![\w/.])(?:\./)?(bench/|dev bench )([a-z][\w./-]*\w)(?: +([a-z]\w*))?")
    for path in documents(root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for kind, name, word in invoked.findall(line):
                seen += 1
                where = f"{path.relative_to(root)}:{number}: {kind}{name}"
                script = root / "bench" / name
                if not (name in benches if kind == "dev bench " else script.exists()):
                    yield f"{where}: there is no such thing"
                # A word after it in prose is none of its measurements: only what stands within the code counts.
                elif word and measurements(script) and f"{name}`" not in line and word not in measurements(script):
                    yield f"{where} {word}: it has no such measurement"
    if not (benches and seen):
        yield "nothing was found to be checked"


CHECKS = {check.__name__: check
          for check in (commands_run, exit_codes_match_code, options_match_help, links_resolve,
                        scripts_exist, library_example_runs)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--mpiferry")
    parser.add_argument("--mpiexec")
    arguments = parser.parse_args()
    findings = list(CHECKS[arguments.check](arguments.root, mpiferry=arguments.mpiferry,
                                            mpiexec=arguments.mpiexec))
    print("\n".join(findings) or "true")
    sys.exit(1 if findings else 0)
