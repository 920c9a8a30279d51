"""HTML pages → Content: lxml's tree, our own spans, innermost tables, the article's region.

Owns what is peculiar to HTML: which element holds the article, what is a paragraph, which
tables are layout, where a page states title, date, source and breadcrumb. Selectors are data
(`html.toml`). trafilatura is asked only where no mark of a report gives the region away; it is
never asked for tables (it flattens spans).
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from html import unescape
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin

from lxml import etree, html

from pipelines.content import Content, Grid, GridCell, Paragraph
from pipelines.dates import calendar_date
from pipelines.labels import squashed
from pipelines.readers import UnreadableDocumentError, shown, styles
from pipelines.readers import read as read_document
from pipelines.readers.cell_text import BLOCKS, SILENT, Element, PageStyles, cell_text, is_hidden, is_plain
from pipelines.readers.decoding import Source, source
from pipelines.readers.embedded import Picture, with_pictures
from pipelines.readers.styles import said
from pipelines.records import Link, Problem

MEDIA_TYPE = "text/html"

_HOLE = "\x00" * 8
"""As many zeros no server writes by mistake."""

_CONTROLS = bytes((*range(1, 9), *range(14, 27), *range(28, 32)))
_BINARY = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_MANY_BINARY = 4
"""One or two come out of a text processor with what was pasted."""

_SPACE = re.compile(r"[\s\u00a0\u3000\u200b\ufeff]+")
_BARED = re.compile(r"display\s*:|visibility\s*:\s*visible", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_AT_RULE = re.compile(r"@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_PLAIN = re.compile(r"[a-z0-9]*[.#][\w-]+")
_CLASS = re.compile(r"[.#][\w-]+")
_STRINGS = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`([^`]*)`", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_LAID_OUT = re.compile(r"<(?:html|body|div|p|h[1-6])\b", re.IGNORECASE)
_ENDS = 4_000, 40_000
"""Characters of a page, from its last."""
_COUNT = re.compile(r"\s*(\d{1,4})")
_CELL_TAG = re.compile(r"</?t[dr]\b", re.IGNORECASE)
_STRING = etree.XPath("string()", smart_strings=False)
_TAGGED_VALUES = etree.XPath(".//@*[contains(., '<')]", smart_strings=False)
_ANY_HIDDEN = etree.XPath("boolean(//@hidden)")
_BASES = etree.XPath("//base/@href", smart_strings=False)
_TITLES = etree.XPath("//title//text()", smart_strings=False)
_TRAILS = etree.XPath("//*[contains(text(),'当前位置')]/..//text()[contains(.,'>')]", smart_strings=False)
_BEGINNING = 20_000
"""Characters of a page, from its first, in which it says its date and source."""
_IDS = etree.XPath("//@id", smart_strings=False)
_CLASSES = etree.XPath("//@class", smart_strings=False)
_PAGE_MARKS = ("k#", "K#", "ebreak", "EBREAK", "eBreak")
"""One of these stands wherever the pattern is found."""
_PAGE_MARK_BYTES = b"page_brea", b"pagebrea"
"""In small letters, as far as every letter has one spelling (K has three)."""
_PAGE_MARK = re.compile(r"#PAGE_BREAK#|<pagebreak/?>", re.IGNORECASE)
_STATUTORY = (
    "本年新收政府信息公开",
    "第二十条第",
    "未经复议直接起诉",
    "结转下年度继续办理",
    "主动公开政府信息数",
    "申请答复数",
    "对申请的答复总数",
)  # the last three: statistics of older years
_CHAPTERS = ("总体情况", "其他需要报告的事项", "主动公开政府信息情况")
_DATE = re.compile(r"(20\d\d)\s*[-年/.]\s*(\d{1,2})\s*[-月/.]\s*(\d{1,2})")
_DATED = re.compile(r"(?:时间|日期)[\s\u200b\ufeff]*[:：]?[\s\u200b\ufeff]*20\d\d")
"""Found wherever the following is, however the text is put together from its pieces."""
_DATE_LABEL = re.compile(
    r"(?<![\u4e00-\u9fff])(?:(?:信息)?(?:发布|公开|成文|发文|上载|更新|生成))?(?:时间|日期)\s*[:：]?\s*(20\d\d\s*[-年/.]\s*\d{1,2}\s*[-月/.]\s*\d{1,2})"
)
_SOURCED = re.compile("来源|发布机构|发布单位|公开机构|发布者")
_SOURCE_LABEL = re.compile(
    r"(?:信息来源|来源|发布机构|发布单位|公开机构|发布者)\s*[:：]\s*([^\s:：|【\[]{2,40})"
)
_INSIDE_TABLE = "the page ends inside a table"
_Block = Paragraph | Grid | Picture
# The site's name behind a title; a dash between digits is part of a date or of a span of years.
_TITLE_SUFFIX = re.compile(r"(?:[_|]|(?<!\d)[–—-]|[–—-](?!\d)){1,2}[^_|–—-]*$")


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("html.toml").read_text(encoding="utf-8"))


def read(body: bytes, url: str | None = None) -> Content:
    """The content of a page; never raises on damaged mark-up (lxml mends it)."""
    written = source(body)
    text = _laid_out(written)
    page = _opened(text)
    if page is None:
        return Content((), MEDIA_TYPE, base_url=url)
    root, index, meta, hidden, tables, statutory, plain = page
    cut = _cut(text)
    base = _base(root, url)
    region = _region(root, index, statutory)
    numbers = {table: number for number, table in enumerate(tables, 1)}
    blocks = tuple(_blocks(region, numbers, hidden, plain=plain)) if region is not None else _main_text(root)
    if cut == _INSIDE_TABLE:
        blocks = _without_last_cell(blocks)
    blocks = _without_footer(blocks)
    found = Content(
        tuple(block for block in blocks if not isinstance(block, Picture)),
        MEDIA_TYPE,
        _headlines(root, index, meta),
        meta,
        tuple(_file_links(region if region is not None else root, root, base)),
        base,
        cut,
        shown=() if statutory else _shown(region if region is not None else root, root, base),
        problems=(*_holes(written), *_swallowed(statutory, numbers)),
    )
    if not statutory and (inner := shown.packed(root)) is not None:
        return _with_packed(found, inner)
    return found if len(found.blocks) == len(blocks) else with_pictures(found, blocks)


class _Opened(NamedTuple):
    """A page's tree made ready for reading: what is hidden told, articles put in their places; its tables,
    in the order in which locators count them, and those of them that are a report's.
    """

    root: Element
    elements: _Index
    meta: dict[str, str]
    hidden: set[Element]
    tables: list[Element]
    statutory: list[Element]
    plain: bool
    """Whether cells are read without a look at each element (`cell_text.is_plain`)."""


def _laid_out(written: Source) -> str:
    """The text of a page with what parts its lines as tags."""
    text, letters = written
    if letters is None or b"\0" in letters:
        text = text.replace("\x00", "")
        letters = None
    small = letters.lower() if letters is not None else None
    if small is None or any(mark in small for mark in _PAGE_MARK_BYTES):
        text = _PAGE_MARK.sub("\n", text) if any(mark in text for mark in _PAGE_MARKS) else text
    if not _LAID_OUT.search(text):  # Markdown with tables as tags: its lines are those of the source
        return f'<div style="white-space: pre-line">{text}</div>'
    return text


def _opened(text: str) -> _Opened | None:
    root = _tree(text)
    if root is None:
        return None
    index = _Index(root)
    _hide_by_class(root, index)
    meta = _meta(root, index)
    stated = PageStyles(root)
    hidden = _hidden(root, stated)
    tables = _innermost_tables(root)
    statutory = [table for table in tables if _is_statutory(table)]
    if all(_is_silent(table) for table in statutory) and _uncovered(root):
        tables = _innermost_tables(root)
        statutory = [table for table in tables if _is_statutory(table)]
        index, stated = _Index(root), PageStyles(root)
        hidden = _hidden(root, stated)
    if hidden and statutory and all(hidden & set(_lineage(table)) for table in statutory):
        hidden = set()  # a script shows the text later: what is hidden is all there is
    plain = is_plain(stated, index.classes)
    return _Opened(root, index, meta, hidden, tables, statutory, plain)


def _strings(path: etree.XPath, root: Element) -> list[str]:
    found: Any = path(root)
    return list(found)


def _hidden(root: Element, stated: PageStyles) -> set[Element]:
    hidden = {element for element, flags in stated.telling if flags & styles.HIDDEN and is_hidden(element)}
    if _ANY_HIDDEN(root):
        hidden.update(filter(is_hidden, root.xpath("//*[@hidden]")))
    return hidden


class Located(NamedTuple):
    """A page's tree, and the cells in it that a locator means with the text that is read in them."""

    root: Element
    cells: list[Element]
    text: str = ""


