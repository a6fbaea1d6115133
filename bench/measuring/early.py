"""Ctrl-C before there is anyone to answer it: while modules are loaded it ends the program, without a traceback."""

import signal


def end_at_ctrl_c() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as in a shell script's background
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def answer_ctrl_c() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
