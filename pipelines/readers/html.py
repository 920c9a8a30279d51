"""HTML pages → Content: lxml's tree, our own spans, innermost tables, the article's region.

Owns what is peculiar to HTML: which element holds the article, what is a paragraph, which
tables are layout, where a page states title, date, source and breadcrumb. Selectors are data
(`html.toml`). trafilatura is asked only where no mark of a report gives the region away; it is
never asked for tables (it flattens spans).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urljoin

from lxml import etree, html

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.labels import squashed
from pipelines.readers.decoding import decoded
from pipelines.records import Link

MEDIA_TYPE = "text/html"

_SILENT = frozenset(
    {"script", "style", "noscript", "template", "head", "select", "button", "textarea", "object", "svg"}
)
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"}
    | {"hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th"}
    | {"thead", "tr", "ul", "ucapcontent", "ucaptitle", "publishtime"}
)
_SPACE = re.compile(r"[\s\u00a0\u3000\u200b\ufeff]+")
_SOURCE_SPACE = re.compile(r"[\t\r\n\f ]+")
_LINE_SPACE = re.compile(r"[^\S\n]+|[\u00a0\u3000\u200b\ufeff]+")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_PAGE_MARK = re.compile(r"#PAGE_BREAK#|<pagebreak/?>", re.IGNORECASE)
_STATUTORY = ("本年新收政府信息公开", "第二十条第", "未经复议直接起诉", "结转下年度继续办理")
_CHAPTERS = ("总体情况", "其他需要报告的事项", "主动公开政府信息情况")
_DATE = re.compile(r"(20\d\d)\s*[-年/.]\s*(\d{1,2})\s*[-月/.]\s*(\d{1,2})")
_DATE_LABEL = re.compile(
    r"(?:发布|公开|成文|发文|上载|更新|生成)?(?:时间|日期)\s*[:：]?\s*(20\d\d\s*[-年/.]\s*\d{1,2}\s*[-月/.]\s*\d{1,2})"
)
_SOURCE_LABEL = re.compile(
    r"(?:信息来源|来源|发布机构|发布单位|公开机构|发布者)\s*[:：]\s*([^\s:：|【\[]{2,40})"
)
_INSIDE_TABLE = "the page ends inside a table"
_TITLE_SUFFIX = re.compile(r"[_|–—-]{1,2}[^_|–—-]*$")


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("html.toml").read_text(encoding="utf-8"))


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a page; never raises on damaged mark-up (lxml mends it)."""
    text = _PAGE_MARK.sub("\n", decoded(body).replace("\x00", ""))
    root = _tree(text)
    if root is None:
        return Content((), MEDIA_TYPE, base_url=url)
    cut = _cut(text)
    base = _base(root, url)
    index = _Index(root)
    meta = _meta(root, index)
    hidden = {element for element in root.iter() if _is_hidden(element)}
    tables = _innermost_tables(root)
    statutory = [table for table in tables if _is_statutory(table)]
    if hidden and statutory and all(hidden & set(_lineage(table)) for table in statutory):
        hidden = set()  # a script shows the text later: what is hidden is all there is
    region = _region(root, index, statutory)
    numbers = {table: number for number, table in enumerate(tables, 1)}
    blocks = tuple(_blocks(region, numbers, hidden)) if region is not None else _main_text(root)
    if cut == _INSIDE_TABLE:
        blocks = _without_last_cell(blocks)
    return Content(
        _without_footer(blocks),
        MEDIA_TYPE,
        _headlines(root, index, meta),
        meta,
        tuple(_file_links(region if region is not None else root, base)),
        base,
        cut,
    )


def _cut(text: str) -> str | None:
    """How a page shows that its end is missing: it stops inside a table, or before its closing tags."""
    lower = text.lower()
    if lower.rfind("<td") > lower.rfind("</table"):
        return _INSIDE_TABLE
    if ("<html" in lower or "<body" in lower) and "</html" not in lower and "</body" not in lower:
        return "the page ends before its closing tags"
    return None


