"""Where reports hold what was looked for: pieces of their chapters, with the places marked.

Owns the choice and the cutting of excerpts. They are made from the text as it is stored; a piece of it
is a pair of text and whether it is what was looked for, never mark-up.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from storage.folding import Phrase, folded

Part: TypeAlias = tuple[str, bool]
"""A piece of text, and whether it is what was looked for."""

_BEFORE, _AFTER = 34, 56
"""Characters that are shown around a place."""
_MOST_EXCERPTS, _MOST_CHAPTERS = 2, 3
_ENDS = "。！？"
_CLOSING = "”’」』》）)］]〕】"
_BROKEN_LINE = re.compile(r"(?<=[^\x00-\xff])\s+(?=[^\x00-\xff])")


def excerpts(
    conn: sqlite3.Connection, report_ids: Sequence[str], phrases: Sequence[Phrase]
) -> list[dict[str, Any]]:
    """The reports in the order given: what they are, and where they hold the phrases.

    `title` is in parts; `chapters` have `position`, `number`, `heading` (parts), `matches`, `phrases`
    (how many of them the text has) and `excerpts` (lists of parts); `matches` counts the places in all
    chapters, `more_chapters` the chapters that are not among those.
    """
    marks = ", ".join("?" * len(report_ids))
    reports = {
        row["id"]: row
        for row in _rows(
            conn,
            "SELECT id, agency_id, agency, agency_as_printed, year, title, division_code, level, agency_type,"
            f" published_on, source_url, fetched_at FROM reports WHERE id IN ({marks})",
            report_ids,
        )
    }
    chapters: dict[str, list[dict[str, Any]]] = {report_id: [] for report_id in reports}
    for row in _rows(
        conn,
        f"SELECT report_id, position, number, heading, text FROM sections WHERE report_id IN ({marks})"
        " ORDER BY report_id, position",
        report_ids,
    ):
        chapter = _chapter(row, phrases)
        if chapter is not None:
            chapters[row["report_id"]].append(chapter)
    results = []
    for report in (reports[report_id] for report_id in report_ids if report_id in reports):
        found = chapters[report["id"]]
        # Those that hold most of what was looked for; those of which the heading alone does come last.
        shown = sorted(found, key=lambda chapter: -chapter["phrases"])[:_MOST_CHAPTERS]
        results.append(
            {
                **report,
                "title": marked(report["title"], _spans(folded(report["title"]), phrases)),
                "chapters": sorted(shown, key=lambda chapter: chapter["position"]),
                "more_chapters": len(found) - len(shown),
                "matches": sum(chapter["matches"] for chapter in found),
            }
        )
    return results


def marked(text: str, spans: Iterable[tuple[int, int]]) -> list[Part]:
    """The text in parts; lines that were broken within a word or a sentence are joined again."""
    parts: list[Part] = []
    at = 0
    for start, end in spans:
        parts += [(_joined(text, at, start), False), (_joined(text, start, end), True)]
        at = end
    parts.append((_joined(text, at, len(text)), False))
    return [part for part in parts if part[0]]


def _joined(text: str, start: int, end: int) -> str:
    """A part of the text without the white space between two Chinese characters."""
    kept = []
    for gap in _BROKEN_LINE.finditer(text, start):
        if gap.start() >= end:
            break
        kept.append(text[start : gap.start()])
        start = min(gap.end(), end)
    return "".join([*kept, text[start:end]])


def plain(parts: Iterable[Part]) -> str:
    """Parts as one text."""
    return "".join(text for text, _ in parts)


def _chapter(row: Mapping[str, Any], phrases: Sequence[Phrase]) -> dict[str, Any] | None:
    heading, text = row["heading"], row["text"]
    above = _spans(folded(heading), phrases)
    whole = folded(text)
    places = [list(phrase.places(whole)) for phrase in phrases]
    inside = _spans(whole, phrases)
    if not above and not inside:
        return None
    # What is rare in the chapter is shown before what stands in every sentence of it.
    first = [each[0] for each in sorted(filter(None, places), key=len)]
    return {
        "position": row["position"],
        "number": row["number"],
        "heading": marked(heading, above),
        "matches": len(above) + len(inside),
        "phrases": len(first),
        "excerpts": _pieces(text, [*first, *inside], inside),
    }


def _spans(folded_text: str, phrases: Iterable[Phrase]) -> list[tuple[int, int]]:
    """Where any phrase stands, in order, those that overlap as one."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(span for phrase in phrases for span in phrase.places(folded_text)):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _pieces(
    text: str, wanted: Iterable[tuple[int, int]], spans: Sequence[tuple[int, int]]
) -> list[list[Part]]:
    """The text around the first of the `wanted` places, by sentences where these are short."""
    windows: list[tuple[int, int]] = []
    for span in wanted:
        if len(windows) == _MOST_EXCERPTS:
            break
        start, end = _window(text, span)
        if not any(begun < end and start < ended for begun, ended in windows):
            windows.append((start, end))
    return [
        _piece(text, start, end, [span for span in spans if start <= span[0] and span[1] <= end])
        for start, end in sorted(windows)
    ]


def _window(text: str, span: tuple[int, int]) -> tuple[int, int]:
    start, end = max(0, span[0] - _BEFORE), min(len(text), span[1] + _AFTER)
    begun = max(text.rfind(sign, start, span[0]) for sign in _ENDS)
    if begun >= 0:
        start = min(_after_marks(text, begun + 1), span[0])
    ended = [at + 1 for sign in _ENDS if (at := text.find(sign, span[1], end)) >= 0]
    return start, _after_marks(text, max(ended)) if ended else end


def _after_marks(text: str, at: int) -> int:
    """The place behind the marks that close a sentence."""
    while at < len(text) and text[at] in _CLOSING:
        at += 1
    return at


def _piece(text: str, start: int, end: int, spans: Iterable[tuple[int, int]]) -> list[Part]:
    while start < end and text[start].isspace():
        start += 1
    parts = marked(text[start:end], [(a - start, b - start) for a, b in spans])
    if text[:start].rstrip().rstrip(_CLOSING)[-1:] not in _ENDS:
        parts.insert(0, ("…", False))
    if text[end:].strip() and text[:end].rstrip(_CLOSING)[-1:] not in _ENDS:
        parts.append(("…", False))
    return parts


def _rows(conn: sqlite3.Connection, sql: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    cursor = conn.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)
