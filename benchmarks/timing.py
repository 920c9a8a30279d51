"""Interleaved rounds of two ways to do the same work.

Owns the measuring. Rounds alternate and swap who goes first, so that a
machine that slows down slows both.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def interleaved(
    ours: Callable[[], float], bare: Callable[[], float], rounds: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of `rounds` rounds of both, after one of each that does not count.

    Both return the seconds that they took, so that what they prepare is not counted.
    """
    ours()
    bare()
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        pair = ((ours, times[0]), (bare, times[1]))
        for work, kept in pair if number % 2 == 0 else reversed(pair):
            kept.append(work())
        progress(f"round {number + 1} of {rounds}")
    return tuple(times[0]), tuple(times[1])


def progress(text: str) -> None:
    """Says what is being done: on a terminal in one line that the next takes the place of."""
    ends = "\x1b[K\r" if sys.stderr.isatty() else "\n"
    print(f"  {text}", end=ends, file=sys.stderr, flush=True)


def processor(work: Callable[[], object]) -> float:
    """Processor seconds of this process during one call: beside other work they say more than the clock."""
    began = time.process_time()
    work()
    return time.process_time() - began
