"""A command line whose mistakes are answered shortly."""

from __future__ import annotations  # Python 3.9

import argparse
from collections.abc import Callable
from typing import NoReturn


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of an option."""
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f"{text}: not a whole number from {least} "
                                             + ("up" if most is None else f"to {most}"))
        return int(text)
    return number


class Parser(argparse.ArgumentParser):
    """Says what is wrong after one line of usage, not after a screen of it; --help has the screen. Its subcommands
    are of this kind, too."""

    def __init__(self, *, brief: str, **more: object) -> None:
        """`brief`: what follows the name, in a word or two."""
        super().__init__(**more)  # type: ignore[arg-type]
        self._brief = brief

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"usage: {self.prog} {self._brief}; --help shows the options\n{self.prog}: error: {message}\n")
