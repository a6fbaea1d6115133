"""Signals before there is anyone to answer them: while modules are loaded Ctrl-C ends the program, without a traceback.
SIGUSR1, which batch systems send some time before the end, is ignored, here and in what is started."""

import signal


def settle_signals() -> None:
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as in a shell script's background
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def answer_ctrl_c() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
