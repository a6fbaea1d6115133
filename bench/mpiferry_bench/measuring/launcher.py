"""What starts the ranks of a job: MPICH's mpirun, or any other launcher by a template."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

RANKS = "{ranks}"


class Launcher:
    """A command such as `srun --mpi=pmi2 -n {ranks}`; the program and its arguments are put after it."""

    def __init__(self, template: str) -> None:
        self.template = template
        try:
            self._words = shlex.split(template)
        except ValueError as error:
            raise ValueError(f"{template!r}: not a launcher: {error}") from None
        if not self._words or not any(RANKS in word for word in self._words):
            raise ValueError(f"{template!r}: not a launcher such as 'srun --mpi=pmi2 -n {RANKS}': {RANKS} must stand in it")

    @classmethod
    def of(cls, program: str) -> Launcher:
        return cls(f"{shlex.quote(program)} -n {RANKS}")

    @property
    def program(self) -> str:
        return self._words[0]

    def argv(self, ranks: int, command: Sequence[str]) -> list[str]:
        return [*(word.replace(RANKS, str(ranks)) for word in self._words), *command]
