#!/usr/bin/env python3
"""Whether torture finds what it looks for: a lost byte, a wrong byte, a hang, and counts that cannot be. No MPI."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from torture.account import Before, audit, audit_blow  # noqa: E402
from torture.destination import Destination  # noqa: E402
from torture.finding import FAILED, LOST, WRONG  # noqa: E402
from torture.plan import BLOWS, CUT, MOST_CHUNKS, UNPLUG, draw  # noqa: E402
from torture.process import Hang, Process  # noqa: E402
from torture.source import Source  # noqa: E402
from torture.trace import Trace, read  # noqa: E402

LAYOUTS = {"chunks": "chunk_{i}.bin", "stripes": "stripe_{rank}.bin", "file": "file.bin"}
CHUNK, WORKERS = 1000, 3
DATA = random.Random(1).randbytes(10 * CHUNK + 1)
CHUNKS = 11


def scatter(place: Destination, data: bytes = DATA, suffix: str = "",
            moved: "tuple[tuple[int, int], ...]" = ()) -> None:
    """What mpiferry would leave, written by a few lines that have nothing to do with what reads it."""
    for rank in range(place.workers + 1):
        place.directory(rank).mkdir(parents=True, exist_ok=True)
    files: "dict[Path, bytes]" = {}
    for i in range(-(-len(data) // CHUNK)):
        rank = dict(moved).get(i, i % place.workers + 1)
        name = f"chunk_{i}.bin" if i in dict(moved) else LAYOUTS[place.layout].format(i=i, rank=rank)
        path = place.directory(rank) / (name + suffix)
        files[path] = files.get(path, b"") + data[i * CHUNK:(i + 1) * CHUNK]
    for path, text in files.items():
        path.write_bytes(text)
    place.manifest.write_text(json.dumps({
        "size": len(data), "layout": place.layout, "chunk_size": CHUNK, "chunks": -(-len(data) // CHUNK),
        "file_names": LAYOUTS[place.layout], "moved": moved,
        "workers": [{"rank": rank, "directory": str(place.directory(rank))} for rank in range(1, place.workers + 1)]}))


class Scratch(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name)

    def places(self):
        for layout in LAYOUTS:
            for apart in (False, True) if layout != "file" else (False,):
                with self.subTest(layout=layout, apart=apart):
                    yield Destination(self.path / f"{layout}{apart}", layout, apart, CHUNK, WORKERS)

    def file_of(self, place: Destination, i: int) -> "tuple[Path, int]":
        rank = i % WORKERS + 1
        path = place.directory(rank) / LAYOUTS[place.layout].format(i=i, rank=rank)
        return path, {"chunks": 0, "stripes": i // WORKERS * CHUNK, "file": i * CHUNK}[place.layout]


class Comparing(Scratch):
    def test_what_is_right_is_found_right(self) -> None:
        for place in self.places():
            scatter(place)
            self.assertEqual(list(place.compare(DATA)), [])
            self.assertEqual(list(place.torn([DATA], [WORKERS])), [])
            self.assertEqual(place.whole(DATA), set(range(CHUNKS)))

    def test_one_wrong_bit_is_found_in_every_chunk(self) -> None:
        for place in self.places():
            for i in range(CHUNKS):
                scatter(place)
                path, at = self.file_of(place, i)
                text = bytearray(path.read_bytes())
                text[at] ^= 1
                path.write_bytes(text)
                self.assertEqual([finding.kind for finding in place.compare(DATA)], [WRONG])
                self.assertEqual(place.whole(DATA), set(range(CHUNKS)) - {i})
                self.assertEqual([finding.kind for finding in place.torn([DATA], [WORKERS])], [WRONG])

    def test_one_lost_byte_is_found(self) -> None:
        for place in self.places():
            scatter(place)
            path, _ = self.file_of(place, CHUNKS - 1)
            os.truncate(path, path.stat().st_size - 1)
            self.assertEqual([finding.kind for finding in place.compare(DATA)], [LOST])
            self.assertEqual(place.whole(DATA), set(range(CHUNKS - 1)))

    def test_a_lost_file_and_a_lost_manifest_are_found(self) -> None:
        for place in self.places():
            scatter(place)
            self.file_of(place, 4)[0].unlink()
            self.assertEqual({finding.kind for finding in place.compare(DATA)}, {LOST})
            self.assertNotIn(4, place.whole(DATA))
            place.manifest.unlink()
            self.assertEqual([finding.kind for finding in place.compare(DATA)], [LOST])

    def test_the_manifest_of_another_source_is_found(self) -> None:
        for place in self.places():
            scatter(place)
            self.assertEqual([finding.kind for finding in place.compare(DATA + b"x")], [WRONG])
            other = bytes([DATA[0] ^ 1]) + DATA[1:]
            self.assertEqual([finding.kind for finding in place.compare(other)], [WRONG])

    def test_chunks_that_were_moved_are_looked_for_where_they_are(self) -> None:
        place = Destination(self.path, "stripes", True, CHUNK, WORKERS)
        scatter(place, moved=((10, 1),))
        self.assertEqual(list(place.compare(DATA)), [])
        (place.directory(1) / "chunk_10.bin").write_bytes(b"")
        self.assertEqual([finding.kind for finding in place.compare(DATA)], [LOST])

    def test_parts_count_as_far_as_they_are_right(self) -> None:
        for layout in ("stripes", "file"):
            place = Destination(self.path / layout, layout, False, CHUNK, WORKERS)
            scatter(place, suffix=".part")
            self.assertEqual(place.whole(DATA), set(range(CHUNKS)))
            self.assertEqual(list(place.torn([DATA], [WORKERS])), [])

    def test_what_an_older_source_left_is_not_torn(self) -> None:
        for place in self.places():
            scatter(place)
            self.assertEqual(list(place.torn([DATA, b"new" * 9], [WORKERS])), [])
            self.assertTrue(list(place.torn([b"new" * 9], [WORKERS])))

    def test_holes_are_counted_for_the_worst_worker(self) -> None:
        place = Destination(self.path, "chunks", False, CHUNK, WORKERS)
        self.assertEqual(place.holes({0, 3, 6, 1}), 0)
        self.assertEqual(place.holes({0, 9, 1, 7}), 2)


def left(**more: object) -> Before:
    values = {"trace": Trace(frozenset(), frozenset()), "whole": frozenset(range(8)), "flight": 4, "holes": 0,
              "window": 2, "first": True, "exact": True, "stream": False, **more}
    return Before(**values)


class Accounts(unittest.TestCase):
    def kinds(self, findings) -> "list[str]":
        return [finding.kind for finding in findings]

    def test_what_lay_there_must_be_kept(self) -> None:
        self.assertEqual(self.kinds(audit(left(), 8, 3, 11)), [])
        self.assertEqual(self.kinds(audit(left(), 7, 4, 11)), [LOST])
        self.assertEqual(self.kinds(audit(left(), 9, 2, 11)), [WRONG])
        self.assertEqual(self.kinds(audit(left(), 8, 2, 11)), [FAILED])

    def test_what_was_said_to_be_written_must_be_there(self) -> None:
        said = Trace(sent=frozenset(range(12)), wrote=frozenset(range(8)))
        self.assertEqual(self.kinds(audit_blow(left(trace=said))), [])
        self.assertEqual(self.kinds(audit_blow(left(trace=Trace(said.sent, frozenset({8}))))), [LOST])

    def test_only_what_is_in_flight_may_be_missing(self) -> None:
        self.assertEqual(self.kinds(audit_blow(left(trace=Trace(frozenset(range(13)), frozenset())))), [LOST])
        self.assertEqual(self.kinds(audit_blow(left(holes=3))), [LOST])

    def test_the_trace_is_read(self) -> None:
        with tempfile.NamedTemporaryFile() as log:
            log.write(b"Master: Sent chunk 7 to process 1.\nWorker 1: Wrote chunk 3 to 'x/chunk_3.bin'.\nWorker 1: Wro")
            log.flush()
            self.assertEqual(read(Path(log.name)), Trace(frozenset({7}), frozenset({3})))


class Hanging(Scratch):
    def hang(self, script: str) -> str:
        with self.assertRaises(Hang) as caught, Process(["sh", "-c", script], self.path / "log", 0.5) as process:
            process.wait()
        return str(caught.exception)

    def is_there(self, seconds: str) -> bool:
        return subprocess.run(["pgrep", "-fx", f"sleep {seconds}"], capture_output=True, check=False).returncode == 0

    def test_a_command_that_does_not_end_is_found_and_killed(self) -> None:
        self.assertIn("had not ended", self.hang("sleep 1234.51"))
        self.assertFalse(self.is_there("1234.51"))

    def test_a_command_that_was_told_to_end_has_less_time(self) -> None:
        with self.assertRaises(Hang), Process(["sleep", "1234.57"], self.path / "log", 1000) as process:
            process.ends_soon(0.1)
            process.wait()
        self.assertFalse(self.is_there("1234.57"))

    def test_what_a_command_leaves_behind_is_found_and_killed(self) -> None:
        self.assertIn("left processes behind", self.hang("setsid sleep 1234.52 & sleep 0.1"))
        self.assertFalse(self.is_there("1234.52"))

    def test_a_proxy_may_stay_when_its_mpirun_was_killed_or_broke_down(self) -> None:
        shutil.copy("/bin/sleep", self.path / "hydra_pmi_proxy")
        stays = f"setsid {self.path}/hydra_pmi_proxy 1234.56 & "
        with Process(["sh", "-c", stays + "kill -KILL $$"], self.path / "log", 10) as process:
            self.assertEqual(process.wait(), -signal.SIGKILL)
        with Process(["sh", "-c", stays + "echo unable to send signal downstream"], self.path / "log", 10) as process:
            self.assertEqual(process.wait(), 0)
        self.assertIn("left processes behind", self.hang(stays + "sleep 0.1"))

    def test_a_stopped_one_is_found_and_killed(self) -> None:
        self.assertIn(" T ", self.hang("kill -STOP $$"))

    def test_a_rank_that_was_stopped_when_rank_0_had_ended_may_go_on(self) -> None:
        with Process(["sh", "-c", "PMI_RANK=1 sh -c 'kill -STOP $$; exit 7'"], self.path / "log", 10) as process:
            self.assertEqual(process.wait(), 7)

    def test_a_launcher_without_ranks_is_told(self) -> None:
        go = self.path / "go"
        script = f"PMI_RANK=0 sleep 0.1; until [ -e {go} ]; do sleep 0.1; done"
        with Process(["sh", "-c", script], self.path / "log", 10) as process:
            self.assertEqual(process.wait(go.touch), 0)

    def test_a_rank_that_was_stopped_while_rank_0_runs_is_found(self) -> None:
        script = "PMI_RANK=0 sleep 1234.55 & PMI_RANK=1 sh -c 'kill -STOP $$'"
        with self.assertRaises(Hang), Process(["sh", "-c", script], self.path / "log", 2.5) as process:
            process.wait()

    def test_processes_of_others_are_left_alone(self) -> None:
        with subprocess.Popen(["sleep", "1234.53"]) as other:
            self.hang("sleep 1234.54")
            self.assertIsNone(other.poll())
            other.kill()

    def test_the_status_comes_when_all_have_ended(self) -> None:
        began = time.monotonic()
        with Process(["sh", "-c", "setsid sleep 0.3 & exit 7"], self.path / "log", 10) as process:
            self.assertEqual(process.wait(), 7)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_a_rank_is_hit_by_its_number(self) -> None:
        script = "PMI_RANK=1 sleep 1234.55 & PMI_RANK=2 sleep 1234.56 & wait"
        with Process(["sh", "-c", script], self.path / "log", 10) as process:
            until = time.monotonic() + 5
            while not process.hit(9, 2) and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.1)
            self.assertTrue(self.is_there("1234.55"))
            self.assertFalse(self.is_there("1234.56"))
        self.assertFalse(self.is_there("1234.55"))


class Plans(Scratch):
    def test_the_same_seed_does_the_same(self) -> None:
        first, again = ([draw(5, n, may_mount=True) for n in range(50)] for _ in range(2))
        self.assertEqual(first, again)
        self.assertNotEqual(draw(5, 0, may_mount=True), draw(6, 0, may_mount=True))

    def test_every_kind_of_everything_comes(self) -> None:
        plans = [draw(1, n, may_mount=True, may_use_hosts=True) for n in range(600)]
        self.assertEqual({plan.hosts for plan in plans}, {True, False})
        self.assertEqual({blow.kind for plan in plans for blow in plan.blows}, set(BLOWS))
        self.assertEqual({plan.layout for plan in plans}, set(LAYOUTS))
        self.assertEqual({plan.full for plan in plans}, {None, "reroute", "enlarge"})
        for plan in plans:
            self.assertLessEqual(plan.chunks(plan.size), MOST_CHUNKS)
            self.assertTrue(1 <= plan.chunk <= 1 << 22 and 2 <= plan.ranks <= 5 and 1 <= plan.window <= 32, plan)
            self.assertTrue(all(blow.rank < plan.ranks for blow in plan.blows), plan)

    def test_without_mounts_no_disk_becomes_full(self) -> None:
        self.assertEqual({draw(1, n, may_mount=False).full for n in range(200)}, {None})

    def test_only_jobs_on_several_hosts_lose_the_network(self) -> None:
        for plan in (draw(1, n, may_mount=True, may_use_hosts=n % 2 == 0) for n in range(600)):
            kinds = {blow.kind for blow in (*plan.blows, plan.gather_blow) if blow is not None}
            self.assertTrue(plan.hosts or not kinds & {UNPLUG, CUT}, plan)

    def test_a_changed_source_is_another_one(self) -> None:
        source = Source(self.path, 5000, random.Random(1))
        for how in ("some bytes", "longer", "shorter"):
            before = source.data
            source.change(how)
            self.assertNotEqual(source.data, before)
            self.assertEqual(source.file.read_bytes(), source.data)


if __name__ == "__main__":
    unittest.main()
