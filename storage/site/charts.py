"""Charts as data: what a figure of the site shows, before anything is drawn.

A chart is a mapping that goes to the page as JSON for `static/charts.js` and as a table for everybody
(`templates/_chart.html`). It has `kind` (lines, bars, stack, dots), `title`, `summary` (the same in a
sentence), `unit` (count, share: a number from 0 to 1), `x` (years or names, in order), `x_label`,
`series` (`label`, `values` beside `x`, None where there is none, `notes` beside them, `tone`: a colour
other than that of its place), `breaks` (`at`: the
first year after it; `label`; `cuts`: whether lines end there), `emphasis` (one of `x`), `horizontal`
and `normalize`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from storage.site.language import words

KINDS = ("lines", "bars", "stack", "dots")
NEW_FORM, RECONSIDERATION_FIRST = 2021, 2024
"""Years that begin another series: another national form; refusals go to reconsideration before court."""


def chart(
    kind: str,
    title: str,
    x: Sequence[Any],
    series: Iterable[Mapping[str, Any]],
    *,
    lang: str,
    unit: str = "count",
    x_label: str | None = None,
    summary: str | None = None,
    breaks: Sequence[Mapping[str, Any]] = (),
    emphasis: str | None = None,
    horizontal: bool = False,
    normalize: bool = False,
) -> dict[str, Any] | None:
    """The chart, or None where there is nothing to draw. Raises ValueError for what cannot be drawn."""
    shown = [dict(each) for each in series]
    if kind not in KINDS or unit not in ("count", "share"):
        raise ValueError(f"no chart {kind} of {unit}")
    for each in shown:
        if len(each["values"]) != len(x) or len(each.get("notes", x)) != len(x):
            raise ValueError(f"{each['label']}: {len(each['values'])} values for {len(x)} places")
    shown = [each for each in shown if any(value is not None for value in each["values"])]
    if not x or not shown:
        return None
    return {
        "kind": kind,
        "title": title,
        "summary": summary or _summary(lang, x, shown, unit),
        "unit": unit,
        "lang": lang,
        "x": list(x),
        "x_label": x_label or words().text(lang, "chart.year"),
        "series": shown,
        "breaks": [dict(each) for each in breaks],
        "emphasis": emphasis,
        "horizontal": horizontal,
        "normalize": normalize,
    }


def spanned(years: Iterable[int]) -> list[int]:
    """The years from the first to the last: one of which there is nothing is a gap, no straight line."""
    known = sorted(years)
    return list(range(known[0], known[-1] + 1)) if known else []


def break_at(lang: str, year: int, *, cuts: bool = True) -> dict[str, Any]:
    """The break of series that begins with that year (2021, 2024)."""
    return {"at": year, "label": words().text(lang, f"chart.break_{year}"), "cuts": cuts}


def shown_value(value: float | None, unit: str) -> str:
    """A value as the table beside a chart writes it."""
    if value is None:
        return "–"
    return f"{value:.1%}" if unit == "share" else f"{value:,}"


def _summary(lang: str, x: Sequence[Any], series: Sequence[Mapping[str, Any]], unit: str) -> str:
    """First and last value of each series, in words."""
    parts = []
    for each in series:
        known = [(at, value) for at, value in zip(x, each["values"], strict=True) if value is not None]
        (first_at, first), (last_at, last) = known[0], known[-1]
        key = "chart.one_value" if len(known) == 1 else "chart.from_to"
        parts.append(
            words().text(
                lang,
                key,
                label=each["label"],
                first_at=first_at,
                first=shown_value(first, unit),
                last_at=last_at,
                last=shown_value(last, unit),
            )
        )
    return words().text(lang, "chart.and").join(parts)
