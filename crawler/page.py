"""A fetched page as the platforms see it: address, text, tree and links, without any I/O.

Owns decoding for navigation and the reading of links (labels broken by `<br>`, image alts, onclick
addresses). What a link means is the platforms' business.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, wraps
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import unquote, urlsplit

import lxml.html
from lxml import etree
from lxml.etree import ParseError, ParserError

from crawler import clicks
from crawler.addresses import absolute
from crawler.titles import folded, is_report

_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]+)""", re.IGNORECASE)
# gb2312 and gbk are subsets of gb18030, and pages use characters beyond what they declare.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "gb_2312-80": "gb18030"}
_HAN = re.compile("[\u4e00-\u9fff]+")
_QUOTED = re.compile(r"""['"]([^'"<>\s]{2,300})['"]""")
_CUT = re.compile(r"(\.{2,}|…+)$")
# Parts of a page that lead about the site; names are those that portals give their containers.
_NAVIGATION = re.compile(
    r"(^|[-_\s])(nav|navs|navi|navbar|menu|header|head|top|topbar|footer|foot|bottom|copyright|crumbs?|"
    r"breadcrumbs?|location|position|weizhi|dqwz|links?|yqlj|friend\w*|share|search)([-_\s\d]|$)",
    re.IGNORECASE,
)
_PLACED = re.compile(r"[/.]")
_ADDRESS = re.compile(
    r"^(https?:|\.{0,2}/|\?\w+=)|\.(s?html?|jspx?|aspx?|php|do|pdf|docx?|wps|xlsx?|zip)([?#]|$)"
)
_FILE = re.compile(r"\.(pdf|ofd|docx?|wps|xlsx?|zip|rar|jpe?g|png|gif|mp4)([?#]|$)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ITEMS = ("li", "a", "tr", "td", "dd", "option", "p", "span")
# Strings of a script that hold markup are what it writes into the page.
_STRINGS = re.compile(r"""'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`""")
_HALF = re.compile(r"[\ud800-\udfff]")
_HALF_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPES = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_BRACES = re.compile(r"([{}])")
_LARGEST_OBJECT = 600
_NAMES = re.compile(
    r"""["']?\b(?:name|title|text|label|displayName|channelName|menuName)["']?\s*:\s*(["'])(.+?)\1"""
)
_TARGETS = re.compile(r"""["']?\b(?:url|href|link|linkUrl|channelUrl|path)["']?\s*:\s*(["'])([^"'\s]+)\1""")
_DATE = re.compile(r"((?:19|20)\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")


def decoded(body: bytes, declared: str | None = None) -> str:
    """The text of a page: utf-8 if it passes for it, else the declared charset, else gb18030.

    utf-8 comes first because no other text passes for it. A page with stray or cut bytes still
    passes where it holds more Chinese than broken characters. What fits nothing is read as
    declared, with replacement characters.
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    found = _DECLARED.search(body[:4096])
    names = [found[1].decode("ascii").lower() if found else "", (declared or "").lower()]
    given = [_WIDER.get(name, name) for name in names if name and not name.startswith(("iso-8859", "cp125"))]
    plain = body.decode("utf-8-sig", "replace")
    broken = plain.count("\ufffd")
    if not broken or broken < sum(map(len, _HAN.findall(plain))):
        return plain
    for name in (*given, "gb18030"):
        try:
            return body.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    fallback = next((name for name in given if _known(name)), "utf-8")
    return body.decode(fallback, "replace")


def wellformed(text: str) -> str:
    """Text as it can be written: two halves of a character, as escapes in scripts give it, are joined; a half
    alone is U+FFFD.
    """
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_told(text: str) -> Any:  # noqa: ANN401 as json.loads
    """What JSON tells, its texts such as can be written. Raises ValueError and RecursionError."""
    value = json.loads(text)
    if _HALF_ESCAPED.search(text):
        value = json.loads(wellformed(json.dumps(value, ensure_ascii=False)))
    return value


def _known(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def iso_date(text: str) -> str | None:
    """The first date in a text as YYYY-MM-DD, or None where there is none or it cannot be a date."""
    match = _DATE.search(text)
    if not match:
        return None
    year, month, day = (int(part) for part in match.groups())
    return f"{year:04}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else None


def compiled(path: str) -> Callable[[lxml.html.HtmlElement], list[Any]]:
    """An XPath that finds elements or texts, made ready once; texts do not know their elements."""
    return cast("Callable[[lxml.html.HtmlElement], list[Any]]", etree.XPath(path, smart_strings=False))


_READ = compiled(".//text()[not(ancestor::script) and not(ancestor::style)]")
_CLASSES = compiled("//@class")
_IDS = compiled("//@id")
_LEADS = ("data-href", "data-link", "data-url")
"""Attributes in which a script finds the address that a click opens."""
LEADING = compiled(
    "descendant-or-self::*[@href or @onclick or self::option"
    + "".join(f" or @{name}" for name in _LEADS)
    + "]"
)
"""Finds the elements that may be links."""


def plain_text(element: lxml.html.HtmlElement) -> str:
    """The text of an element, white space runs made one blank, scripts and styles left out."""
    if not isinstance(element.tag, str):
        return ""
    if len(element) == 0 and element.tag not in ("script", "style"):
        return " ".join((element.text or "").split())
    # Looking at the ancestors of every piece takes ten times as long as reading all of them at once.
    mixed = next(element.iter("script", "style"), None) is not None
    return " ".join(("".join(_READ(element)) if mixed else element.text_content()).split())


Found = TypeVar("Found")
Asked = ParamSpec("Asked")


def once(find: Callable[Concatenate[Page, Asked], Found]) -> Callable[Concatenate[Page, Asked], Found]:
    """A function that looks at a page once for each of its further arguments; what it found is kept with
    the page, as long as that is.
    """

    @wraps(find)
    def finding(page: Page, /, *asked: Asked.args, **named: Asked.kwargs) -> Found:
        key = (find, asked, tuple(named.items()))
        if key not in page.known:
            page.known[key] = find(page, *asked, **named)
        found: Found = page.known[key]
        return found

    return finding


@cache
def _words(path: str) -> tuple[str, ...]:
    """The words that an XPath quotes."""
    return tuple(word for quoted in re.findall(r"'([^']*)'", path) if (word := quoted.strip()))


_made_ready = cache(compiled)
"""The paths of regions are those that the platforms name."""


@dataclass(frozen=True, eq=False)
class Link:
    """A link of a page. `label` is its best name: title attribute, text, or image alt."""

    url: str
    label: str
    text: str
    element: lxml.html.HtmlElement


@dataclass(frozen=True)
class Page:
    """A page by its final address and bytes; `encoding` is what the headers say, if anything."""

    url: str
    body: bytes
    encoding: str | None = None

    @cached_property
    def html(self) -> str:
        """The decoded source."""
        return decoded(self.body, self.encoding)

    @cached_property
    def lowered(self) -> str:
        """The source in small letters."""
        return self.html.lower()

    @cached_property
    def lowered_bytes(self) -> bytes:
        """The same as UTF-8: plain words are found sooner among bytes."""
        return self.lowered.encode("utf-8", "surrogatepass")

    @cached_property
    def tree(self) -> lxml.html.HtmlElement:
        """The parsed document; an empty one where the bytes hold no markup."""
        source = _DECLARATION.sub("", self.html.replace("\x00", ""))
        try:
            return lxml.html.document_fromstring(source)
        except (ParserError, ParseError, ValueError):
            return lxml.html.document_fromstring("<html><body></body></html>")

    @cached_property
    def text(self) -> str:
        """The text of the whole page, as `plain_text` has it."""
        return plain_text(self.tree)

    @cached_property
    def base(self) -> str:
        """The address that references are relative to."""
        given = self.tree.xpath("string(//base/@href)") if b"<base" in self.lowered_bytes else ""
        return (absolute(self.url, given) if given else None) or self.url

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every link of the page in document order, those in onclick attributes included.

        Links that the page's own scripts write come last.
        """
        return (*self._links(self.tree), *(link for part in self._written for link in self._links(part)))

    @property
    def _written(self) -> Iterator[lxml.html.HtmlElement]:
        """What the inline scripts write into the page, a tree a script."""
        for source in self.tree.xpath("//script[not(@type) or contains(@type,'javascript')]/text()"):
            markup = written(source)
            if markup:
                yield lxml.html.document_fromstring(f"<html><body><div>{markup}</div></body></html>")

    def _links(self, tree: lxml.html.HtmlElement) -> Iterator[Link]:
        for element in LEADING(tree):
            reference = element.get("href") if element.tag in ("a", "area") else None
            if element.tag == "option" and _PLACED.search(element.get("value") or ""):
                reference = element.get("value")
            url = absolute(self.base, reference) if reference else None
            if url is None:
                url = self._scripted(element)
            if url is not None:
                text = plain_text(element)
                yield Link(url, _label(element, text), text, element)

    def _scripted(self, element: lxml.html.HtmlElement) -> str | None:
        """The address that a click opens by a script: named in the code, or put together by the page's own
        function; or in an attribute for a script to find. None where none is known.
        """
        code = element.get("onclick") or ""
        reference = element.get("href") or ""
        if reference.lower().startswith("javascript:"):
            code = f"{code};{unquote(reference[11:])}"
        opened = clicks.opened(code)
        if opened is not None:
            return absolute(self.base, opened)
        for quoted in _QUOTED.findall(code):
            if _ADDRESS.search(quoted):
                return absolute(self.base, quoted)
        opened = clicks.opened_by_call(code, self.functions) if "(" in code else None
        if opened is not None:
            return absolute(self.base, opened)
        given = (element.get(name) or "" for name in _LEADS)
        # Documents that a viewer shows are told in such attributes of boxes, too; those are no links.
        return next(
            (
                absolute(self.base, one)
                for one in given
                if _ADDRESS.search(one) and (element.tag == "a" or not _FILE.search(one))
            ),
            None,
        )

    @cached_property
    def functions(self) -> dict[str, clicks.Function]:
        """The functions of the inline scripts by their names."""
        return clicks.functions(self.scripts)

    @cached_property
    def known(self) -> dict[tuple[object, ...], Any]:
        """What was found on the page already, by the function that found it and what it was asked; see
        `once`.
        """
        return {}

    @cached_property
    def names(self) -> str:
        """Every class and id of the page, a line each: most pages have no region of a given name at all."""
        return "\n".join({*_CLASSES(self.tree), *_IDS(self.tree)})

    def regions(self, path: str) -> list[lxml.html.HtmlElement]:
        """The elements of an XPath whose quoted words are classes or ids; none of them named, none found."""
        words = _words(path)
        if words and not any(word in self.names for word in words):
            return []
        return _made_ready(path)(self.tree)

    @cached_property
    def meta(self) -> dict[str, str]:
        """The named meta tags, names in small letters."""
        found: dict[str, str] = {}
        for tag in self.tree.xpath("//meta[@name and @content]"):
            found.setdefault(tag.get("name").strip().lower(), tag.get("content").strip())
        return found

    @cached_property
    def scripts(self) -> str:
        """The source of the inline scripts, joined."""
        return "\n".join(self.tree.xpath("//script/text()"))


NOTES = ".json"
"""Ends the name of the file beside a saved page that says whence it came; see `scrapy savepage`."""


def saved_page(path: Path) -> Page:
    """A page that `scrapy savepage` kept, as the crawl saw it: its final address, bytes and charset.

    Raises OSError or ValueError where the page or the notes beside it are missing or no such notes.
    """
    notes = json.loads(path.with_name(path.name + NOTES).read_text(encoding="utf-8"))
    if "final_address" not in notes:
        raise ValueError(f"{path.name}{NOTES}: holds no final_address")
    content_type = str(notes.get("headers", {}).get("Content-Type", ""))
    declared = re.search(r"charset\s*=\s*[\"']?([\w-]+)", content_type, re.IGNORECASE)
    return Page(notes["final_address"], path.read_bytes(), declared[1] if declared else None)


def written(script: str) -> str:
    """The markup with links that a script writes, and its objects with a name and an address as links.

    Addresses that a script puts together while it runs are not in it.
    """
    markup = ""
    if "<a" in script.lower():
        strings = ("".join(found.groups("")) for found in _STRINGS.finditer(script))
        markup = _plain("".join(part for part in strings if "<" in part or ">" in part))
    for part in _objects(script):
        name, target = _NAMES.search(part), _TARGETS.search(part)
        if name and target:
            text, address = (_plain(found[2]) for found in (name, target))
            markup += f'<p><a href="{escape(address)}">{escape(text)}</a></p>'
    return markup


def unlinked_names(script: str) -> Iterator[str]:
    """The names of a script's objects that have no address, such as the nodes of a tree."""
    for part in _objects(script):
        name = _NAMES.search(part)
        if name and not _TARGETS.search(part):
            yield _plain(name[2])


def _objects(script: str) -> Iterator[str]:
    """What stands in each pair of braces of a script, without what stands in braces within it.

    In the order in which they begin: a menu's upper item comes before those below it.
    """
    open_parts: list[list[str]] = []
    found: list[list[str]] = []
    for piece in _BRACES.split(script):
        if piece == "{":
            open_parts.append([])
            found.append(open_parts[-1])
        elif piece == "}":
            if open_parts:
                open_parts.pop()
        elif open_parts:
            open_parts[-1].append(piece)
    for parts in found:
        size = sum(map(len, parts))
        if 0 < size <= _LARGEST_OBJECT:
            yield "".join(parts)


def _plain(written: str) -> str:
    """A string of a script without its escapes."""
    return wellformed(_ESCAPES.sub(_unescaped, written))


def _unescaped(escape: re.Match[str]) -> str:
    sign = escape[1]
    return chr(int(sign[1:], 16)) if len(sign) == 5 else {"n": "\n", "t": "\t", "r": "\r"}.get(sign, sign)


def _label(element: lxml.html.HtmlElement, text: str) -> str:
    title = " ".join((element.get("title") or "").split())
    if not title:
        title = (
            " ".join(" ".join(element.xpath(".//@title")).split()) if not text or _CUT.search(text) else ""
        )
    if title and not (is_report(text) and not is_report(title)):
        return title
    if text:
        return text
    return " ".join(" ".join(element.xpath("@alt | .//img/@alt")).split()) or _file_name(
        element.get("href") or ""
    )


def _file_name(reference: str) -> str:
    return unquote(urlsplit(reference).path.rsplit("/", 1)[-1]) if "." in reference else ""


def in_navigation(element: lxml.html.HtmlElement) -> bool:
    """Whether an element stands in a part of the page that leads about the site."""
    node: lxml.html.HtmlElement | None = element
    while node is not None and node.tag not in ("body", "html"):
        if node.tag in ("nav", "header", "footer"):
            return True
        if _named_navigation(node.get("class") or "", node.get("id") or ""):
            return True
        node = node.getparent()
    return False


@lru_cache(maxsize=4096)
def _named_navigation(kind: str, name: str) -> bool:
    """Whether a container's class or id is one of those of navigation: a page has few, each often."""
    return _NAVIGATION.search(f"{kind} {name}") is not None


def heading_of(element: lxml.html.HtmlElement) -> str | None:
    """The folded short text that stands over an element: a heading or the parent item of its list."""
    node = element
    for _ in range(6):
        parent = node.getparent()
        if parent is None or parent.tag == "html":
            return None
        for before in node.itersiblings(preceding=True):
            if not isinstance(before.tag, str) or (before.tag == node.tag and node.tag in _ITEMS):
                continue
            text = folded(plain_text(before))
            if text and before.tag not in ("script", "style"):
                return text if len(text) <= 40 else None
        lead = folded(parent.text or "")
        if lead:
            return lead if len(lead) <= 40 else None
        node = parent
    return None


_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "dt", "legend", "caption", "strong", "b")
_TITLED = re.compile(r"(^|[-_\s])(tit|title|hd|bt|heading|head|caption|name|mc)([-_\s\d]|$)", re.IGNORECASE)
_BOXES_UP = 4
"""How far above a link the box may stand that is headed."""
_HEAD_PARTS = 60
"""Elements at the beginning of a box among which its heading stands."""


def box_heading(element: lxml.html.HtmlElement) -> str | None:
    """The folded heading of the box in which a link to the whole of a list stands: what stands before it, or
    the first heading or part called a title in the innermost box around it that has one.
    """
    own, node = heading_of(element), element
    if own:
        return own
    for _ in range(_BOXES_UP):
        parent = node.getparent()
        if parent is None or parent.tag in ("body", "html"):
            return None
        node = parent
        for part in islice(node.iter(), _HEAD_PARTS):
            if part is element:
                break
            if part.tag in _HEADINGS or (
                isinstance(part.tag, str) and _TITLED.search(part.get("class") or "")
            ):
                text = folded(plain_text(part)).removesuffix(folded(plain_text(element)))
                if 0 < len(text) <= 40:
                    return text
    return None
