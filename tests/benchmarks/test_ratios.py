from __future__ import annotations

from dataclasses import replace
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


@pytest.mark.parametrize(
    ("spread", "last", "unit", "floor", "speed", "slower"),
    [
        ((5.0, 5.5, 6.0), 5.0, "ms", 1.0, False, False),
        ((5.6, 5.7, 6.0), 5.0, "ms", 1.0, False, True),
        ((5.6, 5.7, 6.0), None, "ms", 1.0, False, False),
        ((14.0, 15.0, 16.0), 9.0, "ms", None, False, False),
        ((0.5, 0.6, 0.8), 0.85, "ms", 1.0, True, False),
        ((0.5, 0.6, 0.7), 0.85, "ms", 1.0, True, True),
        ((1.0, 1.0, 1.0), 0.0, "figures", None, False, True),
    ],
)
def test_what_is_slower_than_the_last_release_is_said(
    spread: tuple[float, float, float], last: float | None, unit: str, floor: float | None, speed: bool,
    slower: bool,
) -> None:  # fmt: skip
    low, middle, high = spread
    row = ratios.Ratio(
        "x", middle, low, high, unit, 1.0, floor, 9, None, None, "printed", last=last, speed=speed
    )
    assert row.is_slower() == slower
    assert ("slower than the last release" in str(row)) == slower


def test_a_release_is_kept_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratios, "_LAST", tmp_path / "last.json")
    ratios.last_release.cache_clear()
    made = [ratios.Ratio(name, 2.0, 1, 3, "ms", 2, 1, 9, None, None, "printed") for name in ("one", "two")]
    ratios.keep(made)
    ratios.last_release.cache_clear()
    ratios.keep([replace(made[0], value=1.5)])
    ratios.last_release.cache_clear()
    assert ratios.last_release() == {"one": 1.5, "two": 2.0}
    ratios.last_release.cache_clear()


def test_the_floors_read_the_same_bytes() -> None:
    samples = {(one.name, one.layout): one.body for one in every_format(7, scans=False)}
    assert floors.html(samples["HTML", "pasted from Word, GBK"]) is not None
    assert floors.docx(samples["DOCX", "official form"]) is not None
    assert floors.pdf(samples["PDF", "ruled, broken anywhere"]) > 500