def _without_last_cell(blocks: tuple[Paragraph | Grid, ...]) -> tuple[Paragraph | Grid, ...]:
    """The blocks without the cell in which the page ends: half a number is a number, too."""
    last = max((i for i, block in enumerate(blocks) if isinstance(block, Grid)), default=None)
    if last is None:
        return blocks
    grid = blocks[last]
    assert isinstance(grid, Grid)
    rows = (*grid.rows[:-1], grid.rows[-1][:-1]) if grid.rows else ()
    return (*blocks[:last], Grid(rows, grid.where, grid.geometry), *blocks[last + 1 :])


def _tree(text: str) -> html.HtmlElement | None:
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        return html.document_fromstring(text)
    except (etree.ParserError, ValueError):
        return None


def _base(root: html.HtmlElement, url: str | None) -> str | None:
    declared = root.xpath("//base/@href")
    return urljoin(url or "", declared[0]) if declared and (url or declared[0].startswith("http")) else url


def _is_hidden(element: html.HtmlElement) -> bool:
    return (
        isinstance(element.tag, str)
        and (bool(_HIDDEN.search(element.get("style") or "")) or "hidden" in element.attrib)
        and element.tag not in ("html", "body")
    )


def _lineage(element: html.HtmlElement) -> Iterator[html.HtmlElement]:
    yield element
    yield from element.iterancestors()


def _innermost_tables(root: html.HtmlElement) -> list[html.HtmlElement]:
    return [table for table in root.iter("table") if next(table.iterdescendants("table"), None) is None]


def _is_statutory(table: html.HtmlElement) -> bool:
    text = squashed("".join(table.itertext()))
    return any(mark in text for mark in _STATUTORY)


class _Index:
    """The elements of a page by tag, id and class, gathered in one walk for all selectors."""

    def __init__(self, root: html.HtmlElement) -> None:
        self.found: dict[str, list[html.HtmlElement]] = {}
        for element in root.iter(etree.Element):
            self.found.setdefault(element.tag, []).append(element)
            if name := element.get("id"):
                self.found.setdefault(f"#{name.lower()}", []).append(element)
            for name in (element.get("class") or "").lower().split():
                self.found.setdefault(f".{name}", []).append(element)

    def selected(self, selectors: list[str]) -> Iterator[html.HtmlElement]:
        """Elements by the simple selectors of html.toml, in the order of the selectors."""
        for selector in selectors:
            tag, mark, name = selector.partition("." if "." in selector else "#")
            for element in self.found.get(mark + name if mark else tag, ()):
                if not mark or not tag or element.tag == tag:
                    yield element


def _region(
    root: html.HtmlElement, index: _Index, statutory: list[html.HtmlElement]
) -> html.HtmlElement | None:
    """The element that holds the article: a known one, else the least that holds the report's marks."""
    for element in index.selected(_data()["regions"]):
        inside = set(element.iter("table"))
        if all(table in inside for table in statutory) and (statutory or len(_text(element)) >= 60):
            return _with_headings(element)
    if statutory:
        return _with_headings(_common(statutory))
    marked = [
        element
        for element in root.iter("p", "div", "span", "h1", "h2", "h3", "strong", "b", "td", "li")
        if len(element) < 4
        and (text := squashed("".join(element.itertext())))
        and len(text) < 30
        and any(mark in text for mark in _CHAPTERS)
    ]
    return _with_headings(_common(marked)) if len(marked) > 1 else None


def _common(elements: list[html.HtmlElement]) -> html.HtmlElement:
    """The least element that holds all of these (one alone gives its parent)."""
    lines = [list(_lineage(element))[::-1] for element in elements]
    if len(lines) == 1:
        return lines[0][-2]
    depth = 0
    while all(len(line) > depth + 1 and line[depth] is lines[0][depth] for line in lines):
        depth += 1
    shared = lines[0][depth] if all(line[depth] is lines[0][depth] for line in lines) else lines[0][depth - 1]
    return shared if shared.tag != "table" or shared.getparent() is None else shared.getparent()


