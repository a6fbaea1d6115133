"""Every finished run, one line of JSON each, so that an interrupted sweep can be resumed.

The first line has what was measured, and on what: figures of another machine, program or job are never
put beside these.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ..measuring.failure import Failure
from .case import Case, is_figure

SCHEMA = "mpiferry.sweep.journal/1"
REMEDY = "--fresh sets them aside and measures anew, --out DIR leaves them alone"

# What is read of a run, and what each is at least; a speed is a quotient of the first two.
FIGURES = {"bytes": 1, "seconds": 1e-9, "command_seconds": 0, "cpu_seconds": 0, "took": 0}


class Refused(Failure):
    """Has what is wrong with the journal that is there, and what to do."""

    code = 2


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refused(f"{path}:{number}: no JSON object: the file is damaged; --fresh sets it aside and "
                      "measures anew")
    return value


class Journal:
    """`with Journal(path, identity) as journal:`; `runs` has what it holds already."""

    def __init__(self, path: Path, identity: Mapping[str, str], *, fresh: bool = False,
                 must_exist: bool = False) -> None:
        self.path = path
        self.identity = dict(identity)
        self.runs: dict[tuple[str, int], dict[str, Any]] = {}  # by case name and repetition
        self._fresh, self._must_exist = fresh, must_exist
        self._old = path.with_name(path.name + ".old")  # where --fresh sets it aside
        self._made: list[Path] = []  # directories
        self._new = self._aside = False

    def __enter__(self) -> Journal:
        """Raises Refused, or OSError, and changes nothing then."""
        self._check_file()
        try:
            self._make_directory()
            self._file = self._locked()
        except BaseException:
            self._remove_directories()
            raise
        try:
            if self._fresh and os.fstat(self._file).st_size > 0:
                self._set_aside()
            self._load()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._leave()

    def _check_file(self) -> None:
        """A FIFO or a device would be waited for for ever."""
        try:
            regular = stat.S_ISREG(os.stat(self.path).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            if self.path.is_symlink():
                raise Refused(f"{self.path}: is a link that leads nowhere; choose another --out") from None
            if self._must_exist:
                raise Refused(f"{self.path}: there is no sweep to resume; leave --resume away") from None
            self._new = True
            return
        if not regular:
            raise Refused(f"{self.path}: is not a regular file, so it is not a journal of a sweep; choose another --out")

    def _make_directory(self) -> None:
        missing = [directory for directory in (self.path.parent, *self.path.parent.parents) if not directory.exists()]
        for directory in reversed(missing):
            directory.mkdir(exist_ok=True)
            self._made.append(directory)

    def _remove_directories(self) -> None:
        for directory in reversed(self._made):
            with contextlib.suppress(OSError):  # somebody else put something there
                directory.rmdir()

    def _locked(self) -> int:
        """Of the file that is there when it is locked: one that measured nothing may have removed its own."""
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self.path.exists() and os.path.samestat(os.fstat(file), os.stat(self.path)):
                    return file
            except OSError as error:
                os.close(file)
                raise Refused(f"{self.path}: another sweep is writing it; wait for its end, or choose another "
                              "--out") from error
            os.close(file)

    def _set_aside(self) -> None:
        for number in itertools.count(2):  # what an earlier --fresh has set aside stays
            if not self._old.exists():
                break
            self._old = self.path.with_name(f"{self.path.name}.old.{number}")
        os.replace(self.path, self._old)
        try:
            fresh = self._locked()
        except BaseException:
            with contextlib.suppress(OSError):
                os.link(self._old, self.path)  # not over another sweep's, which has begun meanwhile
                self._old.unlink()
            raise
        os.close(self._file)
        self._file, self._aside = fresh, True

    def _leave(self) -> None:
        """Where nothing was measured, nothing is left, and what --fresh had set aside is back."""
        if not self.runs:
            if self._aside:
                os.replace(self._old, self.path)
            elif self._new:
                self.path.unlink(missing_ok=True)
                self._remove_directories()
        os.close(self._file)

    def _load(self) -> None:
        text = self.path.read_bytes()
        # What has no end was being written when the power went: it is measured again.
        whole = text[:text.rfind(b"\n") + 1]
        lines = whole.decode(errors="replace").splitlines()
        begin = f'{{"schema": "{SCHEMA.rpartition("/")[0]}/'.encode()  # of any version
        if text[:len(begin)] != begin[:len(text)]:  # it is somebody's, so nothing is changed
            raise Refused(f"{self.path}: not the journal of a sweep; choose another --out")
        head = _parse(self.path, 1, lines[0]) if lines else {"schema": SCHEMA}
        self._check_schema(head)
        nothing_measured = len(lines) < 2
        if nothing_measured and self._must_exist:
            raise Refused(f"{self.path}: no run of it was finished, so there is no sweep to resume; leave --resume "
                          "away")
        os.ftruncate(self._file, 0 if nothing_measured else len(whole))
        if nothing_measured:
            self._append({"schema": SCHEMA, "identity": self.identity})
            return
        self._compare(head)
        for number, line in enumerate(lines[1:], 2):
            entry = _parse(self.path, number, line)
            known = Case.parse(str(entry.get("case"))) is not None and type(entry.get("repetition")) is int
            if not known or not all(is_figure(entry.get(key), least) for key, least in FIGURES.items()):
                raise Refused(f"{self.path}:{number}: not a run of a sweep: the file is damaged; --fresh sets it "
                              "aside and measures anew")
            self.runs[entry["case"], entry["repetition"]] = entry

    def _check_schema(self, head: Mapping[str, Any]) -> None:
        if head.get("schema") != SCHEMA:
            raise Refused(f"{self.path}: its results have schema {head.get('schema')!r}, this program writes "
                          f"{SCHEMA!r}\n  {REMEDY}")

    def _compare(self, head: Mapping[str, Any]) -> None:
        there = head.get("identity")
        if not isinstance(there, dict):
            raise Refused(f"{self.path}:1: does not say what was measured: the file is damaged\n  {REMEDY}")
        differing = [name for name in {**there, **self.identity} if there.get(name) != self.identity.get(name)]
        if differing:
            shown = "".join(f"\n  {name}: there {there.get(name, 'unknown')}, now {self.identity.get(name, 'unknown')}"
                            for name in differing)
            raise Refused(f"{self.path}: its results cannot be compared with what would be measured now:{shown}\n"
                          f"  {REMEDY}")

    def _append(self, entry: Mapping[str, Any]) -> None:
        """All of the line, or nothing of it: a full disk takes a part."""
        line = json.dumps(entry).encode() + b"\n"
        before = os.fstat(self._file).st_size
        try:
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
            os.fdatasync(self._file)
        except OSError as error:
            os.ftruncate(self._file, before)
            raise OSError(error.errno, error.strerror, str(self.path)) from None

    def add(self, case: Case, repetition: int, figures: Mapping[str, Any]) -> None:
        entry = {"case": case.name, "repetition": repetition, **figures}
        self._append(entry)
        self.runs[case.name, repetition] = entry
