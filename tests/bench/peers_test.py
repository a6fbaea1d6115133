"""The blocking peers move a file, whole.

python3 peers_test.py blocking MPIEXEC PROGRAM
python3 peers_test.py script
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tree  # noqa: F401: the path to bench/
from mpiferry_bench.peers.blocking_script import BlockingScript

CHUNK, SIZE, RANKS = 1000, 65_537, 4  # the last chunk is short


def check(directory: Path, said: str) -> None:
    count = -(-SIZE // CHUNK)
    content = (directory / "file").read_bytes()
    found = b"".join((directory / "out" / f"chunk_{index}.bin").read_bytes() for index in range(count))
    assert found == content, "the chunks are not the file"
    assert len(list((directory / "out").iterdir())) == count, "more files than chunks"
    for line in (f"Master: Read {count} chunks from '{directory}/file'.", "Master: Sent chunk 4 to process 2.",
                 f"Worker 2: Wrote chunk 4 to '{directory}/out/chunk_4.bin'.", "Master: Received status True.",
                 "Worker 3: Received termination signal.", "Master: File transfer completed successfully."):
        # Open MPI's launcher may put another rank's text between a line and its end.
        assert line in said, f"missing: {line}"


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "file").write_bytes(os.urandom(SIZE))
        if sys.argv[1] == "blocking":
            argv = [sys.argv[2], "-n", str(RANKS), sys.argv[3], name + "/file", str(CHUNK), name + "/out"]
        else:
            found = BlockingScript.find()
            if isinstance(found, str):
                print(f"SKIPPED: {found}")
                return 77
            argv = found.argv(RANKS, CHUNK, name + "/file", name + "/out")
        done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=100)
        assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr}"
        check(directory, done.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
