"""How every command begins and ends: signals, the interpreter, and a standard output that takes no more."""

from __future__ import annotations  # Python 3.9

import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that the distribution's packages are for


def settle_signals() -> None:
    """While modules are loaded Ctrl-C ends the program, without a traceback. SIGUSR1, which batch systems send some time
    before the end, is ignored, here and in what is started."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as in a shell script's background
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def answer_ctrl_c() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def need(name: str, *modules: str) -> None:
    """Goes on in the system's interpreter if this one lacks a module; ends with 2 if that one does, too."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if not missing:
        return
    if sys.executable != SYSTEM_PYTHON and os.path.exists(SYSTEM_PYTHON):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    packages = " ".join(f"python3-{module}" for module in missing)
    print(f"{name}: error: {sys.executable} has no {' and no '.join(missing)}\n"
          f"  install it: apt-get install {packages} (Debian, Ubuntu), dnf install {packages} (Fedora)", file=sys.stderr)
    sys.exit(2)


def finish(name: str, main: Callable[[], int], failed: int = 1) -> NoReturn:
    """Ends the program with what main() returns, or with `failed` if standard output does not take what it prints."""
    from .measuring.failure import Failure, error_text  # noqa: PLC0415: only after the signals are settled

    code: object = failed
    answer_ctrl_c()
    try:
        try:
            code = main()
        except SystemExit as end:  # of the command line
            code = end.code
        except KeyboardInterrupt:
            print(f"{name}: interrupted; everything it wrote is deleted", file=sys.stderr)
            code = 130
        except (Failure, ValueError) as error:
            if sys.stdout is not None:  # closed from the beginning
                sys.stdout.flush()
            print(f"{name}: error: {error}", file=sys.stderr)
            code = getattr(error, "code", failed)
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        where = "" if error.filename else "standard output: "
        print(f"{name}: error: {where}{error_text(error)}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python tries what is left again, and fails
        code = code or failed
    sys.exit(code)  # type: ignore[arg-type]


def start(name: str, module: str, *, failed: int = 1) -> NoReturn:
    """Runs main() of the module with the words of the command line."""
    settle_signals()
    if sys.version_info < (3, 9):
        sys.exit(f"{name}: error: Python 3.9 or newer is needed, this is {sys.version.split()[0]}")
    need(name, "psutil")
    from .measuring.alone import check_started_alone  # noqa: PLC0415: as above

    check_started_alone(name)
    main = importlib.import_module(f"{__package__}.{module}").main
    for number in (signal.SIGTERM, signal.SIGHUP):  # like Ctrl-C: end the job, clean up, show what there is
        signal.signal(number, signal.default_int_handler)
    finish(name, lambda: main(sys.argv[1:]), failed)


def compare() -> NoReturn:
    start("bench/compare", "peers.command_line")


def regress() -> NoReturn:
    start("bench/regress", "regression.command_line", failed=2)  # 1 would be red


def sweep() -> NoReturn:
    start("mpiferry bench" if os.environ.get("MPIFERRY_BENCH_PROGRAM") else "bench/sweep", "sweep.commands")


def transfer() -> NoReturn:
    start("bench/transfer", "transfer.command_line")