def located(body: bytes, table: int, row: int, cell: int | None) -> Located | None:
    """The cell of a page that a locator of `read` names, or all cells of the row where it names none;
    None where the page has no tree, no cells where it has no such place.
    """
    page = _opened(_laid_out(source(body)))
    if page is None:
        return None
    if not 0 < table <= len(page.tables):
        return Located(page.root, [])
    rows = _own_rows(page.tables[table - 1])
    cells = _shown_cells(rows[row - 1]) if 0 < row <= len(rows) else []
    if cell is not None:
        cells = cells[cell - 1 : cell] if cell > 0 else []
    return Located(page.root, cells, "\n".join(map(cell_text, cells)))


def tree(body: bytes) -> html.HtmlElement | None:
    """The page's tree as it stands, None where it has none."""
    return _tree(_laid_out(source(body)))


def packed_document(body: bytes) -> bytes | None:
    """The file that stands in a page and is read in its place; None where the page itself is read."""
    page = _opened(_laid_out(source(body)))
    return None if page is None or page.statutory else shown.packed(page.root)


def _holes(written: Source) -> tuple[Problem, ...]:
    """What no server sends: stretches of zeros, where a disk or a transfer lost what stood there, or the
    bytes of another format, of which this page is but a part.
    """
    text, letters = written
    if letters is not None and len(letters) == len(letters.translate(None, b"\0" + _CONTROLS)):
        return ()
    at = text.rstrip("\x00").find(_HOLE)
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        detail = f"line {line} of the page has a hole of zeros: what stood there is not known"
        return (Problem(code="damaged_document", detail=detail, where={"line": line}),)
    if len(_BINARY.findall(text)) >= _MANY_BINARY:
        detail = "the page holds bytes that are no text: it is damaged, or a part of another file"
        return (Problem(code="damaged_document", detail=detail),)
    return ()


