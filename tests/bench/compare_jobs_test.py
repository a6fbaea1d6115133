"""python3 compare_jobs_test.py BUILD MPIEXEC DISK: runs bench/compare, quickly, on a few cheap scenarios"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

COMPARE = Path(__file__).resolve().parents[2] / "bench/compare"
SCENARIOS = ("cp-disk", "start-up", "blocking", "parts", "transport", "resume", "gather", "verify")


def compare(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(COMPARE), *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=200)


def main() -> int:
    build, mpiexec, disk = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        result = Path(name) / "compare.json"
        done = compare("--quick", "--build", build, "--mpiexec", mpiexec, "--disk", disk, "--size", "4M",
                       "--json", str(result), *SCENARIOS)
        assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        found = json.loads(result.read_text())
    assert found["schema"] == "mpiferry.compare/1" and found["quick"] and not found["partial"], found
    verdicts = {target["name"]: target["verdict"] for target in found["targets"]}
    assert verdicts.keys() == {*SCENARIOS, "transport-small"}, verdicts
    for target in found["targets"]:
        if target["verdict"] == "not judged":
            assert len(target["values"]) == 1, target
        else:  # no tmpfs or no disk, or too small a one
            assert target["verdict"].startswith("not run: ") and not target["values"], target
            print(f"SKIPPED: {target['name']}: {target['verdict']}")
    assert "| against | target | median | range | verdict |" in done.stdout, done.stdout

    nothing = compare("--quick", "--build", build, "--mpiexec", mpiexec, "--disk", "/dev/shm", "cp-disk")
    assert nothing.returncode == 2 and "nothing could be compared" in nothing.stderr, nothing.stderr
    unknown = compare("no-such")
    assert unknown.returncode == 2 and "dd-durable" in unknown.stderr, unknown.stderr
    for words, said in ((("--target", "/nowhere"), "--target /nowhere: no such directory"),
                        (("--disk", "/etc/passwd"), "--disk /etc/passwd: is not a directory"),
                        (("--binary", "/bin/true"), "--binary /bin/true: not mpiferry"),
                        (("--build", "/nowhere"), "--build /nowhere: no such directory"),
                        (("--mpiexec", "/nowhere/mpirun"), "--mpiexec /nowhere/mpirun: no such program"),
                        (("--mpiexec", "/bin/true"), "--mpiexec /bin/true: ended with 0, but started no mpiferry"),
                        (("--json", "/nowhere/file"), "--json /nowhere/file: "),
                        (("--turbo",), "unrecognized arguments: --turbo"),
                        (("--repetitions", "1", "--bild", "x"), "did you mean --build?"),
                        (("cp,never",), "no scenario is called never;")):
        done = compare("--quick", *(() if words[0] == "--build" else ("--build", build)), *words, "cp")
        assert done.returncode == 2 and said in done.stderr and not done.stdout, (words, done)
        assert "Errno" not in done.stderr and done.stderr.count("\n") <= 4, done.stderr
    assert compare("--list").stdout.count("\n") > len(SCENARIOS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
