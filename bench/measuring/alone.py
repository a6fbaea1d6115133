"""Scripts that start jobs themselves must not be started by a launcher: every rank would measure against the others."""

import os
import sys

RANKED = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")


def insist_on_being_alone(name: str) -> None:
    """Ends the program with 2, and one message of all ranks, if a launcher started it."""
    rank = next((os.environ[variable] for variable in RANKED if variable in os.environ), None)
    if rank is None:
        return
    if rank == "0":
        print(f"{name}: error: it was started by a launcher such as mpirun, but it starts its jobs itself\n"
              f"  hint: start it alone, as {name}", file=sys.stderr)
    sys.exit(2)
