"""A command line whose mistakes are answered shortly."""

import argparse
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Says what is wrong after one line of usage, not after a screen of it; --help has the screen."""

    def __init__(self, *, brief: str, **more: object) -> None:
        """`brief`: what follows the name, in a word or two."""
        super().__init__(**more)  # type: ignore[arg-type]
        self._brief = brief

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"usage: {self.prog} {self._brief}\n{self.prog}: error: {message}\n  try: {self.prog} --help\n")
