#!/usr/bin/env python3
"""Plants violations in a temporary tree and asks layers.py for exactly these."""
import pathlib
import subprocess
import sys
import tempfile

CHECKER = pathlib.Path(__file__).with_name("layers.py")

# file, its text, the rule that must be named ("" for none)
PLANTED = [
    ("engine/base/a.hpp", '#include "engine/wire/tag.hpp"\n', "include-up"),
    ("engine/wire/a.hpp", '#include "engine/plan/p.hpp"\n', "include-up"),
    ("engine/plan/a.hpp", '#include "engine/protocol/f.hpp"\n', "include-up"),
    ("engine/protocol/a.cpp", '#include "engine/mpi/context.hpp"\n', "include-up"),
    ("engine/protocol/a.cpp", '#  include <engine/disk/source.hpp>\n', "include-up"),
    ("engine/mpi/a.cpp", '#include "engine/disk/source.hpp"\n', "include-up"),
    ("engine/disk/a.cpp", '#include "engine/mpi/context.hpp"\n', "include-up"),
    ("engine/mpi/a.cpp", '#include "engine/protocol/sender.hpp"\n', "include-up"),
    ("engine/disk/a.cpp", '#include "engine/plan/p.hpp"\n', "include-up"),
    ("engine/job/a.cpp", '#include "cli/progress.hpp"\n', "include-up"),
    ("cli/a.cpp", '#include "tests/e2e/job.hpp"\n', "include-up"),
    ("cli/process/a.cpp", '#include "cli/output/output.hpp"\n', "include-up"),
    ("engine/protocol/a.cpp", '#include "../mpi/context.hpp"\n', "include-path"),
    ("engine/protocol/a.cpp", '#include "sender.hpp"\n', "include-path"),
    ("engine/new_layer/a.cpp", "int x;\n", "no-layer"),
    ("engine/job/a.cpp", "#include <mpi.h>\n", "mpi-header"),
    ("cli/a.cpp", '#include "mpi.h"\n', "mpi-header"),
    ("engine/protocol/a.cpp", "#include <boost/asio/io_context.hpp>\n", "asio"),
    ("engine/job/a.cpp", "void f() { MPI_Barrier(comm); }\n", "mpi-call"),
    ("cli/a.cpp", "int size = MPI_COMM_NULL;\n", "mpi-call"),
    ("engine/disk/a.cpp", "int file = ::openat(directory, name, 0);\n", "system-call"),
    ("engine/job/a.cpp", "if (::fsync(file) != 0) return errno;\n", "system-call"),
    ("engine/operations/scatter/a.cpp", "#include <sys/stat.h>\n", "posix-header"),
    ("engine/disk/a.cpp", '#include "engine/posix/p.hpp"\n', "include-up"),
    ("engine/base/a.cpp", "int* p = new int(7);\n", "naked-new"),
    ("cli/a.cpp", "auto p = new (std::nothrow) int;\n", "naked-new"),
    ("cli/a.cpp", "int n = 1'000; auto p = new T; int m = 2'000;\n", "naked-new"),
    # and what is allowed
    ("engine/mpi/a.cpp", '#include <mpi.h>\n#include "engine/base/b.hpp"\nint r = MPI_Init();\n', ""),
    ("engine/posix/a.cpp", '#include <fcntl.h>\n#include "engine/storage/s.hpp"\nint f = ::open("", 0);\n', ""),
    ("engine/disk/a.cpp", "#include <sys/stat.h>\nint r = storage.open_at(1, n, O_RDONLY, 0);\n", ""),
    ("cli/commands/a.cpp", '#include "cli/process/p.hpp"\n#include "engine/api/r.hpp"\n', ""),
    ("engine/job/a.cpp", '#include "engine/mpi/m.hpp"\n', "include-up"),
    ("engine/job/a.cpp", '#include "engine/operations/scatter/s.hpp"\n', "include-up"),
    ("engine/operations/gather/a.cpp", '#include "engine/operations/scatter/s.hpp"\n', "include-up"),
    ("engine/transport/a.cpp", '#include "engine/mpi/m.hpp"\n', "include-up"),
    ("engine/operations/gather/a.cpp", '#include "engine/operations/retrieval/r.hpp"\n', ""),
    ("engine/api/a.cpp", '#include "engine/mpi/m.hpp"\n#include "engine/operations/verify/v.hpp"\n', ""),
    ("engine/base/a.cpp", "#include <new>\nvoid* p = ::operator new(8);\nauto q = new (p) T;\n", ""),
    ("engine/protocol/a.cpp", '// MPI_Send, new T\nauto s = "MPI_Send new";\n/* new\nMPI_Init */ char c = \'"\';\n', ""),
    ("engine/protocol/a.cpp", '// #include "engine/mpi/m.hpp"\nauto s = R"(new T)";\nint renew = 0;\n', ""),
    ("tests/mpi/a.cpp", '#include <mpi.h>\n#include "engine/job/r.hpp"\nauto p = new T;\n', ""),
    ("bench/a.cpp", '#include "engine/mpi/m.hpp"\nint r = MPI_Init();\n', ""),
]


def verdict(file, text):
    with tempfile.TemporaryDirectory() as root:
        path = pathlib.Path(root) / file
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, CHECKER, root], capture_output=True, text=True, check=False)


failures = 0
for file, text, rule in PLANTED:
    answer = verdict(file, text)
    found = answer.stdout if answer.returncode else ""
    good = answer.returncode == 1 and f": {rule}: " in found and found.count("\n") == 1 if rule else found == ""
    if not good or answer.stderr:
        failures += 1
        print(f"{file}: {text!r}: expected {rule or 'nothing'}, got:\n{answer.stdout}{answer.stderr}")
print(f"{len(PLANTED) - failures} of {len(PLANTED)} planted trees judged right")
sys.exit(1 if failures else 0)
