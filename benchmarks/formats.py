"""Accuracy and speed of every format and layout, on reports with figures that nobody has seen before.

Owns the table: which documents, what became of their figures, what the reading cost, and how both stand
against `targets.toml`.
"""

from __future__ import annotations

import pickle
import statistics
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2

from benchmarks.reader import RESULT, Reading
from tests.pipelines.every_format import PDF, Sample, every_format, pictures_can_be_made
from tests.pipelines.judging import Judgement, judged

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Standing:
    """A measured number against its target."""

    name: str
    reached: float
    target: float
    at_least: bool

    @property
    def state(self) -> str:
        """`OK` or `SHORT`."""
        good = self.reached >= self.target if self.at_least else self.reached <= self.target
        return "OK" if good else "SHORT"


@dataclass(frozen=True, slots=True)
class Row:
    """A format and layout; times are medians of CPU milliseconds a document."""

    name: str
    layout: str
    documents: int
    outcome: Judgement
    content_ms: float | None
    record_ms: float
    content_pages: float | None
    record_pages: float | None
    megabytes: float
    standings: tuple[Standing, ...]

    @property
    def state(self) -> str:
        """`OK` if every target is reached, else `SHORT`."""
        return "SHORT" if any(standing.state == "SHORT" for standing in self.standings) else "OK"

    def as_json(self) -> dict[str, Any]:
        """The row as JSON shows it."""
        outcome = self.outcome
        return {
            "format": self.name, "layout": self.layout, "state": self.state, "documents": self.documents,
            "figures": outcome.figures, "right": outcome.right, "verified": outcome.verified,
            "refused": outcome.refused, "missing": outcome.missing, "wrong_flagged": outcome.flagged,
            "wrong": [list(wrong) for wrong in outcome.wrong],
            "silent": [[member, *cell] for member, cell in outcome.silent],
            "misnamed": outcome.misnamed, "problems": sorted(outcome.codes),
            "content_ms": self.content_ms, "record_ms": self.record_ms,
            "content_pages_per_second": self.content_pages, "record_pages_per_second": self.record_pages,
            "peak_mb": self.megabytes,
            "targets": [
                {"name": s.name, "reached": s.reached, "target": s.target, "state": s.state}
                for s in self.standings
            ],
        }  # fmt: skip


def rows(seed: int, documents: int, scans: int) -> Iterator[Row]:
    """A row a format and layout, of `documents` reports (`scans` of those that are pictures).

    One report more is made and read before the others; of the first, the figures count, not the time.
    """
    if scans and not pictures_can_be_made():
        print("no scans: they need the extra `ocr` and a browser", file=sys.stderr)
    samples: dict[tuple[str, str], list[Sample]] = {}
    for number in range(documents + 1):
        for sample in every_format(seed + number, scans=number < scans):
            samples.setdefault((sample.name, sample.layout), []).append(sample)
    targets = _targets()
    for (name, layout), own in sorted(samples.items(), key=lambda item: item[0][0]):
        yield _row(name, layout, own, targets)


def _row(name: str, layout: str, samples: Sequence[Sample], targets: Sequence[Mapping[str, Any]]) -> Row:
    readings, megabytes = _read_apart(samples)
    outcome = Judgement()
    for sample, reading in zip(samples, readings, strict=True):
        outcome += judged(sample, reading[0])
    pages = [_pages(sample) for sample in samples]
    timed = _timed(samples)
    contents = [content for _, content, _ in (readings[i] for i in timed) if content is not None]
    records = [readings[i][2] for i in timed]
    content_ms = 1000 * statistics.median(contents) if contents else None
    record_ms = 1000 * statistics.median(records)
    count = sum(pages[i] or 0 for i in timed)
    content_pages = count / sum(contents) if count and contents else None
    record_pages = count / sum(records) if count else None
    per_page = 1000 / record_pages if record_pages else record_ms
    measured = {
        "right": outcome.right / outcome.figures,
        "Content ms": content_ms, "record ms": record_ms, "ms a page": per_page,
        "Content pages/s": content_pages, "record pages/s": record_pages,
    }  # fmt: skip
    standings = [
        Standing("wrong", len(outcome.wrong), 0, at_least=False),
        Standing("silent", len(outcome.silent), 0, at_least=False),
        Standing("body", len(outcome.misnamed), 0, at_least=False),
        *_standings(measured, _target(name, layout, targets)),
    ]
    return Row(
        name, layout, len(samples), outcome, content_ms, record_ms, content_pages, record_pages, megabytes,
        tuple(standings),
    )  # fmt: skip


