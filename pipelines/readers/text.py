"""Plain text → Content: whatever structure is left of tables is used, none is invented.

Text renderings of reports keep their cells in three ways, and this reader tells them by the tabs
and bars alone: a cell a line, each line led by a tab, rows parted by empty lines; a row a line,
cells parted by tabs or by Markdown bars; or nothing, only words and numbers in reading order.
The first two become grids without geometry, the last stays paragraphs, from which
`pipelines.forms.flow` reads by the order of labels. A line of only a tab is an empty cell; an
empty line is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.labels import squashed
from pipelines.readers.decoding import decoded
from pipelines.records import Problem

MEDIA_TYPE = "text/plain"

PAGE_MARK = re.compile(
    r"\s*(?:[-—–─―]+\s*\d{1,3}\s*[-—–─―]+|第\s*\d{1,3}\s*页(?:\s*[共/]\s*\d{1,3}\s*页?)?|\f)\s*"
)
"""A page number between dashes or 第 n 页: it may stand inside a row cut by a page break."""

_MARKUP = re.compile(r"<(?:!doctype html|html|body|table|div)\b", re.IGNORECASE)
_BARS = str.maketrans("│┃｜", "|||")
_RULE_LINE = re.compile(r"[\s\-=_:|+⇥─━—┌┬┐├┼┤└┴┘┏┳┓┣╋┫┗┻┛]*")
_CROSSED_RULE = re.compile(r"\s*(?:[+┌├└┏┣┗]|\|(?=[ |]*[+├┣]))[\-=─━:+┬┼┴┳╋┻├┣┤┫| ]*[+┐┤┘┓┫┛|]\s*")
"""A line between the rows of a table that is drawn with characters: +----+----+."""
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+")
_LEAST_RULES = 4
"""Such lines of a table that is drawn: one below the head has a Markdown table, too."""
_CHAPTER = re.compile(r"[一二三四五六七八九十]{1,2}[、.．]")
_DATED = re.compile(r"(?:19|20)\d\d\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{1,2}\Z")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_EMPHASIS = re.compile(r"\*\*|__")
_BREAK = re.compile(r"<br\s{0,8}/?>", re.IGNORECASE)
"""The one tag that Markdown needs: lines of a cell."""


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a text file; line numbers count from 1 in the file as it stands."""
    text = decoded(body)
    if _MARKUP.search(text[:65536]):  # a page in UTF-16, whose tags the signature does not show
        from pipelines.readers import html  # noqa: PLC0415 only then

        return html.read(text.encode(), url)
    lines = text.translate(_BARS).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    numbered = [
        (number, line) for number, line in enumerate(lines, 1) if not PAGE_MARK.fullmatch(line) or not line
    ]
    blocks: list[Paragraph | Grid] = []
    tables = 0
    kind = "text"
    for kind, run in _runs(numbered):
        if kind == "text":
            blocks += [Paragraph(_plain(line), {"line": number}) for number, line in run if line.strip()]
            continue
        rows = _cell_lines(run, tables + 1) if kind == "cells" else _row_lines(run, tables + 1, kind)
        if rows:
            tables += 1
            blocks.append(Grid(tuple(rows), {"table": tables, "line": run[0][0]}, geometry=False))
    return Content(
        tuple(blocks),
        MEDIA_TYPE,
        base_url=url,
        cut=_cut(text, in_table=kind != "text"),
        problems=_damage(lines),
    )


def _damage(lines: list[str]) -> tuple[Problem, ...]:
    """What no program writes into a text: bytes of it have been changed, and others may have been as well."""
    for number, line in enumerate(lines, 1):
        if _CONTROL.search(line):
            detail = (
                f"line {number} of the text holds control characters, so other characters may be changed too"
            )
            return (Problem(code="damaged_document", detail=detail, where={"line": number}),)
    return ()


def _cut(text: str, *, in_table: bool) -> str | None:
    """How the text shows that its end is missing: without an end of line, a number or a row of a table
    that stands last may be a part of one.
    """
    if text.endswith("\ufffd"):
        return "the text ends inside a character"
    if _DATED.search(text):
        return None
    if text[-1:].isdigit() or (in_table and not text.endswith(("\n", "\r", "\f", "|"))):
        return f"the text ends with {text[-8:].strip()!r} and no end of line"
    return None


Numbered = tuple[int, str]


def _plain(line: str) -> str:
    if "<" in line:
        line = _BREAK.sub("\n", line)
    return _EMPHASIS.sub("", _HEADING.sub("", line)).replace("\u3000", " ").strip()


