"""Numbers as people write them: byte counts, 64K, 1MiB, 2G (times 1024), and so many of something."""

import argparse

UNITS = ("", "K", "M", "G", "T")
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def parse_size(text: str) -> int:
    """64K -> 65536. For argparse: whatever is no size becomes its error message."""
    number = text.upper().removesuffix("B").removesuffix("I")
    unit = number[-1:] if number[-1:] in UNITS[1:] else ""
    digits = number.removesuffix(unit)
    if not (digits.isascii() and digits.isdigit()) or int(digits) == 0:
        raise argparse.ArgumentTypeError(f"{text}: not a size such as 65536, 64K or 1MiB")
    return int(digits) << 10 * UNITS.index(unit)


def show_size(size: int) -> str:
    """65536 -> 64 KiB; what is no whole number of a unit gets one decimal."""
    power = 0
    while power + 1 < len(UNITS) and size >= 1 << 10 * (power + 1):
        power += 1
    if power == 0:
        return f"{size} B"
    value = size / (1 << 10 * power)
    return f"{value:.0f} {UNITS[power]}iB" if value.is_integer() else f"{value:.1f} {UNITS[power]}iB"


def counted(number: int, noun: str) -> str:
    """1 look, 2 looks"""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def are(number: int) -> str:
    return "is" if number == 1 else "are"
