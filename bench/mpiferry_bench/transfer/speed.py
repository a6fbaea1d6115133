"""How fast: with more ranks than cores, beside cp, and without digests. The cases are those of bench/compare."""

from collections.abc import Sequence

from ..measuring.sample import table, verdict
from ..measuring.sizes import KIB, MIB, show_size
from ..measuring.turns import turns
from ..peers import report
from ..peers.case import SECONDS, TRANSFER, Case, paired, times_as_fast
from ..peers.commands import Commands
from ..peers.inside import empty_ferry, hash_cases, hash_cost, rank_cases
from ..peers.setting import Setting

LEAST_KEPT = 0.7  # of the throughput at 3 ranks, and of the speed of cp
MOST_COST = 5.0  # per cent of the transfer's time
CHUNKS = (64 * KIB, MIB)


def head(setting: Setting, title: str, commands: Sequence[str], how: str) -> None:
    """What is compared, on what machine, how often."""
    lines = [*report.machine(setting), *(f"command: `{command}`" for command in commands), how]
    print("\n".join((f"### {title}\n", *(f"- {line}" for line in lines), "")), flush=True)


def scatter_command(ranks: "int | str", chunk: str, *options: str) -> str:
    return " ".join((f"mpirun -n {ranks} mpiferry scatter --chunk-size {chunk}", *options, "FILE OUT"))


def _measure(setting: Setting, title: str, commands: Sequence[str], cases: Sequence[Case]) -> "dict[str, Case]":
    head(setting, title, commands,
         f"file: {show_size(setting.large)}; repetitions of every case: {setting.repetitions}, interleaved, the "
         "target warmed before each; shown: median and range (smallest to largest)")
    for repetition, case in turns(cases, setting.repetitions):
        case.figures[repetition] = case.measure()
    return {case.name: case for case in cases}


def oversubscription(setting: Setting) -> None:
    """What 9 ranks keep of the throughput of 3."""
    few, many = 3, 9
    cases = _measure(setting, "More ranks than cores", [scatter_command(f"{few}, {many}", "CHUNK")],
                     rank_cases(Commands(setting, "tmpfs", setting.large), CHUNKS))
    rows = []
    for chunk in map(show_size, CHUNKS):
        at_few, at_many = cases[f"{chunk}, {few} ranks"], cases[f"{chunk}, {many} ranks"]
        for name, figure in (("transfer", TRANSFER), ("whole command", SECONDS)):
            kept = paired(at_few, at_many, figure)
            judged = verdict(kept.median >= LEAST_KEPT) if figure == TRANSFER else ""
            rows.append((chunk, name, *at_few.speed(figure).show(), *at_many.speed(figure).show(), *kept.show(), judged))
    print(table(("chunk", "of the", f"{few} ranks GB/s", "range", f"{many} ranks GB/s", "range",
                 f"{many} / {few}", "range", f"target >= {LEAST_KEPT}"), rows))


def against_cp(setting: Setting) -> None:
    """The whole command, mpirun included, beside cp of the same file."""
    commands = Commands(setting, "tmpfs", setting.large)
    ferry, cp = commands.ferry(3, MIB), commands.copy("cp", "")
    start_up = empty_ferry(setting)
    _measure(setting, "Against cp", [scatter_command(3, "1MiB"), cp.command], [ferry, cp, start_up])

    def row(name: str, case: Case, figure: str = SECONDS) -> "tuple[str, ...]":
        return name, *case.sample(figure).show(), *(case.speed(figure).show() if case.size else ("", ""))

    print(table(("what", "seconds", "range", "GB/s", "range"),
                [row("mpiferry, whole command", ferry), row("mpiferry, transfer", ferry, TRANSFER), row("cp", cp),
                 row("mpiferry, empty file (start-up)", start_up)]))
    print()
    whole = times_as_fast(ferry, cp)
    print(table(("speed, cp = 1", "median", "range", f"target >= {LEAST_KEPT}"),
                [("mpiferry, whole command", *whole.show(), verdict(whole.median >= LEAST_KEPT)),
                 ("mpiferry, transfer", *times_as_fast(ferry, cp, TRANSFER).show(), "")]))


def integrity(setting: Setting) -> None:
    """With digests on both sides, and with digests that do nothing."""
    cases = _measure(setting, "The cost of integrity", [scatter_command(3, "CHUNK")], hash_cases(setting))
    rows = []
    for chunk, cost in hash_cost(cases).items():
        speeds = (cases[f"{chunk}, {name}"].speed(TRANSFER).show() for name in ("digests", "no digests"))
        rows.append((chunk, *(cell for speed in speeds for cell in speed), *cost.show(1),
                     verdict(cost.median <= MOST_COST)))
    print(table(("chunk", "digests GB/s", "range", "no-op digests GB/s", "range", "cost %", "range",
                 f"target <= {MOST_COST:.0f} %"), rows))
