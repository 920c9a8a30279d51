from __future__ import annotations

import pytest

from benchmarks.markup import as_word_packs, as_word_writes, text_size
from pipelines.extract import read_document
from pipelines.records import Figure
from tests.pipelines.every_format import every_format

SAMPLES = {(one.name, one.layout): one.body for one in every_format(7, programs=False)}
PACKAGES = sorted(layout for name, layout in SAMPLES if name == "DOCX")
PAGES = sorted(layout for name, layout in SAMPLES if name == "HTML" and layout.startswith("pasted from Word"))


def _told(body: bytes) -> list[tuple[object, ...]]:
    report = read_document(body)[0].report
    return [_figure(one) for one in report.figures] if report else []


def _figure(figure: Figure) -> tuple[object, ...]:
    return (figure.cell, figure.printed, figure.value, figure.unit, figure.status, dict(figure.locator))


@pytest.mark.parametrize("layout", PACKAGES)
def test_a_package_with_its_layout_says_the_same_at_the_size_of_a_real_one(layout: str) -> None:
    body = SAMPLES["DOCX", layout]
    dressed = as_word_packs(body)
    assert _told(dressed) == _told(body) != []
    assert text_size(body) < 60_000
    assert 250_000 < text_size(dressed) < 400_000


@pytest.mark.parametrize("layout", PAGES)
def test_a_page_with_its_styles_says_the_same_at_the_size_of_a_real_one(layout: str) -> None:
    body = SAMPLES["HTML", layout]
    dressed = as_word_writes(body)
    assert _told(dressed) == _told(body) != []
    assert len(body) < 130_000 < len(dressed) < 170_000
