"""What starts the ranks of a job: MPICH's mpirun, or any other launcher by a template."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence

from .command import CommandFailed

RANKS = "{ranks}"


class Launcher:
    """A command such as `srun -n {ranks}`; the program and its arguments are put after it."""

    def __init__(self, template: str) -> None:
        self.template = template
        try:
            self._words = shlex.split(template)
        except ValueError as error:
            raise ValueError(f"{template!r}: not a launcher: {error}") from None
        if not self._words or not any(RANKS in word for word in self._words):
            raise ValueError(f"{template!r}: not a launcher such as 'srun -n {RANKS}': {RANKS} must stand in it")

    @classmethod
    def of(cls, program: str) -> Launcher:
        return cls(f"{shlex.quote(program)} -n {RANKS}")

    def need(self) -> None:
        """Raises CommandFailed unless its program is there."""
        if shutil.which(self._words[0]) is None:
            raise CommandFailed(f"{self._words[0]}: no such program; --launcher names what starts the ranks, "
                                f"such as 'mpirun.mpich -n {RANKS}'")

    def argv(self, ranks: int, command: Sequence[str]) -> list[str]:
        return [*(word.replace(RANKS, str(ranks)) for word in self._words), *command]