def _with_headings(element: html.HtmlElement) -> html.HtmlElement:
    """Climbs from a region until the chapters' first heading is inside, body at most."""
    while "总体情况" not in squashed("".join(element.itertext())):
        parent = element.getparent()
        if parent is None or parent.tag in ("html", "body"):
            return element
        element = parent
    return element


def _text(element: html.HtmlElement) -> str:
    return _SPACE.sub(" ", "".join(element.itertext())).strip()


def _walk(
    region: html.HtmlElement, hidden: set[html.HtmlElement], whole: frozenset[html.HtmlElement]
) -> Iterator[str | html.HtmlElement]:
    """The region's text in pieces, a line feed at block boundaries, and the `whole` elements as they come."""
    walker = etree.iterwalk(region, events=("start", "end", "comment", "pi"))
    for event, element in walker:
        if event in ("comment", "pi"):
            if element is not region:
                yield element.tail or ""
            continue
        tag = element.tag
        if event == "start":
            if tag in _SILENT or element in hidden:
                walker.skip_subtree()
                continue
            if tag in _BLOCKS or tag == "br":
                yield "\n"
            if element in whole:
                yield element
                walker.skip_subtree()
                continue
            yield element.text or ""
        else:
            if tag in _BLOCKS:
                yield "\n"
            if element is not region:
                yield element.tail or ""


def _blocks(
    region: html.HtmlElement, numbers: dict[html.HtmlElement, int], hidden: set[html.HtmlElement]
) -> Iterator[Paragraph | Grid]:
    whole = frozenset(table for table in region.iter("table") if table in numbers and not _is_layout(table))
    buffer: list[str] = []
    for piece in _walk(region, hidden, whole):
        if not isinstance(piece, str):
            yield from _paragraphs(buffer)
            buffer = []
            yield _grid(piece, numbers[piece])
        elif piece == "\n":
            yield from _paragraphs(buffer)
            buffer = []
        else:
            buffer.append(piece)
    yield from _paragraphs(buffer)


def _paragraphs(buffer: list[str]) -> Iterator[Paragraph]:
    text = _SPACE.sub(" ", "".join(buffer)).strip()
    if text and text not in _data()["chrome"]:
        yield Paragraph(text)


def _is_layout(table: html.HtmlElement) -> bool:
    """A table of one or two rows whose cells are prose frames the article; it holds no figures."""
    rows = list(table.iter("tr"))
    return (
        len(rows) < 3
        and not _is_statutory(table)
        and any(len(_text(cell)) > 120 for cell in table.iter("td"))
    )


def _grid(table: html.HtmlElement, number: int) -> Grid:
    rows = []
    for row_number, row in enumerate(table.iter("tr"), 1):
        cells = [cell for cell in row.iterchildren("td", "th") if not _is_hidden(cell)]
        rows.append(
            tuple(
                GridCell(
                    _cell_text(cell),
                    {"table": number, "row": row_number, "cell": cell_number},
                    _span(cell.get("colspan")),
                    _span(cell.get("rowspan")),
                )
                for cell_number, cell in enumerate(cells, 1)
            )
        )
    return Grid(tuple(rows), {"table": number})


def _span(value: str | None) -> int:
    found = re.match(r"\s*(\d{1,4})", value or "")
    return max(1, int(found.group(1))) if found else 1


def _cell_text(cell: html.HtmlElement) -> str:
    """A cell's text: inline pieces joined as they stand, one line a block, each trimmed."""
    pieces = (str(piece) for piece in _walk(cell, set(), frozenset()))
    marked = [piece if piece == "\n" else _SOURCE_SPACE.sub(" ", piece) for piece in pieces]
    lines = (_LINE_SPACE.sub(" ", line).strip() for line in "".join(marked).split("\n"))
    return "\n".join(line for line in lines if line)


