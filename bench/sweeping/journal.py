"""Every finished run, one line of JSON each, so that a sweep can be interrupted and go on later.

The first line says what was measured, and on what: figures of another machine, program or job are never
put beside these.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .case import Case

SCHEMA = "mpiferry.sweep.journal/1"


# What is read of a run, and what each is at least; a speed is a quotient of the first two.
FIGURES = {"bytes": 1, "seconds": 1e-9, "command_seconds": 0, "cpu_seconds": 0, "took": 0}


class Refused(Exception):
    """Says what is wrong with the journal that is there, and what to do."""


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refused(f"{path}:{number}: no JSON object: the file is damaged; --fresh sets it aside and "
                      "measures anew")
    return value


def _measured(value: object, least: float) -> bool:
    return type(value) in (int, float) and least <= value < float("inf")


class Journal:
    """`with Journal(path, identity) as journal:`; `runs` has what it holds already."""

    def __init__(self, path: Path, identity: Mapping[str, str], *, fresh: bool = False,
                 must_exist: bool = False) -> None:
        self.path = path
        self.identity = dict(identity)
        self.runs: dict[tuple[str, int], dict[str, Any]] = {}  # by case name and repetition
        if path.exists() and not path.is_file():
            raise Refused(f"{path}: is no regular file, so no journal is written there; choose another --out")
        if fresh and path.exists():
            path.replace(path.with_name(path.name + ".old"))
        if must_exist and not path.exists():
            raise Refused(f"{path}: there is no sweep to resume; leave --resume away")

    def __enter__(self) -> Journal:
        self._file = open(self.path, "a+b")  # noqa: SIM115: closed by __exit__
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise Refused(f"{self.path}: another sweep is writing it; wait for its end, or choose another "
                          "--out") from error
        try:
            self._load()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._file.close()

    def _load(self) -> None:
        self._file.seek(0)
        text = self._file.read()
        # What has no end was being written when the power went: it is measured again.
        whole = text[:text.rfind(b"\n") + 1]
        lines = whole.decode(errors="replace").splitlines()
        begin = f'{{"schema": "{SCHEMA.rpartition("/")[0]}/'.encode()  # of any version
        if text[:len(begin)] != begin[:len(text)]:  # it is somebody's, so nothing is changed
            raise Refused(f"{self.path}: not the journal of a sweep; choose another --out")
        nothing_measured = len(lines) < 2
        self._file.truncate(0 if nothing_measured else len(whole))
        if nothing_measured:
            self._append({"schema": SCHEMA, "identity": self.identity})
            return
        self._compare(_parse(self.path, 1, lines[0]))
        for number, line in enumerate(lines[1:], 2):
            entry = _parse(self.path, number, line)
            known = Case.parse(str(entry.get("case"))) is not None and type(entry.get("repetition")) is int
            if not known or not all(_measured(entry.get(key), least) for key, least in FIGURES.items()):
                raise Refused(f"{self.path}:{number}: not a run of a sweep: the file is damaged; --fresh sets it "
                              "aside and measures anew")
            self.runs[entry["case"], entry["repetition"]] = entry

    def _compare(self, head: Mapping[str, Any]) -> None:
        remedy = "--fresh sets them aside and measures anew, --out DIR leaves them alone"
        if head.get("schema") != SCHEMA:
            raise Refused(f"{self.path}: its results have schema {head.get('schema')!r}, this program writes "
                          f"{SCHEMA!r}\n  {remedy}")
        there = head.get("identity")
        if not isinstance(there, dict):
            raise Refused(f"{self.path}:1: does not say what was measured: the file is damaged\n  {remedy}")
        differing = [name for name in {**there, **self.identity} if there.get(name) != self.identity.get(name)]
        if differing:
            shown = "".join(f"\n  {name}: there {there.get(name, 'unknown')}, now {self.identity.get(name, 'unknown')}"
                            for name in differing)
            raise Refused(f"{self.path}: its results can not be compared with what would be measured now:{shown}\n"
                          f"  {remedy}")

    def _append(self, entry: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(entry).encode() + b"\n")
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def add(self, case: Case, repetition: int, figures: Mapping[str, Any]) -> None:
        entry = {"case": case.name, "repetition": repetition, **figures}
        self._append(entry)
        self.runs[case.name, repetition] = entry