def _runs(lines: list[Numbered]) -> Iterator[tuple[str, list[Numbered]]]:
    """Stretches of lines of one kind: `text`, `bars`, `rows` (tabs between), `cells` (a cell a line)."""
    barred = sum(line.count("|") >= 6 for _, line in lines) >= 10  # bars part the cells, not only lead rows
    run: list[Numbered] = []
    kind = "text"
    before = ""
    for number, line in lines:
        found = _kind(line, kind, before, barred=barred)
        before = line
        if found != kind and run:
            yield _settled(kind, run)
            run = []
        kind = found
        run.append((number, line))
    if run:
        yield _settled(kind, run)


def _kind(line: str, before: str, line_before: str, *, barred: bool) -> str:
    if line.count("|") >= (1 if barred else 2) and (barred or line.strip().startswith("|")):
        return "bars"
    if "\t" in line:
        return "tabs"
    if before in ("tabs", "bars") and not line.strip():
        return before
    if _CROSSED_RULE.fullmatch(line):
        return "bars"
    if (
        before == "tabs"
        and line_before.strip()
        and not _CHAPTER.match(squashed(line))
        and len(line.strip()) <= 16
    ):
        return "tabs"  # the second line of a wrapped cell: 商业 / 企业
    return "text"


def _settled(kind: str, run: list[Numbered]) -> tuple[str, list[Numbered]]:
    if kind != "tabs":
        return kind, run
    led = [line for _, line in run if line.startswith("\t")]
    inner = [line for _, line in run if "\t" in line.strip("\t ") or line.count("\t") > 1]
    # A few lines that differ are damage: they make odd cells, not rows of every cell.
    return ("cells" if led and 10 * len(inner) <= len(led) else "rows"), run


def _cell_lines(run: list[Numbered], table: int) -> list[tuple[GridCell, ...]]:
    rows: list[list[tuple[int, str]]] = [[]]
    for number, line in run:
        if line.startswith("\t"):
            rows[-1].append((number, line[1:].strip()))
        elif not line.strip():
            if rows[-1]:
                rows.append([])
        elif not rows[-1]:  # no cell before it that it might go on from
            rows[-1].append((number, line.strip()))
        else:
            first, text = rows[-1][-1]
            rows[-1][-1] = (first, f"{text}\n{line.strip()}".strip())
    return [_row(cells, table, index) for index, cells in enumerate((row for row in rows if row), 1)]


def _row_lines(run: list[Numbered], table: int, kind: str) -> list[tuple[GridCell, ...]]:
    rows: list[tuple[GridCell, ...]] = []
    if sum(bool(_CROSSED_RULE.fullmatch(line)) for _, line in run) >= _LEAST_RULES:
        return _drawn_rows(run, table)
    for number, line in run:
        if _RULE_LINE.fullmatch(line) and line.strip("\t "):
            continue
        if not line.strip() and "\t" not in line:
            continue
        parts = line.strip().strip("|").split("|") if kind == "bars" else line.split("\t")
        cells = [(number, _plain(part)) for part in parts]
        rows.append(_row(cells, table, len(rows) + 1))
    return rows


def _drawn_rows(run: list[Numbered], table: int) -> list[tuple[GridCell, ...]]:
    """The rows of a table that is drawn with characters: what stands between two lines, each of its cells
    set in one line of text or in several.
    """
    rows: list[tuple[GridCell, ...]] = []
    held: list[tuple[int, list[str]]] = []
    for number, line in [*run, (0, "+-+")]:
        if not _CROSSED_RULE.fullmatch(line):
            if line.strip():
                held.append((number, line.strip().strip("|").split("|")))
        elif held:
            parts = [parts for _, parts in held]
            if all(len(own) == len(parts[0]) for own in parts):
                texts = ["\n".join(filter(None, map(_plain, lines))) for lines in zip(*parts, strict=True)]
                rows.append(_row([(held[0][0], text) for text in texts], table, len(rows) + 1))
            else:  # which lines go on in which cells is not told
                for first, own in held:
                    rows.append(_row([(first, _plain(part)) for part in own], table, len(rows) + 1))
            held = []
    return rows


def _row(cells: list[tuple[int, str]], table: int, row: int) -> tuple[GridCell, ...]:
    return tuple(
        GridCell(text, {"table": table, "row": row, "cell": index, "line": number})
        for index, (number, text) in enumerate(cells, 1)
    )
