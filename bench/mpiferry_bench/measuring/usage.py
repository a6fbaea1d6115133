"""A command line whose mistakes get a short answer."""

from __future__ import annotations  # Python 3.9

import argparse
import difflib
from collections.abc import Callable
from typing import IO, NoReturn


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of an option."""
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f"{text}: not a whole number from {least} "
                                             + ("up" if most is None else f"to {most}"))
        return int(text)
    return number


def several(parse: Callable[[str], object]) -> Callable[[str], list]:
    """The type of an option with a list: spaces (with nargs="+"), commas, or both between its values. The action
    Several makes one list of them."""
    def values(text: str) -> list:
        return [parse(word) for word in text.replace(",", " ").split()]
    return values


class Several(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object,
                 option_string: str | None = None) -> None:
        flat = [value for part in values for value in part]  # type: ignore[attr-defined]
        if not flat:
            raise argparse.ArgumentError(self, "no value")
        setattr(namespace, self.dest, flat)


class Parser(argparse.ArgumentParser):
    """Reports what is wrong after one line of usage, not after a screen of it; --help has the screen. Its subcommands
    are of this kind, too."""

    def __init__(self, *, brief: str, **more: object) -> None:
        """`brief`: what follows the name, in a word or two."""
        super().__init__(allow_abbrev=False, **more)  # type: ignore[arg-type]
        self._brief = brief

    def print_help(self, file: IO[str] | None = None) -> None:
        try:  # argparse's own is silent about what follows
            print(self.format_help(), end="", file=file)
        except OSError as error:
            raise OSError(error.errno, error.strerror, "standard output") from None

    def _meant(self, message: str) -> str:
        """What an option that is none was meant to be."""
        head, _, words = message.partition("unrecognized arguments: ")
        if head or not words.startswith("--"):
            return ""
        typed = words.split()[0].partition("=")[0]
        near = difflib.get_close_matches(typed, self._option_string_actions, n=1, cutoff=0.7)
        return f"; did you mean {near[0]}?" if near else ""

    def error(self, message: str) -> NoReturn:
        message += self._meant(message)
        self.exit(2, f"usage: {self.prog} {self._brief}; --help shows the options\n{self.prog}: error: {message}\n")
