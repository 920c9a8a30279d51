"""How long the rules within and between reports take over a database of the whole country's size.

`python -m benchmarks.across [--reports 85000] [--database FILE]` builds a synthetic database (or takes
the one that is there), makes coverage and all results between reports anew, tells all arithmetic of
the reports again, and prints the times.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.synthetic import build
from storage import arithmetic, coverage, crosschecks, measures, summaries
from storage.database import open_database


def main(arguments: list[str] | None = None) -> int:
    """Builds, measures and prints; 1 where it took longer than the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=85_000)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--limit", type=float, default=120, help="seconds that it may take")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = given.database or Path(folder) / "synthetic.db"
        began = time.monotonic()
        db = open_database(path) if path.exists() else build(path, given.reports)
        told = db.execute("SELECT count(*), count(DISTINCT agency_id) FROM reports").fetchone()
        size = path.stat().st_size / 1e9
        print(f"{told[0]} reports of {told[1]} bodies, {size:.1f} GB: {time.monotonic() - began:.0f} s")
        db.execute("DELETE FROM findings_state")
        db.conn.commit()
        spent = 0.0
        for name, refresh in (
            ("coverage", coverage.refresh),
            ("checks across reports", crosschecks.refresh),
            ("measures", measures.refresh),
            ("arithmetic of the reports", arithmetic.refresh),
            ("summaries", summaries.refresh),
        ):
            began, worked = time.monotonic(), time.process_time()
            refresh(db)
            spent += time.monotonic() - began
            print(
                f"{name}: {time.monotonic() - began:.1f} s, {time.process_time() - worked:.1f} s of one core"
            )
        for rule, outcome, number in db.execute(
            "SELECT rule, outcome, count(*) FROM cross_checks GROUP BY rule, outcome"
        ):
            print(f"  {rule} {outcome}: {number}")
        (told,) = db.execute("SELECT count(*) FROM checks").fetchone()
        (otherwise,) = db.execute("SELECT count(*) FROM retold_checks").fetchone()
        print(f"  of {told} stored checks told again, {otherwise} came out otherwise")
        db.conn.close()
    print(f"together {spent:.1f} s, limit {given.limit:.0f} s")
    return int(spent > given.limit)


if __name__ == "__main__":
    sys.exit(main())