def _swallowed(tables: list[Element], numbers: Mapping[Element, int]) -> Iterator[Problem]:
    """Statutory tables in which a quotation mark is missing: cells up to the next one became part of a tag,
    and values behind them stand beside labels that are not theirs.
    """
    for table in tables:
        if any(map(_CELL_TAG.search, set(_strings(_TAGGED_VALUES, table)))):
            detail = "in a tag of the table a quotation mark is missing: cells behind it are not shown"
            yield Problem(code="damaged_document", detail=detail, where={"table": numbers[table]})


def _shown(region: Element, root: Element, base: str | None) -> tuple[str, ...]:
    """Addresses of what a page without statutory tables shows in their place."""
    return tuple(dict.fromkeys((*shown.named(root, base), *shown.stand_ins(region, base))))


def _with_packed(page: Content, body: bytes) -> Content:
    """What a document says whose file stands in the page, under the page's own title and date."""
    try:
        inner = read_document(body)
    except UnreadableDocumentError as error:
        problem = Problem(code=error.code, detail=f"the document inside the page: {error}")
        return replace(page, problems=(*page.problems, problem))
    headlines = (*page.headlines, *inner.headlines)
    return replace(inner, headlines=headlines, meta=page.meta, links=page.links, base_url=page.base_url)


def _picture(image: Element) -> Picture | None:
    """The picture whose file stands in the page itself, in an address that begins with data:."""
    head, comma, packed = str(image.get("src") or "").strip().partition(",")
    if comma and head.lower().startswith("data:image/") and head.lower().endswith(";base64"):
        with suppress(ValueError):
            return Picture(base64.b64decode(re.sub(r"\s|%0[AaDd]", "", packed)))
    return None


