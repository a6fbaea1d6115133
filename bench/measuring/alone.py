"""Scripts that start jobs themselves must not be started by a launcher: every rank would measure against the others."""

import os
import sys

RANKED = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")


def insist_on_being_alone(name: str) -> None:
    """Ends the program with 2, and one message of all ranks, if a launcher started it."""
    rank = next((os.environ[variable] for variable in RANKED if variable in os.environ), None)
    # A batch script and a shell of salloc are steps of one task, or none: they may well start us.
    if rank is None and "SLURM_STEP_ID" in os.environ and os.environ.get("SLURM_STEP_NUM_TASKS", "1") != "1":
        rank = os.environ.get("SLURM_PROCID", "0")
    if rank is None:
        return
    if rank == "0":
        print(f"{name}: error: it was started by a launcher such as mpirun or srun, but it starts its jobs itself\n"
              f"  hint: start it alone, as {name}", file=sys.stderr)
    sys.exit(2)
