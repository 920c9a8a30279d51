"""Interleaved rounds of two ways to do the same work, and what they say.

Owns the measuring and the wording of results. Rounds alternate and swap who goes first, so that a
machine that slows down slows both.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contest:
    """Seconds of each round of our way and of the bare one, over `units` pieces of work."""

    title: str
    ours_is: str
    bare_is: str
    unit: str
    units: int
    ours: tuple[float, ...]
    bare: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """Our time over the bare one, a round each."""
        return [ours / bare for ours, bare in zip(self.ours, self.bare, strict=True)]

    def as_json(self) -> dict[str, object]:
        """Medians: milliseconds a piece of work on both sides, and the ratio."""
        return {
            "title": self.title,
            "units": self.units,
            "ours_ms": 1000 * statistics.median(self.ours) / self.units,
            "bare_ms": 1000 * statistics.median(self.bare) / self.units,
            "ratio": statistics.median(self.ratios),
        }

    def __str__(self) -> str:
        ratios = self.ratios
        return "\n".join(
            [
                f"{self.title} ({self.units} {self.unit}, {len(ratios)} rounds)",
                f"  ours: {self._spread(self.ours)}   {self.ours_is}",
                f"  bare: {self._spread(self.bare)}   {self.bare_is}",
                f"  ratio: {statistics.median(ratios):7.1f} ({min(ratios):.1f} to {max(ratios):.1f})",
            ]
        )

    def _spread(self, seconds: tuple[float, ...]) -> str:
        per_unit = [1000 * second / self.units for second in seconds]
        return (
            f"{statistics.median(per_unit):8.2f} ms per {self.unit.removesuffix('s')}"
            f" ({min(per_unit):.2f} to {max(per_unit):.2f})"
        )


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
        if sys.stderr.isatty():
            print(f"\r  round {number + 1} of {rounds}\r", end="", file=sys.stderr, flush=True)
    return tuple(times[0]), tuple(times[1])


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