def _cut(text: str) -> str | None:
    """How a page shows that its end is missing: it stops inside a table, or before its closing tags."""
    for length in _ENDS:  # nearly every page says there what is asked
        end = _lowered(text[-length:])
        if "</table" in end and ("</html" in end or "</body" in end):
            return _INSIDE_TABLE if end.rfind("<td") > end.rfind("</table") else None
    lower = _lowered(text)
    if lower.rfind("<td") > lower.rfind("</table"):
        return _INSIDE_TABLE
    if ("<html" in lower or "<body" in lower) and "</html" not in lower and "</body" not in lower:
        return "the page ends before its closing tags"
    return None


def _lowered(text: str) -> str:
    return text.lower().replace("<\\/", "</")  # as scripts write it


def _without_last_cell(blocks: tuple[_Block, ...]) -> tuple[_Block, ...]:
    """The blocks without the cell in which the page ends: half a number is a number, too."""
    last = max((i for i, block in enumerate(blocks) if isinstance(block, Grid)), default=None)
    if last is None:
        return blocks
    grid = blocks[last]
    assert isinstance(grid, Grid)
    rows = (*grid.rows[:-1], grid.rows[-1][:-1]) if grid.rows else ()
    return (*blocks[:last], Grid(rows, grid.where, grid.geometry), *blocks[last + 1 :])


def _parser() -> etree.HTMLParser:
    """lxml.html's own parser asks Python for the class of each element, which costs as much as the rest."""
    return etree.HTMLParser()


def _tree(text: str) -> Element | None:
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        return html.document_fromstring(text, parser=_parser())
    except (etree.ParserError, ValueError):
        return None


def _is_silent(element: Element) -> bool:
    return any(above.tag in SILENT for above in _lineage(element))


def _uncovered(root: Element) -> bool:
    """Puts an article that waits in a container for a script (template, textarea) in its place."""
    changed = False
    for holder in list(root.iter("template", "textarea", "noscript", "script")):
        inner = [
            holder.text or "",
            *(etree.tostring(child, encoding="unicode", method="html") for child in holder),
        ]
        source = "".join(inner)
        squeezed = squashed(source)
        kind = str(holder.get("type") or "").lower()
        if holder.tag == "script" and not kind.startswith(("text/html", "text/x-", "text/template")):
            source = squeezed = _written(source) if "\\u" in source or _speaks(squeezed) else ""
        parent = holder.getparent()
        if parent is None or not _speaks(squeezed):
            continue
        if "<" not in source:
            source = unescape(source)
        article = html.fragment_fromstring(source, create_parent="div", parser=_parser())
        article.tail = holder.tail
        parent.replace(holder, article)
        changed = True
    return changed


def _written(script: str) -> str:
    """The markup with a report in it that a script holds in a string, or ""."""
    for found in _STRINGS.finditer(script):
        text = _joined(_ESCAPE.sub(_unescaped, "".join(found.groups(""))))
        text = text if "<" in text else unescape(text)
        if "<" in text and _speaks(squashed(text)):
            return text
    return ""