def _timed(samples: Sequence[Sample]) -> list[int]:
    """Which documents count for the time: all but the first, and of them those that add up.

    Where no sum holds, the search for the figure at fault takes longer than the reading; reports of that
    kind are made to catch figures in wrong cells.
    """
    later = range(1, len(samples)) if len(samples) > 1 else range(1)
    balanced = [i for i in later if all(told.mode != "distinct" for told in samples[i].told.values())]
    return balanced or list(later)


def _read_apart(samples: Sequence[Sample]) -> tuple[list[Reading], float]:
    """The readings of a process of their own, and its peak of memory in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, sample in enumerate(samples):
            (folder / f"{number:03}.document").write_bytes(sample.body)
        rounds = "1" if samples[0].structure == "picture" else "3"
        subprocess.run(
            [sys.executable, "-m", "benchmarks.reader", str(folder), rounds],
            cwd=ROOT,
            check=True,
            timeout=900,
        )
        found: tuple[list[Reading], float] = pickle.loads((folder / RESULT).read_bytes())
        return found


def _pages(sample: Sample) -> int | None:
    if sample.media_type != PDF:
        return None
    with pypdfium2.PdfDocument(sample.body) as document:
        return len(document)


# Targets ----------------------------------------------------------------------------------------

_KEYS = {
    "right": (("right",), True),
    "ms": (("Content ms", "record ms"), False),
    "ms_per_page": (("ms a page",), False),
    "pages_per_second": (("Content pages/s", "record pages/s"), True),
}


def _targets() -> list[Mapping[str, Any]]:
    path = Path(__file__).parent / "targets.toml"
    found: list[Mapping[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["target"]
    for target in found:
        unknown = set(target) - set(_KEYS) - {"format", "layout"}
        if unknown:
            raise SystemExit(f"{path}: target {target.get('format')!r}: unknown key {min(unknown)!r}")
    return found


def _target(name: str, layout: str, targets: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The target of the longest layout that the row's begins with."""
    own = [t for t in targets if t["format"] == name and layout.startswith(t.get("layout", ""))]
    return max(own, key=lambda target: len(target.get("layout", "")), default={})


def _standings(measured: Mapping[str, float | None], target: Mapping[str, Any]) -> Iterator[Standing]:
    for key, (names, at_least) in _KEYS.items():
        for name in names if key in target else ():
            reached = measured[name]
            if reached is not None:
                yield Standing(name, reached, target[key], at_least)


# The table --------------------------------------------------------------------------------------

HEAD = (
    "format", "layout", "reports", "figures", "right", "not told", "wrong", "silent", "verified",
    "ms to Content", "ms to record", "pages/s", "MB", "targets",
)  # fmt: skip


def head() -> str:
    """The first two lines of the table."""
    return f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}"


def line(row: Row) -> str:
    """A row of the table."""
    return f"| {' | '.join(_cells(row))} |"


def faults(found: Sequence[Row]) -> list[str]:
    """A line for each of the first figures of a row that are wrong or silently missing, and for bodies."""
    lines = []
    for row in found:
        lines += [f"WRONG {row.name}, {row.layout}: {wrong}" for wrong in row.outcome.wrong[:5]]
        lines += [f"SILENT {row.name}, {row.layout}: {silent}" for silent in row.outcome.silent[:5]]
        lines += [f"BODY {row.name}, {row.layout}: {name}" for name in row.outcome.misnamed[:5]]
    return lines


def _cells(row: Row) -> list[str]:
    outcome = row.outcome
    right = max(outcome.right, 1)
    pages = ""
    if row.record_pages:
        parts = [row.content_pages, row.record_pages] if row.content_pages else [row.record_pages]
        pages = " / ".join(f"{part:.2g}" if part < 10 else f"{part:.0f}" for part in parts)
    short = [f"{standing.name} SHORT" for standing in row.standings if standing.state == "SHORT"]
    return [
        row.name, row.layout, str(row.documents), str(outcome.figures),
        f"{100 * outcome.right / outcome.figures:.4g} %",
        str(outcome.refused + outcome.missing + outcome.flagged),
        str(len(outcome.wrong)), str(len(outcome.silent)), f"{100 * outcome.verified / right:.3g} %",
        f"{row.content_ms:.1f}" if row.content_ms is not None else "", f"{row.record_ms:.1f}", pages,
        f"{row.megabytes:.0f}", ", ".join(short) or "OK",
    ]  # fmt: skip
