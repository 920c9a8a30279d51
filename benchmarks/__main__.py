"""`make bench`: the cost of the whole as ratios to the bare tools, and every format against its targets."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import formats, ratios

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Prints the table of ratios, then that of formats; both go to a JSON file as well. 1 where a row is
    short of its target.
    """
    parts = [name for name, _ in ratios.MEASURES]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="of ours and the floor, in turn")
    parser.add_argument("--seed", type=int, help="of the reports (default: drawn and printed)")
    parser.add_argument("--reports", type=int, default=3, help="a format and layout, and one to warm up")
    parser.add_argument("--scans", type=int, default=1, help="reports read as pictures (0: none)")
    parser.add_argument("--database-reports", type=int, default=8_500, help="in the invented database")
    parser.add_argument("--only", choices=[*parts, "formats"], action="append", help="parts of it")
    parser.add_argument("--quick", action="store_true", help="the table of formats only, of three reports")
    parser.add_argument("--json", type=Path, default=ROOT / "data" / "bench.json", metavar="FILE")
    given = parser.parse_args()
    given.seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(3), "big")
    given.rounds = max(1, given.rounds)
    chosen = ["formats"] if given.quick else given.only or [*parts, "formats"]
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"seed {given.seed} (again with --seed {given.seed}), {given.rounds} rounds, {load}", flush=True)
    measured: list[ratios.Ratio] = []
    found: list[formats.Row] = []
    if set(chosen) - {"formats"}:
        print(f"\n{ratios.HEAD}", flush=True)
    for name, measure in ratios.MEASURES:
        for row in measure(given) if name in chosen else ():
            measured.append(row)
            print(row, flush=True)
            _write(given.json, given.seed, found, measured)
    if "formats" in chosen:
        print(f"\n{formats.head()}", flush=True)
        for line in formats.rows(given.seed, 3 if given.quick else max(1, given.reports), given.scans):
            found.append(line)
            print(formats.line(line), flush=True)
        print("", *formats.faults(found), sep="\n")
        _write(given.json, given.seed, found, measured)
    short = [row for row in [*measured, *found] if row.state == "SHORT"]
    print(f"{len(short)} of {len(measured) + len(found)} rows SHORT")
    return int(bool(short))


def _write(path: Path, seed: int, found: Sequence[formats.Row], measured: Sequence[ratios.Ratio]) -> None:
    """What was measured so far, as JSON."""
    made = {
        "seed": seed,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "ratios": [row.as_json() for row in measured],
        "formats": [row.as_json() for row in found],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
