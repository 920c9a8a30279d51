"""A report as it is kept: the text of its record, put together in one pass, is what JSON makes of it."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.records import (
    Agency,
    Cell,
    Check,
    Claim,
    Figure,
    FinishedReading,
    Problem,
    PublicationReading,
    Report,
    Section,
)
from storage.copies import Record, frame_of, json_text, record_of
from storage.kept import columns_of, kept, readied, rows_of
from tests.storage.conftest import aimin_2020, dongfeng_2021

# Quotes, brackets and what parts one object from the next; control characters; two halves of a letter.
texts = st.text(alphabet=st.sampled_from([*'"\\{},:[]/ \n\t\x00\x7f\u2028年报𠮷é0']), max_size=8)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
cells = st.builds(Cell, texts, texts, texts)
places = st.dictionaries(st.sampled_from(["table", "row", "cell", "sheet", "bbox"]), numbers | texts) | (
    st.fixed_dictionaries({"table": st.integers(1, 9), "row": st.integers(1, 9), "cell": st.integers(1, 9)})
)
statuses = st.sampled_from(["number", "blank", "not_applicable", "merged", "unreadable"])
figures = st.builds(
    Figure,
    cell=cells,
    printed=st.none() | texts,
    value=st.none() | numbers,
    unit=st.none() | texts,
    status=statuses,
    note=st.none() | texts,
    locator=places,
    method=texts,
    verified=st.booleans(),
)
outcomes = st.sampled_from(["pass", "fail", "not_assessable"])
checks = st.builds(
    Check,
    rule=texts,
    subject=texts,
    outcome=outcomes,
    zero_filled=outcomes,
    severity=st.sampled_from(["hard", "soft"]),
    left=st.none() | numbers,
    right=st.none() | numbers,
    suspect=st.none() | cells,
    detail=texts,
    attribution=st.sampled_from([None, "agency", "unsettled"]),
)
agencies = st.builds(
    Agency,
    id=texts,
    name=texts,
    printed=texts,
    agency_type=texts,
    level=st.none() | texts,
    division_code=st.none() | texts,
    short_names=st.lists(texts, max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    title=texts,
    agency=agencies,
    year=st.integers(1990, 2030),
    family=texts,
    scope=texts,
    published_on=st.none() | texts,
    forms=st.dictionaries(texts, st.none() | texts, max_size=3),
    sections=st.lists(
        st.builds(Section, number=st.integers(0, 6), heading=texts, text=texts), max_size=3
    ).map(tuple),
    figures=st.lists(figures, max_size=6).map(tuple),
    checks=st.lists(checks, max_size=4).map(tuple),
    claims=st.lists(st.builds(Claim, about=texts, value=numbers, sentence=texts), max_size=2).map(tuple),
    beside=st.lists(figures, max_size=2).map(tuple),
)


def said(record: Record) -> str:
    """What the fingerprint of a report's content is made of, as `Kept` states it."""
    values = ("printed", "value", "unit", "status", "note")
    return json_text(
        {
            **{part: record[part] for part in ("title", "published_on", "sections")},
            "figures": sorted(
                ([*one["cell"], *(one[value] for value in values)] for one in record["figures"]),
                key=lambda figure: figure[:3],
            ),
        }
    )


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@settings(max_examples=300, deadline=None)
@given(reports)
def test_the_text_that_is_put_together_is_the_record_as_json(report: Report) -> None:
    made, record = kept(report), record_of(report)
    text = zstandard.ZstdDecompressor().decompress(made.packed).decode()
    assert text == json_text(record)
    assert made.record_hash == fingerprint(text)
    assert made.content_hash == fingerprint(said(record))
    assert made.rows == rows_of(json.loads(text))
    assert made.legible == sum(
        one["status"] in ("number", "blank", "not_applicable") for one in record["figures"]
    )
    assert made.frame == {key: record[key] for key in ("agency", "doubt")}
    assert made.columns == columns_of(json.loads(text))
    assert made.record() == json.loads(text)
    assert made.figures == len(record["figures"])


@pytest.mark.parametrize("report", [dongfeng_2021(), aimin_2020()])
def test_what_stands_elsewhere_or_was_read_otherwise_says_the_same(report: Report) -> None:
    def moved(figure: Figure) -> Figure:
        return replace(figure, locator={"page": 7, "bbox": [1.5, 2, 3, 4]}, method="lines", verified=True)

    made = kept(report)
    other = kept(replace(report, figures=tuple(moved(one) for one in reversed(report.figures))))
    assert other.content_hash == made.content_hash
    assert other.record_hash != made.record_hash
    for changed in (
        replace(report, title=f"{report.title}。"),
        replace(report, published_on="2024-01-01"),
        replace(report, sections=report.sections[:-1]),
        replace(report, figures=report.figures[:-1]),
        *(
            replace(report, figures=(replace(report.figures[0], **one), *report.figures[1:]))
            for one in OTHERWISE
        ),
    ):
        assert kept(changed).content_hash != made.content_hash


OTHERWISE: tuple[dict[str, Any], ...] = (
    {"printed": "987"},
    {"value": 987},
    {"unit": "条"},
    {"status": "unreadable", "value": None},
    {"note": "987"},
)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(value: float) -> None:
    report = dongfeng_2021()
    broken = replace(report, figures=(replace(report.figures[0], value=value),))
    with pytest.raises(ValueError, match="JSON"):
        kept(broken)
    with pytest.raises(ValueError, match="JSON"):
        kept(replace(report, checks=(replace(report.checks[0], left=value),)))


def test_the_frame_is_made_of_everything_but_what_makes_rows() -> None:
    frame = frame_of(dongfeng_2021())
    assert frame["agency"]["name"] == "佳木斯市东风区人民政府"
    assert frame["dates"]["due_on"] is None
    assert "figures" not in frame


def test_what_was_made_ready_elsewhere_is_stored_as_what_is_made_ready_here(
    world: Any, new_world: Any, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = new_world(tmp_path / "other")

    def readings(of: Any) -> Iterator[PublicationReading]:
        report = of.dongfeng()
        changed = replace(report.figures[0], value=987, printed=" 987", note="项")
        problem = Problem(code="unreadable_cell", detail="一", cells=(report.figures[1].cell,))
        yield of.reading(report, problems=(problem,))
        yield of.reading(replace(report, figures=(changed, *report.figures[1:])), body=b"<p>2</p>")
        yield of.reading(report, url="http://jms.example/1", portal="jiamusi", version="2")
        yield of.reading(replace(of.aimin(), agency=None), url="http://dfq.example/3", body=b"3")
        files = (("http://dfq.example/4.pdf", b"4", of.aimin()),)
        yield of.reading(None, url="http://dfq.example/4", body=b"<p>4</p>", files=files)

    for plain, ready in zip(readings(world), readings(other), strict=True):
        handed_over = FinishedReading(
            publication=ready.publication,
            finished=pickle.loads(pickle.dumps(readied(ready))),
            extractor_version=ready.extractor_version,
        )
        assert other.store(handed_over) == world.store(plain)
    assert other.steady() == world.steady()
    assert world.one("SELECT count(*) FROM superseded_figures") > 0
    other.close()
