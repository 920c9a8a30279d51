"""`make bench`: the cost of the whole as ratios to the bare tools, and every format against its targets."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import formats, growth, ratios
from benchmarks.timing import progress

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Prints the table of ratios, the formats summed up in it, and writes all of it as JSON; 1 where a row
    is short of its target. The formats alone are printed one by one.
    """
    parts = [name for name, _ in ratios.MEASURES]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="of ours and the floor, in turn")
    parser.add_argument("--seed", type=int, help="of the reports (default: drawn and printed)")
    parser.add_argument("--reports", type=int, default=1, help="a format and layout, and one to warm up")
    parser.add_argument("--scans", type=int, default=1, help="reports read as pictures (0: none)")
    parser.add_argument("--database-reports", type=int, default=growth.SMALL, help="in the invented database")
    parser.add_argument("--only", choices=[*parts, "formats"], action="append", help="parts of it")
    parser.add_argument("--quick", action="store_true", help="the formats only, and no pictures")
    parser.add_argument("--json", type=Path, default=ROOT / "data" / "bench.json", metavar="FILE")
    parser.add_argument(
        "--keep", action="store_true", help="make these the values that later runs are compared with"
    )
    given = parser.parse_args()
    given.seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(3), "big")
    given.rounds = max(1, given.rounds)
    chosen = ["formats"] if given.quick else given.only or [*parts, "formats"]
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"seed {given.seed} (again with --seed {given.seed}), {given.rounds} rounds, {load}", flush=True)
    made = Made(given.json, given.seed)
    if chosen != ["formats"]:
        print(f"\n{ratios.HEAD}", flush=True)
    for name, measure in ratios.MEASURES:
        if name in chosen:
            made.measure(name, measure(given))
    if "formats" in chosen:
        _measure_formats(made, given, one_by_one=chosen == ["formats"])
    if given.keep:
        ratios.keep(made.measured)
    short = [row for row in made.measured if row.state == "SHORT"]
    slower = [row for row in made.measured if row.is_slower()]
    if slower:
        print(f"{len(slower)} slower than the last release: {'; '.join(row.row for row in slower)}")
    print(f"{len(short)} of {len(made.measured)} rows SHORT; {made.seconds:.0f} s")
    return int(bool(short))


def _measure_formats(made: Made, given: argparse.Namespace, *, one_by_one: bool) -> None:
    progress("writing reports in every format")
    if one_by_one:
        print(f"\n{formats.head()}", flush=True)
    for line in formats.rows(given.seed, max(1, given.reports), 0 if given.quick else given.scans):
        made.found.append(line)
        progress(f"{line.name}, {line.layout}")
        if one_by_one:
            print(formats.line(line), flush=True)
    if one_by_one:
        print(f"\n{ratios.HEAD}")
    made.measure("formats", ratios.accuracy(made.found))
    print("", *formats.faults(made.found), sep="\n")


@dataclass(slots=True)
class Made:
    """What was measured so far; it is written to `path` whenever something is added."""

    path: Path
    seed: int
    measured: list[ratios.Ratio] = field(default_factory=list)
    found: list[formats.Row] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def measure(self, name: str, rows: Iterable[ratios.Ratio]) -> None:
        """Takes and prints the rows of a part, each as it comes."""
        began = self.seconds
        progress(f"{name}, {began:.0f} s since the beginning")
        for row in rows:
            self.measured.append(row)
            print(row, flush=True)
            self._write()
        progress(f"{name} took {self.seconds - began:.0f} s")

    def _write(self) -> None:
        made = {
            "seed": self.seed,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
            "seconds": round(self.seconds),
            "ratios": [row.as_json() for row in self.measured],
            "formats": [row.as_json() for row in self.found],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
