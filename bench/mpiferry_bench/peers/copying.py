"""Whole commands beside whole commands: mpiferry and what else copies a file or makes chunks of it."""

from collections.abc import Mapping, Sequence
from functools import partial

from .case import TRANSFER, Case, fastest, times_as_fast
from .commands import KIB, MIB, Commands
from .scenario import Cases, Scenario, against
from .setting import Setting
from .targets import Outcome, of

RANKS = (3, 4, 5, 9)
FERRY = "mpiferry, {} ranks".format


def _pair(place: str, ranks: int, chunk: int, peer: str, setting: Setting) -> "list[Case]":
    commands = Commands(setting, place, setting.small if chunk == KIB else setting.large)
    kinds = {"script": commands.blocking_script, "blocking": commands.blocking, "write_limit": commands.write_limit}
    return [commands.ferry(ranks, chunk), kinds[peer](ranks, chunk)]


def _cp(place: str, setting: Setting) -> "list[Case]":
    commands = Commands(setting, place, setting.large)
    return [commands.ferry(3, MIB), commands.copy("cp", FERRY(3)), commands.write_limit(3, MIB)]


def _durable(peers: Sequence[str], setting: Setting) -> "list[Case]":
    commands = Commands(setting, "disk", setting.large)
    limits = [commands.write_limit(3, MIB, how) for how in ("fsync", "direct")]  # two plain writers, a file after the other
    return [commands.ferry(3, MIB, "--fsync"), *(commands.copy(peer, FERRY(3)) for peer in peers), *limits]


def _first_two(name: str, cases: Cases) -> "Mapping[str, Outcome]":
    ferry, peer = list(cases.values())[:2]
    return {name: against(ferry, peer)}


def _write_limit(cases: Cases) -> "Mapping[str, Outcome]":
    ferry, limit = cases.values()
    whole = against(ferry, limit)
    transfer = times_as_fast(ferry, limit, TRANSFER)
    if whole.sample is None:
        return {"write-limit": whole}
    return {"write-limit": of(whole.sample, f"without start-up: {transfer.median:.2f}")}


def _better_dd(cases: Cases) -> "Mapping[str, Outcome]":
    ferry, *others = cases.values()
    peers = [other for other in others if not other.name.startswith("write limit")]
    run = [peer for peer in peers if not peer.not_run]
    if not run:
        return {"dd-durable": against(ferry, peers[0])}
    return {"dd-durable": of(times_as_fast(ferry, fastest(run)), " and ".join(peer.name for peer in run))}


def _side_by_side(place: str, chunk: int, durable: bool, setting: Setting) -> "list[Case]":
    """All of them, on 3, 4, 5 and 9 ranks where they have ranks."""
    size = setting.small if chunk == KIB else setting.large
    commands = Commands(setting, place, size)
    options = ("--fsync",) if durable else ()
    cases = [commands.ferry(ranks, chunk, *options) for ranks in RANKS]
    if not durable:  # they know nothing of it
        cases += [commands.blocking_script(ranks, chunk) for ranks in RANKS]
        cases += [commands.blocking(ranks, chunk) for ranks in RANKS]
    copies = ("cp, sync", "dd, direct", "dd, fsync", "rsync, fsync") if durable else ("cp", "dd", "rsync")
    cases += [commands.copy(name, FERRY(3)) for name in copies]
    if not durable:
        cases += [commands.dcp(ranks, FERRY(ranks)) for ranks in RANKS]
    hows = ("fsync", "direct") if durable else ("",)
    return cases + [commands.write_limit(ranks, chunk, how) for ranks in RANKS for how in hows]


def _peers(name: str, title: str, place: str, chunk: int, durable: bool = False) -> Scenario:
    return Scenario(name, title, place, partial(_side_by_side, place, chunk, durable))


COPYING = (
    Scenario("script", "Against the blocking script, 1 MiB chunks", "tmpfs",
             partial(_pair, "tmpfs", 4, MIB, "script"), partial(_first_two, "script")),
    Scenario("script-small", "Against the blocking script, 1 KiB chunks", "tmpfs",
             partial(_pair, "tmpfs", 4, KIB, "script"), partial(_first_two, "script-small")),
    Scenario("blocking", "Against blocking C++, 64 KiB chunks", "tmpfs",
             partial(_pair, "tmpfs", 5, 64 * KIB, "blocking"), partial(_first_two, "blocking")),
    Scenario("cp", "Against cp, tmpfs", "tmpfs", partial(_cp, "tmpfs"), partial(_first_two, "cp")),
    Scenario("cp-disk", "Against cp, disk, page cache", "disk", partial(_cp, "disk"),
             partial(_first_two, "cp-disk")),
    Scenario("cp-durable", "Against cp and sync, disk, durable", "disk", partial(_durable, ("cp, sync",)),
             partial(_first_two, "cp-durable")),
    Scenario("dd-durable", "Against dd, disk, durable", "disk",
             partial(_durable, ("dd, direct", "dd, fsync")), _better_dd),
    Scenario("write-limit", "Against the creation of the chunk files alone, 1 KiB chunks", "tmpfs",
             partial(_pair, "tmpfs", 3, KIB, "write_limit"), _write_limit),
    _peers("peers-tmpfs", "Side by side, tmpfs, 1 MiB chunks", "tmpfs", MIB),
    _peers("peers-disk", "Side by side, disk, page cache, 1 MiB chunks", "disk", MIB),
    _peers("peers-durable", "Side by side, disk, durable, 1 MiB chunks", "disk", MIB, durable=True),
    _peers("peers-small-tmpfs", "Side by side, tmpfs, 1 KiB chunks", "tmpfs", KIB),
    _peers("peers-small-disk", "Side by side, disk, page cache, 1 KiB chunks", "disk", KIB),
)