def _headlines(root: html.HtmlElement, index: _Index, meta: dict[str, str]) -> tuple[str, ...]:
    found = [meta["headline"]] if meta.get("headline") else []
    found += [_text(element) for element in index.selected(_data()["headlines"])]
    titles = root.xpath("//title//text()")
    if titles:
        title = _SPACE.sub(" ", "".join(titles)).strip()
        while _TITLE_SUFFIX.search(title) and "报" in _TITLE_SUFFIX.sub("", title):
            title = _TITLE_SUFFIX.sub("", title).strip()
        found.append(title)
    return tuple(dict.fromkeys(text for text in found if 0 < len(text) <= 120))


def _meta(root: html.HtmlElement, index: _Index) -> dict[str, str]:
    """Title, date, source, column, site and breadcrumb as the page states them, each where it does."""
    stated = {
        (tag.get("name") or tag.get("property") or "").strip().lower(): _SPACE.sub(
            " ", tag.get("content") or ""
        ).strip()
        for tag in root.iter("meta")
    }
    found = {}
    for key, names in _data()["meta"].items():
        value = next((stated[name] for name in names if stated.get(name)), None)
        if value:
            found[key] = value
    date = _iso_date(found.pop("date", ""))
    head = _SPACE.sub(" ", " ".join(_text(e) for e in index.selected(_data()["dates"])))[:400]
    whole = _SPACE.sub(" ", "".join(root.itertext()))[:20000] if not date else ""
    date = date or _iso_date(head) or _labelled_date(whole)
    if date:
        found["date"] = date
    crumbs = next((_text(e) for e in index.selected(_data()["breadcrumbs"]) if len(_text(e)) > 2), None)
    if crumbs is None:
        crumbs = next(
            (t.strip() for t in root.xpath("//*[contains(text(),'当前位置')]/..//text()[contains(.,'>')]")),
            None,
        )
    if crumbs:
        found["breadcrumb"] = crumbs[:300]
    if "source" not in found and (
        source := _SOURCE_LABEL.search(_SPACE.sub(" ", "".join(root.itertext()))[:20000])
    ):
        found["source"] = source.group(1)
    return found


def _iso_date(text: str) -> str | None:
    found = _DATE.search(text)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups())
    return f"{year:04d}-{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= 31 else None


def _labelled_date(text: str) -> str | None:
    found = _DATE_LABEL.search(text)
    return _iso_date(found.group(1)) if found else None


def _file_links(region: html.HtmlElement, base: str | None) -> Iterator[Link]:
    data = _data()
    seen = set()
    for anchor in region.iter("a"):
        href = (anchor.get("href") or "").strip()
        path = href.lower().partition("?")[0].partition("#")[0]
        wanted = path.rpartition(".")[2] in data["file_endings"] and "." in path
        if not href or not (wanted or any(mark in href.lower() for mark in data["file_addresses"])):
            continue
        url = urljoin(base, href) if base else href
        if url not in seen:
            seen.add(url)
            yield Link(
                url=url, label=_text(anchor) or (anchor.get("title") or "").strip() or path.rpartition("/")[2]
            )


def _without_footer(blocks: tuple[Paragraph | Grid, ...]) -> tuple[Paragraph | Grid, ...]:
    """The blocks up to where the site speaks again; only short lines after the last table count."""
    last = max((i for i, block in enumerate(blocks) if isinstance(block, Grid)), default=0)
    for index, block in enumerate(blocks):
        if index <= last or not isinstance(block, Paragraph) or len(block.text) >= 60:
            continue
        if any(block.text.startswith(mark) for mark in _data()["footers"]):
            return blocks[:index]
    return blocks


def _main_text(root: html.HtmlElement) -> tuple[Paragraph | Grid, ...]:
    """The main text as trafilatura finds it, where nothing on the page marks a report."""
    from trafilatura import extract  # noqa: PLC0415 it takes a fifth of a second to import

    text = extract(root, include_tables=False, include_comments=False, favor_recall=True) or ""
    return tuple(Paragraph(line.strip()) for line in text.splitlines() if line.strip())
