from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import floors, ratios
from tests.pipelines.every_format import every_format


def test_every_target_is_that_of_a_row() -> None:
    source = Path(ratios.__file__).read_text(encoding="utf-8")
    known = ratios.targets(Path(ratios.__file__).with_name("targets.toml").read_text(encoding="utf-8"))
    for row in known:
        kind = row.split()[0]
        assert f'"{row}"' in source or (kind in ("DOC", "XLSX") and '{name} to record"' in source), row


@pytest.mark.parametrize(
    "text",
    ["most = 1", 'row = "x"', 'row = "x"\nmost = 1\nleast = 2', 'row = "x"\nfew = 1', "aim = 1"],
)
def test_a_target_that_says_too_little_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="either most or least"):
        ratios.targets(f"[[ratio]]\n{text}\n")


def test_a_row_is_ok_short_or_printed() -> None:
    found = ratios.targets(
        '[[ratio]]\nrow = "time"\nmost = 2\naim = 1\n[[ratio]]\nrow = "speed"\nleast = 0.7\n'
        '[[ratio]]\nrow = "other"\naim = 0.5\n'
    )
    assert [ratios.state(value, found["time"]) for value in (1.5, 2.0, 2.1)] == ["OK", "OK", "SHORT"]
    assert [ratios.state(value, found["speed"]) for value in (0.7, 0.6)] == ["OK", "SHORT"]
    assert ratios.state(9.0, found["other"]) == "printed"
    assert [target.aim for target in found.values()] == [1, None, 0.5]


def test_the_floors_read_the_same_bytes() -> None:
    samples = {(one.name, one.layout): one.body for one in every_format(7, scans=False)}
    assert floors.html(samples["HTML", "pasted from Word, GBK"]) is not None
    assert floors.docx(samples["DOCX", "official form"]) is not None
    assert floors.pdf(samples["PDF", "ruled, broken anywhere"]) > 500