def _joined(text: str) -> str:
    """A rare character is written as two escapes; a half of one alone can neither be parsed nor stored."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _speaks(squeezed: str) -> bool:
    """Whether a text without white space holds words of a report."""
    return any(mark in squeezed for mark in (*_STATUTORY, *_CHAPTERS))


def _unescaped(escape: re.Match[str]) -> str:
    sign = escape[1]
    return chr(int(sign[1:], 16)) if len(sign) == 5 else {"n": "\n", "t": "\t", "r": ""}.get(sign, sign)


def _base(root: Element, url: str | None) -> str | None:
    declared = _strings(_BASES, root)
    return urljoin(url or "", declared[0]) if declared and (url or declared[0].startswith("http")) else url


def _hide_by_class(root: Element, index: _Index) -> None:
    """Marks as hidden what a plain rule of the page's own style sheet hides (`.x { display: none }`), and
    gives what it strikes or raises that style.

    A class of which any rule, however involved, says that it is shown is left alone.
    """
    marks = (styles.VEIL, styles.STRIKE, styles.RAISE)
    texts = [style.text for style in root.iter("style") if style.text]
    sheets = [text for text in texts if any(mark.search(text) for mark in marks)]
    if not sheets:
        return
    veiled: set[str] = set()
    bared: set[str] = set()
    set_otherwise: dict[str, str] = {}
    for selectors, declarations in _RULE.findall(_AT_RULE.sub("", _CSS_COMMENT.sub("", "\n".join(sheets)))):
        names = [selector.strip() for selector in selectors.lower().split(",")]
        if styles.VEIL.search(declarations):
            veiled.update(name for name in names if _PLAIN.fullmatch(name))
        elif _BARED.search(declarations):
            bared.update(part for name in names for part in _CLASS.findall(name))
        if found := (styles.STRIKE.search(declarations) or styles.RAISE.search(declarations)):
            set_otherwise |= {name: found.group() for name in names if _PLAIN.fullmatch(name)}
    for element in index.selected([name for name in veiled if not bared & set(_CLASS.findall(name))]):
        if element.tag not in ("html", "body"):
            element.set("hidden", "")
    for name, style in set_otherwise.items():
        for element in index.selected([name]):
            element.set("style", f"{style}; {element.get('style') or ''}")


def _lineage(element: Element) -> Iterator[Element]:
    yield element
    yield from element.iterancestors()


def _innermost_tables(root: Element) -> list[Element]:
    """Tables that hold no other, and statutory ones with one inside a cell (which is text of it)."""
    found: list[Element] = []
    for table in root.iter("table"):
        if any(outer in found for outer in table.iterancestors("table")):
            continue
        inner = list(table.iterdescendants("table"))
        if not inner or (
            not any(_is_statutory(other) for other in inner)
            and sum(len(list(_cells(row))) > 3 for row in _own_rows(table)) > 3
            and _is_statutory(table)
        ):
            found.append(table)
    return found


def _own_rows(table: Element) -> list[Element]:
    """The rows of a table itself, not those of tables in its cells."""
    rows = list(table.iter("tr"))
    if next(table.iterdescendants("table"), None) is None:
        return rows
    return [row for row in rows if next(row.iterancestors("table"), None) is table]


def _cells(row: Element) -> Iterator[Element]:
    yield from row.iterchildren("td", "th")


def _shown_cells(row: Element) -> list[Element]:
    """The cells of a row that are not hidden, which locators count."""
    return [cell for cell in _cells(row) if not is_hidden(cell)] if not is_hidden(row) else []


def _is_statutory(table: Element) -> bool:
    return _says(table, _STATUTORY)


def _says(element: Element, marks: tuple[str, ...]) -> bool:
    """Whether one of the marks stands in an element's text, white space and forms of characters aside."""
    text = str(_STRING(element))
    if any(mark in text for mark in marks):
        return True
    text = squashed(text)
    return any(mark in text for mark in marks)


class _Index:
    """The elements of a page by tag, id and class; which of them a page has is seen at once."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.spelled: dict[str, set[str]] = {}
        for value in set(_strings(_IDS, root)):
            self.spelled.setdefault(f"#{value.lower()}", set()).add(value)
        self.classes = set(_strings(_CLASSES, root))
        for value in self.classes:
            for name in value.lower().split():
                self.spelled.setdefault(f".{name}", set()).add(value)

    def selected(self, selectors: list[str]) -> Iterator[Element]:
        """Elements by the simple selectors of html.toml, in the order of the selectors."""
        for selector in selectors:
            tag, mark, name = selector.partition("." if "." in selector else "#")
            if not mark:
                yield from self.root.iter(tag)
            elif values := self.spelled.get(mark + name):
                attribute = "class" if mark == "." else "id"
                for element in self.root.iter(tag or etree.Element):
                    if element.get(attribute) in values:
                        yield element


def _region(root: Element, index: _Index, statutory: list[Element]) -> Element | None:
    """The element that holds the article: a known one, else the least that holds the report's marks."""
    for element in index.selected(_data()["regions"]):
        inside = set(element.iter("table"))
        filled = statutory or len(_text(element)) >= 60 or any(map(_picture, element.iter("img")))
        if filled and all(table in inside for table in statutory):
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


