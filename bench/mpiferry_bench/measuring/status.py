"""Where a long measurement is: one line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TextIO

EVERY = 30.0  # seconds between two lines where no terminal is
STEPS = 10  # so many lines come in any case


class Status:
    def __init__(self, out: TextIO | None = None, every: float = EVERY) -> None:
        self._out = out or sys.stderr
        self.watched = self._out.isatty()
        self._every, self._lock, self._cleared = every, threading.Lock(), threading.Event()
        self._text, self._shown = "", 0.0
        self._step = -1
        self._ticker: threading.Thread | None = None

    def show(self, text: str, done: int, total: int) -> None:
        """`done` of `total` runs are; `text` names the next."""
        step = done * STEPS // max(1, total)
        with self._lock:
            self._text = text
            if self.watched or step > self._step or time.monotonic() - self._shown >= self._every:
                self._step = step
                self._write(text)
        if not self.watched and self._ticker is None:
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()

    def clear(self) -> None:
        self._cleared.set()
        if self.watched:
            self._out.write("\r\033[K")
            self._out.flush()

    def _write(self, text: str) -> None:
        self._shown = time.monotonic()
        self._out.write(f"\r\033[K{text}" if self.watched else f"{text}\n")
        self._out.flush()

    def _tick(self) -> None:
        """Shows that a run which takes long still runs."""
        while not self._cleared.wait(max(0.01, self._shown + self._every - time.monotonic())):
            with self._lock:
                if time.monotonic() - self._shown >= self._every and not self._cleared.is_set():
                    with contextlib.suppress(OSError, ValueError):  # the reader is gone: show() reports it
                        self._write(f"{self._text} (still running)")