def _common(elements: list[Element]) -> Element:
    """The least element that holds all of these (one alone gives its parent)."""
    lines = [list(_lineage(element))[::-1] for element in elements]
    if len(lines) == 1:
        return lines[0][-2]
    depth = 0
    while all(len(line) > depth + 1 and line[depth] is lines[0][depth] for line in lines):
        depth += 1
    shared = lines[0][depth] if all(line[depth] is lines[0][depth] for line in lines) else lines[0][depth - 1]
    return shared if shared.tag != "table" or shared.getparent() is None else shared.getparent()


def _with_headings(element: Element) -> Element:
    """Climbs from a region until the chapters' first heading is inside, body at most."""
    while not _says(element, ("总体情况",)):
        parent = element.getparent()
        if parent is None or parent.tag in ("html", "body"):
            return element
        element = parent
    return element


def _text(element: Element) -> str:
    return _SPACE.sub(" ", str(_STRING(element))).strip()


def _beginning(text: str) -> str:
    """The first characters of a text, its white space made single spaces."""
    begun = _SPACE.sub(" ", text[: 2 * _BEGINNING])
    if len(begun) < _BEGINNING < len(text):
        begun = _SPACE.sub(" ", text)
    return begun[:_BEGINNING]


def _apart(root: Element) -> str:
    """The first texts of a page, a space between each two."""
    parts: list[str] = []
    left = 2 * _BEGINNING
    for part in root.itertext():
        parts.append(part)
        left -= len(part)
        if left < 0:
            break
    return " ".join(parts)


def _walk(region: Element, hidden: set[Element], whole: frozenset[Element]) -> Iterator[str | Element]:
    """The region's text in pieces, a line feed at block boundaries, and the `whole` elements as they come.

    Some elements keep the line feeds of the source.
    """
    walker = etree.iterwalk(region, events=("start", "end", "comment", "pi"))
    kept: set[Element] = set()
    for event, element in walker:
        if event == "start":
            if element.tag in SILENT or element in hidden:
                walker.skip_subtree()
                continue
            if element.tag in BLOCKS or element.tag == "br":
                yield "\n"
            if element in whole:
                yield element
                walker.skip_subtree()
                continue
            if _keeps_lines(element):
                kept.add(element)
            yield from _as_set(element.text, kept)
            continue
        if event == "end":
            kept.discard(element)
            if element.tag in BLOCKS:
                yield "\n"
        if element is not region:
            yield from _as_set(element.tail, kept)


def _as_set(text: str | None, kept: set[Element]) -> Iterator[str]:
    if kept and text:
        for number, line in enumerate(text.split("\n")):
            yield from ("\n", line) if number else (line,)
    elif text:
        yield text


def _keeps_lines(element: Element) -> bool:
    """Whether line feeds of the source are lines of the text."""
    style = element.get("style")
    return element.tag in ("pre", "xmp", "listing") or bool(style and said(style) & styles.KEEPS_LINES)


def _blocks(
    region: Element, numbers: dict[Element, int], hidden: set[Element], *, plain: bool
) -> Iterator[_Block]:
    whole = frozenset(table for table in region.iter("table") if table in numbers and not _is_layout(table))
    pictures = {image: made for image in region.iter("img") if (made := _picture(image))}
    buffer: list[str] = []
    for piece in _walk(region, hidden, whole | pictures.keys()):
        if not isinstance(piece, str):
            yield from _paragraphs(buffer)
            buffer = []
            yield pictures[piece] if piece in pictures else _grid(piece, numbers[piece], plain=plain)
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


def _is_layout(table: Element) -> bool:
    """A table of one cell, or of one or two rows whose cells are prose, frames text; it holds no figures."""
    rows = list(table.iter("tr"))
    if len(list(table.iter("td", "th"))) == 1:
        return True
    return (
        len(rows) < 3
        and not _is_statutory(table)
        and any(len(_text(cell)) > 120 for cell in table.iter("td"))
    )


def _grid(table: Element, number: int, *, plain: bool) -> Grid:
    rows = []
    for row_number, row in enumerate(_own_rows(table), 1):
        cells = []
        # On a plain page none is hidden.
        for cell_number, cell in enumerate(_cells(row) if plain else _shown_cells(row), 1):
            wide, high = cell.get("colspan"), cell.get("rowspan")
            cells.append(
                GridCell(
                    cell_text(cell, plain=plain),
                    {"table": number, "row": row_number, "cell": cell_number},
                    _span(wide) if wide else 1,
                    _span(high) if high else 1,
                )
            )
        rows.append(tuple(cells))
    return Grid(tuple(rows), {"table": number})


def _span(value: str) -> int:
    found = _COUNT.match(value)
    return max(1, int(found.group(1))) if found else 1


def _headlines(root: Element, index: _Index, meta: dict[str, str]) -> tuple[str, ...]:
    found = [meta["headline"]] if meta.get("headline") else []
    found += [_text(element) for element in index.selected(_data()["headlines"])]
    titles = _strings(_TITLES, root)
    if titles:
        title = _SPACE.sub(" ", "".join(titles)).strip()
        while _TITLE_SUFFIX.search(title) and "报" in _TITLE_SUFFIX.sub("", title):
            title = _TITLE_SUFFIX.sub("", title).strip()
        found.append(title)
    return tuple(dict.fromkeys(text for text in found if 0 < len(text) <= 120))


def _meta(root: Element, index: _Index) -> dict[str, str]:
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
    stamps = [
        e for e in index.selected(_data()["dates"]) if not any(a.tag in ("li", "a") for a in _lineage(e))
    ]
    head = _SPACE.sub(" ", " ".join(_text(e) for e in stamps))[:400]
    text = str(_STRING(root))
    date = date or _iso_date(head)
    if not date and _DATED.search(text):
        date = _labelled_date(_beginning(" ".join(root.itertext())))
    if date:
        found["date"] = date
    crumbs = next((_text(e) for e in index.selected(_data()["breadcrumbs"]) if len(_text(e)) > 2), None)
    if crumbs is None and "当前位置" in text:
        crumbs = next((trail.strip() for trail in _strings(_TRAILS, root)), None)
    if crumbs:
        found["breadcrumb"] = crumbs[:300]
    if "source" not in found and _SOURCED.search(text) and (named := _SOURCE_LABEL.search(_beginning(text))):
        # What stands in the next element may follow without a space.
        apart = _SOURCE_LABEL.search(_beginning(_apart(root)))
        found["source"] = (apart or named).group(1)
    return found


def _iso_date(text: str) -> str | None:
    found = _DATE.search(text)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups())
    return calendar_date(year, month, day)


def _labelled_date(text: str) -> str | None:
    found = _DATE_LABEL.search(text)
    return _iso_date(found.group(1)) if found else None


def _file_links(region: Element, root: Element, base: str | None) -> Iterator[Link]:
    """The files that the article links, and the documents that frames of the page show."""
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
    for url in shown.documents(root, base):
        if url not in seen:
            seen.add(url)
            yield Link(url=url, label=unquote(url.partition("?")[0].rpartition("/")[2]))


def _without_footer(blocks: tuple[_Block, ...]) -> tuple[_Block, ...]:
    """The blocks up to where the site speaks again; only short lines after the last table count."""
    last = max((i for i, block in enumerate(blocks) if isinstance(block, Grid)), default=0)
    for index, block in enumerate(blocks):
        if index <= last or not isinstance(block, Paragraph) or len(block.text) >= 60:
            continue
        if any(block.text.startswith(mark) for mark in _data()["footers"]):
            return blocks[:index]
    return blocks


def _main_text(root: Element) -> tuple[_Block, ...]:
    """The main text as trafilatura finds it, where nothing on the page marks a report."""
    from trafilatura import extract  # noqa: PLC0415 it takes a fifth of a second to import

    # It knows a page by the class of lxml.html's elements.
    page = html.document_fromstring(etree.tostring(root, method="html", encoding="unicode"))
    text = extract(page, include_tables=False, include_comments=False, favor_recall=True) or ""
    return tuple(Paragraph(line.strip()) for line in text.splitlines() if line.strip())
