"""Further pages of a list: links, the script pagers of the common platforms, and guessed addresses.

Pure functions over a page. Whether a guessed address is right shows only when it is fetched: it
is right if it brings new entries.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

import lxml.html

from crawler.addresses import absolute, canonical
from crawler.page import Link, Page, once, plain_text
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import Entry, NextPages, Numbering
from crawler.titles import (
    folded,
    is_more_of_list,
    is_next,
    is_pager,
    is_report,
    is_turning,
    names_next,
    page_number,
)

_FILE = Path(__file__).with_name("paging.toml")
_KEYS = frozenset(("marks", "callers", "pages", "entries", "sizes", "counters"))
_WHOLE = _KEYS - {"marks", "callers"}

_SUFFIX = r"['\"]\.?(s?html?|jspx?|php|aspx?)['\"]"
# The pager of Ucap; its arguments are container, pages, current, prefix, suffix, entries.
_UCAP = re.compile(
    r"page[\w$]{0,40}\s*\(\s*['\"]([^'\"]*)['\"]\s*,\s*['\"]?(\d{1,5})['\"]?\s*,\s*['\"]?(\d{1,5})['\"]?\s*,"
    rf"\s*['\"]([^'\"\s]+)['\"]\s*,\s*{_SUFFIX}\s*(?:,\s*['\"]?(\d+)['\"]?\s*)?",
    re.IGNORECASE,
)
# The pager of TRS; its arguments are pages, current, prefix, suffix. Some call the two by names of their own.
_TRS = re.compile(
    r"page[\w$]{0,40}\s*\(\s*['\"]?(\d{1,5})['\"]?\s*,\s*['\"]?(\d{1,5})['\"]?\s*,"
    rf"\s*['\"]([^'\"\s]+)['\"]\s*,\s*{_SUFFIX}\s*(?:,\s*['\"]?(\d+)['\"]?\s*)?",
    re.IGNORECASE,
)
# The same told by names, in any order: Pager({size: 3, current: 0, prefix: 'index', suffix: 'html'}).
_NAMED = re.compile(r"page[\w$]{0,40}\s*\(\s*\{([^{}]{1,400})\}", re.IGNORECASE)
_PREFIX = re.compile(r"\bprefix['\"]?\s*:\s*['\"]([^'\"\s]+)['\"]")
_NAMED_SUFFIX = re.compile(rf"\bsuffix['\"]?\s*:\s*{_SUFFIX}", re.IGNORECASE)
_COUNT_PAGE = re.compile(r"var\s+countPage\s*=\s*['\"]?(\d+)")
_PAGES = re.compile(
    r"[共分](?:有|计)?:?(\d{1,4})页|\d{1,4}/(\d{1,4})页|页[次码数]?:?\d{1,4}/(\d{1,4})|总页数:?(\d{1,4})"
)
# In a pager's own box fewer words are needed.
_PAGE_OF = re.compile(r"(?<![\d/.-])\d{1,4}/(\d{1,4})(?![\d/.-])")
_DYNAMIC = frozenset(("jsp", "do", "action", "php", "aspx", "asp", "xp"))
_STATIC = frozenset(("html", "htm", "shtml"))
_TOTAL = re.compile(
    r"(?:共|总计|合计)(?:有|计)?:?(\d{1,6})(?:条|篇|项)|(?:总(?:条|记录|信息)|(?:记录|信息|条目)总)数:?(\d{1,6})"
)
# A text that a script ends with a number: the parameter or the stem that counts pages.
_JOINED = re.compile(
    r"['\"]([^'\"\s<>]*(?:[?&][\w.]*(?:page|Page|pn|p)[\w.]*=|[a-z]_))['\"]\s*\+\s*(?:\([^()]*\)|[\w.]+(?:\(\w*\))?)(?:\s*\+\s*['\"]([^'\"\s<>]*)['\"])?"
)
# The same where the text before the number is beside the page itself, whatever its parameter is called.
_JOINED_HERE = re.compile(r"['\"]([^'\"\s<>]*[?&][\w.]+=)['\"]\s*\+")
_JOINED_STEM = re.compile(r"['\"]([^'\"\s<>?]*[\w/][_-])['\"]\s*\+[^;'\"{}]{1,60}\+\s*['\"](\.s?html?)['\"]")
_SET = re.compile(
    r"(?<![\w$])([A-Za-z_$][\w$]{0,60})['\"]?\s*([:=])\s*(?:(?:parseInt|Number)\(\s*)?['\"]?(\d{1,6})(?![\w.])"
)
_CALLED = re.compile(r"(function\s+)?(?<![\w$.])([\w$.]{1,80})\s*\(")
_PAGINATED = re.compile(r"\.pagination\(\s*['\"]?(\d{1,6})['\"]?\s*,")
_HAN = re.compile("[\u4e00-\u9fff]")
_WHOLE_NUMBER = re.compile(r"\d{1,6}")
# Names of one word (total, count, size) are those of anything.
_NUMBER_NAME = re.compile(r"[a-z](?=[A-Z_])|pages?|records?", re.ASCII)
_POSTED_BACK = re.compile(r"__doPostBack\(\s*'([^']+)'\s*,\s*'(\d+)'\s*\)")
_MOST_PARTS = 2
"""Elements within something to click on; more is a box of others."""
_HANDLERS = re.compile(
    r"^(on(click|tap)|@click|v-on:click|ng-click|:click|data-(page|pageno|page-no|num|index|url))"
)
_TURNS = ("a", "span", "button", "li", "div", "em", "i", "b", "td", "label", "p", "strong", "input")
_QUOTED = re.compile(r"(?<=['\"#])([^'\"#\n]{1,80})(?=['\"])")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def _of_none(_element: lxml.html.HtmlElement) -> bool:
    return False


def next_pages(
    page: Page, number: int, beside: Callable[[lxml.html.HtmlElement], bool] = _of_none
) -> NextPages:
    """What list page `number` (from 1) says of the pages after it.

    `beside` tells of an element whether it belongs to another list of the page than the one that is read.
    """
    return told(page) or _linked(page, number, beside)


def _uncommented(code: str) -> str:
    """A source without its comments; behind the end of the last one no further one can be closed."""
    head, end, rest = code.rpartition("-->")
    return _COMMENT.sub("", head + end) + rest


def _ucap(page: Page, code: str) -> NextPages | None:
    match = _sure(_UCAP, code, 2)
    if match is None:
        return None
    return _stepped(page, match[4], match[5], int(match[2]), int(match[6]) if match[6] else None)


def _trs(page: Page, code: str) -> NextPages | None:
    match = _sure(_TRS, code, 1)
    if match is not None:
        return _stepped(page, match[3], match[4], int(match[1]), int(match[5]) if match[5] else None)
    count = _COUNT_PAGE.search(code)
    if count is None:
        return None
    name = urlsplit(page.url).path.rsplit("/", 1)[-1] or "index.html"
    prefix, _, ending = name.rpartition(".")
    return _stepped(page, re.sub(r"_\d+$", "", prefix), ending, int(count[1]), None)


def _sure(pattern: re.Pattern[str], code: str, pages: int) -> re.Match[str] | None:
    """The first call of a pager; one that is not called as usual is one where it counts several pages."""
    found = pattern.finditer(code)
    return next((one for one in found if int(one[pages]) > 1 or one[0].startswith("PageHTML")), None)


def _named(page: Page, code: str) -> NextPages | None:
    for options in _NAMED.findall(code):
        prefix, suffix = _PREFIX.search(options), _NAMED_SUFFIX.search(options)
        told = _numbers(options)
        # Who has no other name for the number of pages calls it the pager's size.
        pages = told.get("pages") or told.get("sizes") or 0
        if prefix and suffix and pages > 1:
            return _stepped(page, prefix[1], suffix[1], pages, None)
    return None


def _stepped(page: Page, prefix: str, ending: str, pages: int, total: int | None) -> NextPages:
    """Pages beside this one, called `prefix` with a number."""
    start, suffix = f"{_directory(page.base, prefix)}_", f".{ending}"
    # Some installations call the second page _1, some _2: the first that brings something new is right.
    numberings = (Numbering(start, suffix, 1), Numbering(start, suffix, 0))
    return NextPages(numberings=numberings, pages=pages, total=total, more=pages > 1)


def told(page: Page) -> NextPages | None:
    """What a pager of the common platforms, made by a script of the page, says; None where there is none."""
    # Commented code is left out only where it would count: most pages have none of these.
    if not any(pattern.search(page.html) for pattern in (_UCAP, _TRS, _COUNT_PAGE, _NAMED)):
        return None
    code = _uncommented(page.html)
    return _ucap(page, code) or _trs(page, code) or _named(page, code)


def _directory(url: str, name: str) -> str:
    """The address of a name beside a page; an absolute path or address is taken as it is."""
    parts = urlsplit(url)
    if name.startswith(("http://", "https://")):
        return name
    path = name if name.startswith("/") else parts.path.rsplit("/", 1)[0] + "/" + name.removeprefix("./")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def counts(text: str) -> tuple[int | None, int | None]:
    """How many pages and entries a folded text says that a list has."""
    return _first(_PAGES, text), _first(_TOTAL, text)


def _linked(page: Page, number: int, beside: Callable[[lxml.html.HtmlElement], bool]) -> NextPages:
    written, total = counts(folded(page.text))
    pages = (
        written
        or _pages_of_boxes(page, beside)
        or _pages_of_attributes(page, beside)
        or _pages_of_choice(page, beside)
        or _pages_of_scripts(page)
    )
    here = canonical(page.url)
    relations = page.tree.xpath("//link[@rel='next']/@href | //a[@rel='next']/@href")
    named = [
        link
        for link in page.links
        if is_next(link.text or link.label) and not (_disabled(link) or _leads_away(page, link))
    ]
    numbered = [
        link
        for link in page.links
        if page_number(link.text) == number + 1
        and _beside(link.url, page.url)
        and _in_pager(page, link.element)
    ]
    icons = [link for link in page.links if _is_icon(link) and _same_folder(link.url, page.url)]
    for link in [*_relations(page, relations), *(link.url for link in [*named, *numbered, *icons])]:
        if canonical(link) != here and not re.search(r"\.(pdf|docx?|wps|xlsx?)$", urlsplit(link).path):
            return NextPages(link=link, pages=pages, total=total, more=True)
    onward = _numbered_alike(page, beside)
    if onward.link is not None:
        return replace(onward, pages=pages, total=total)
    pages = pages or onward.pages
    scripted = _turned_by_script(page, number, beside) or _loads_more(page)
    more = (pages or 1) > number or (scripted and number == 1 and (pages is None))
    made: tuple[Numbering, ...] = ()
    if more or total is not None:
        # A total without more is none where all of it was seen: the list knows.
        made = (*onward.numberings, *_forms(page), *_made_by_script(page), *_guesses(page.url))
    alone = written is None and total is None
    return NextPages(numberings=made, pages=pages, total=total, more=more, scripted=alone)


@cache
def _known() -> dict[str, re.Pattern[str]]:
    """paging.toml, compiled."""
    return checked(tomllib.loads(_FILE.read_text(encoding="utf-8")))


class PagingError(ValueError):
    """paging.toml does not have the shape it must have."""


def checked(given: dict[str, object]) -> dict[str, re.Pattern[str]]:
    """The expressions of paging.toml, a pattern a key. Raises PagingError with the key that is wrong."""
    if set(given) != _KEYS:
        raise PagingError(f"{_FILE.name}: unknown or missing: {', '.join(sorted(set(given) ^ _KEYS))}")
    found = {}
    for key, values in given.items():
        if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
            raise PagingError(f"{_FILE.name}: {key}: must be a list of strings")
        joined = "|".join(f"(?:{one})" for one in values)
        try:
            found[key] = re.compile(f"^(?:{joined})$" if key in _WHOLE else joined, re.IGNORECASE)
        except re.error as error:
            raise PagingError(f"{_FILE.name}: {key}: {error}") from error
    return found


def _pages_of_boxes(page: Page, beside: Callable[[lxml.html.HtmlElement], bool]) -> int | None:
    """How many pages a pager's own box says there are (1/3)."""
    for box in page.tree.xpath("//*[@class or @id]"):
        if is_pager(box.get("class") or "") or is_pager(box.get("id") or ""):
            text = folded(plain_text(box))
            found = _PAGE_OF.search(text) if len(text) <= 80 else None
            if found and not beside(box):
                return int(found[1])
    return None


def _pages_of_attributes(page: Page, beside: Callable[[lxml.html.HtmlElement], bool]) -> int | None:
    """How many pages the attributes of a pager's box, or fields that are called so, say there are."""
    fields: dict[str, int] = {}
    for element in page.tree.xpath("//*[@id or @class or @name or starts-with(name(), 'el-')]"):
        names = (element.get("id") or "", element.get("name") or "")
        field = next((name for name in names if _is_count(name)), None)
        box = is_pager(element.get("class") or "") or any(map(is_pager, names)) or is_pager(str(element.tag))
        if not (field or box) or beside(element):
            continue
        if field:
            value = (element.get("value") or element.text or "").strip()
            if _WHOLE_NUMBER.fullmatch(value):
                fields.setdefault(field, int(value))
            continue
        told = _counted_pages({_plain_name(name): value for name, value in element.attrib.items()})
        if told > 1:
            return told
    told = _counted_pages({name: str(value) for name, value in fields.items()})
    return told if told > 1 else None


def _plain_name(attribute: str) -> str:
    """An attribute's name as a script's variable has it: data-page-count, :page-count."""
    return attribute.lstrip(":").removeprefix("data-").replace("-", "_")


def _is_count(name: str) -> bool:
    """Whether an id or a name says that its element holds a number of pages, entries or entries of a page."""
    if not _NUMBER_NAME.search(name):
        return False
    return any(_known()[key].match(name) for key in ("pages", "entries", "sizes"))


def _counted_pages(told: Mapping[str, str]) -> int:
    """How many pages some names with their values say there are; 0 where they do not tell."""
    return _pages(_numbers(",".join(f"{name}:{value}" for name, value in told.items())))


def _pages_of_choice(page: Page, beside: Callable[[lxml.html.HtmlElement], bool]) -> int | None:
    """How many pages a drop-down of pages offers: numbers from 1 on, and a name or a script that says so."""
    for field in page.tree.iter("select"):
        said = " ".join(field.get(name) or "" for name in ("name", "id", "class", "onchange"))
        if "page" not in said.lower() or beside(field):
            continue
        numbers = [page_number(plain_text(option)) for option in field.iter("option")]
        if len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1)):
            return len(numbers)
    return None


def _pages_of_scripts(page: Page) -> int | None:
    """How many pages the variables, or the options of a pager that a script draws, say there are; None for
    one alone. Options count where a pager is called: a library has its own.
    """
    known = _known()
    for source in page.tree.xpath("//script/text()"):
        if not known["marks"].search(source):
            continue
        code = _uncommented(source)
        called = any(not made and known["callers"].search(name) for made, name in _CALLED.findall(code))
        told = _numbers(code, options=called)
        entries = _PAGINATED.search(code)
        if entries:
            told["entries"] = int(entries[1])
        pages = _pages(told)
        if pages > 1:
            return pages
    return None


def _numbers(code: str, *, options: bool = True) -> dict[str, int]:
    """The numbers of pages, entries and entries of a page that a script sets, those of `options` included.

    One that is called no more than a total is kept by itself, too: it may count either.
    """
    told: dict[str, int] = {}
    for name, sign, value in _SET.findall(code):
        if sign == ":" and not options:
            continue
        for key in ("pages", "entries", "sizes"):
            if _known()[key].match(name):
                if name.lower() == "total":
                    told["total"] = int(value)
                told[key] = max(int(value), told.get(key, 0))
    return told


def _pages(told: Mapping[str, int]) -> int:
    """How many pages numbers of a script say there are; 0 where they do not tell."""
    pages, entries = told.get("pages", 0), told.get("entries", 0)
    if pages < 2 and told.get("sizes", 0) > 1:
        return -(-entries // told["sizes"])
    if pages < 2 and 1 < told.get("total", 0) < entries:
        # A pager that is told a total beside the number of entries is told that of pages.
        return told["total"]
    return pages


def _numbered_alike(page: Page, beside: Callable[[lxml.html.HtmlElement], bool]) -> NextPages:
    """What links say that hold no word but may turn pages (an arrow, a picture, the last page), and lead to
    the page's own address with another number.
    """
    found: dict[int, str] = {}
    own = 0
    for link in page.links:
        # Of a picture without words the label is its address; words of one name another column.
        turns = is_turning(link.text) and (link.text or is_turning(link.label) or not _HAN.search(link.label))
        told = _numbers_beside(page.url, link.url) if turns else None
        if told is not None and told[1] > told[0] and not beside(link.element):
            own = told[0]
            found.setdefault(told[1], link.url)
    if not found:
        return NextPages()
    first = min(found)
    # An address that asks for page 2 is that of the second; files may be counted from 0.
    if first == own + 1 or (own == 0 and first == 2 and not re.search(r"[-_]2\.\w+$", found[first])):
        return NextPages(link=found[first], more=True)
    start, _, end = found[first].rpartition(str(first))
    made = tuple(Numbering(start, end, shift) for shift in (1, 0)) if start else ()
    return NextPages(numberings=made, pages=max(found), more=True)


def _numbers_beside(here: str, there: str) -> tuple[int, int] | None:
    """The numbers of two pages of one list by their addresses, 0 for one without; None where the second is
    none of the first one's list.
    """
    first, second = urlsplit(canonical(here)), urlsplit(canonical(there))
    if first.netloc != second.netloc:
        return None
    if first.path == second.path:
        (kept, own), (other, number) = (_uncounted(parts.query) for parts in (first, second))
        return (own or 0, number) if number is not None and kept == other else None
    for stem, own in _stems(first.path):
        match = re.fullmatch(rf"{re.escape(stem)}[-_/]?(\d{{1,3}})(/|\.\w{{2,5}})?", second.path)
        if match:
            return own, int(match[1])
    return None


def _uncounted(query: str) -> tuple[dict[str, str], int | None]:
    """A query without the parameter that counts pages, and what that says."""
    kept = dict(parse_qsl(query))
    counter = next((name for name, value in kept.items() if _is_counter(name, value)), None)
    return kept, int(kept.pop(counter)) if counter else None


def _is_counter(name: str, value: str) -> bool:
    return _known()["counters"].match(name) is not None and _WHOLE_NUMBER.fullmatch(value) is not None


def _stems(path: str) -> Iterator[tuple[str, int]]:
    """What the addresses of a list's other pages may begin with, and the number that its own one has then."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0]
    paged = re.fullmatch(r"(.*/page)/(\d{1,3})", folder if not name else path)
    if paged:
        yield paged[1], int(paged[2])
    elif not stem:
        yield from ((f"{folder}/index", 0), (f"{path.rstrip('/')}/page", 0))
    else:
        numbered = re.fullmatch(r"(.+?[A-Za-z\d])[-_](\d{1,3})|(.*[A-Za-z])(\d{1,2})", stem)
        if numbered:
            yield f"{folder}/{numbered[1] or numbered[3]}", int(numbered[2] or numbered[4])
        yield f"{folder}/{stem}", 0


def _turned_by_script(page: Page, number: int, beside: Callable[[lxml.html.HtmlElement], bool]) -> bool:
    """Whether something that leads to no address turns the page: a script does."""
    for element in page.tree.iter(*_TURNS):
        if len(element) > _MOST_PARTS:
            continue
        text = (element.get("value") or "") if element.tag == "input" else plain_text(element)
        if not text or len(text) >= 12:
            continue
        turns = is_next(text)
        if not turns and (page_number(text) != number + 1 or not _in_pager(page, element)):
            continue
        if turns and "disabled" in f"{element.get('class') or ''} {' '.join(element.keys())}":
            continue
        addressed = not (element.get("href") or "#").lower().startswith(("#", "javascript:"))
        turned = is_clicked(page, element) or not (turns or addressed or not _in_box(element))
        if turned and not beside(element):
            return True
    return False


def _in_box(element: lxml.html.HtmlElement) -> bool:
    """Whether an element stands in a box that is called a pager: a number in it is a page that there is."""
    above = islice(element.iterancestors(), 3)
    return any(is_pager(box.get("class") or "") or is_pager(box.get("id") or "") for box in above)


def is_clicked(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether a script hears of a click on an element: by its attributes, or by its id."""
    if _scripted(element.get("href") or "", element.get("onclick") or ""):
        return True
    if any(_HANDLERS.match(name) for name in element.attrib):
        return True
    return bool(element.get("id")) and element.get("id") in _named_in_scripts(page)


@once
def _named_in_scripts(page: Page) -> frozenset[str]:
    """What the scripts quote, or end a quotation with behind #: the ids that they know are among it."""
    return frozenset(_QUOTED.findall(page.scripts))


def _is_icon(link: Link) -> bool:
    """Whether a link without words says by its class, id or spoken label that it leads to the next page."""
    if link.text or _disabled(link):
        return False
    parts = [link.element, *link.element.iterdescendants()]
    said = (part.get(name) or "" for part in parts for name in ("class", "id", "aria-label"))
    return any(names_next(name) for name in said if name)


def _leads_away(page: Page, link: Link) -> bool:
    """Whether an arrow without a word leads to another folder and stands beside no number: a box has more."""
    worded = re.search(r"\w", link.text or link.label) is not None
    return not (worded or _same_folder(link.url, page.url) or _in_pager(page, link.element))


def _same_folder(url: str, here: str) -> bool:
    """Whether an address lies in the folder of another."""
    first, second = (urlsplit(address) for address in (url, here))
    return (first.netloc, first.path.rpartition("/")[0]) == (second.netloc, second.path.rpartition("/")[0])


def _forms(page: Page) -> tuple[Numbering, ...]:
    """Forms of the page that are sent for a further page, by a field that counts pages."""
    found: list[Numbering] = []
    back = _POSTED_BACK.search(page.html.replace("&#39;", "'"))
    for form in page.tree.xpath("//form"):
        address = absolute(page.base, form.get("action") or page.url)
        given = tuple(fields(form))
        if address is None:
            continue
        if back and any(name == "__VIEWSTATE" for name, _ in given):
            kept = tuple(pair for pair in given if pair[0] not in ("__EVENTTARGET", "__EVENTARGUMENT"))
            events = (("__EVENTTARGET", back[1]), ("__EVENTARGUMENT", ""))
            found.append(Numbering(address, "", 0, form=(*events, *kept), counter="__EVENTARGUMENT"))
            continue
        counter = next((name for name, _ in given if _known()["counters"].match(name)), None)
        if counter is None:
            continue
        if (form.get("method") or "get").lower() == "post":
            found.append(Numbering(address, "", 0, form=given, counter=counter))
        else:
            query = urlencode([*(pair for pair in given if pair[0] != counter), (counter, "")])
            parts = urlsplit(address)
            found.append(Numbering(urlunsplit(parts._replace(query=query)), "", 0))
    return tuple(found[:2])


def fields(form: lxml.html.HtmlElement) -> Iterator[tuple[str, str]]:
    """Name and value of the fields that a form sends when a script sends it."""
    for field in form.xpath(".//input[@name] | .//select[@name]"):
        kind = (field.get("type") or "text").lower()
        if field.tag == "select":
            options = field.xpath("(.//option[@selected] | .//option)[1]")
            yield field.get("name"), (options[0].get("value") or "").strip() if options else ""
        elif kind in ("text", "hidden", "search", "number") or (
            kind in ("radio", "checkbox") and field.get("checked") is not None
        ):
            yield field.get("name"), field.get("value") or ""


def _loads_more(page: Page) -> bool:
    """Whether the list goes on where its reader asks for more of it; who listens may be any script.

    Where the words may lead elsewhere they count below reports only, and without an address.
    """
    linked = {link.element for link in page.links}
    found = page.tree.xpath(
        "//*[not(self::script or self::style)][contains(text(),'更多') or contains(text(),'加载')"
        " or contains(text(),'其余') or contains(text(),'剩余') or contains(text(),'上拉')]"
    )
    for element in found:
        if not is_more_of_list(plain_text(element)):
            continue
        line = [element, *element.iterancestors("a")]
        if "加载" in plain_text(element) or (
            not any(one in linked for one in line) and _under_reports(element)
        ):
            return True
    return False


def _under_reports(element: lxml.html.HtmlElement) -> bool:
    """Whether the innermost box of links around an element holds a report."""
    for box in element.iterancestors():
        others = [other for other in box.iter("a") if other is not element]
        if others:
            return any(
                is_report(plain_text(other)) or is_report(other.get("title") or "") for other in others
            )
    return False


def _made_by_script(page: Page) -> tuple[Numbering, ...]:
    """Addresses that a script ends with a number: "list.action?page=" + n, "index_" + n + ".html"."""
    made = [*_JOINED.findall(page.scripts), *_JOINED_STEM.findall(page.scripts)]
    path = urlsplit(page.url).path
    for start in _JOINED_HERE.findall(page.scripts):
        prefix = absolute(page.base, start)
        if prefix and urlsplit(prefix).path == path:
            made.append((start, ""))
    found: dict[tuple[str, str], None] = {}
    for start, end in made:
        prefix = absolute(page.base, start)
        if prefix and not re.search(r"\.(js|css|png|gif|jpg)\b", end):
            found.setdefault((prefix, end))
    return tuple(Numbering(prefix, end, shift) for prefix, end in [*found][:3] for shift in (0, 1))


def _relations(page: Page, references: list[str]) -> list[str]:
    return [url for url in (absolute(page.base, reference) for reference in references) if url]


def _first(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(next(group for group in match.groups() if group)) if match else None


def _disabled(link: Link) -> bool:
    return "disabled" in (link.element.get("class") or "")


def _scripted(reference: str, code: str) -> bool:
    return bool(code) or (reference.lower().startswith("javascript:") and len(reference) > 13)


def _beside(url: str, here: str) -> bool:
    """Whether an address begins with the folder that another does: a calendar's numbers lead elsewhere."""
    first, second = (urlsplit(address).path.lstrip("/").partition("/") for address in (url, here))
    return not second[1] or first[0] == second[0]


def _in_pager(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether something that is only a number stands among other numbers, not among entries."""
    parent = element.getparent()
    for _ in range(3):
        if parent is None:
            return False
        if _holds_numbers(page, parent):
            return True
        parent = parent.getparent()
    return False


@once
def _holds_numbers(_page: Page, box: lxml.html.HtmlElement) -> bool:
    """Whether a box holds two numbers of pages, or one and the word for the next."""
    inside = map(plain_text, box.iterdescendants("a", "span", "em", "b", "strong", "option", "li", "button"))
    turns = (word for word in inside if page_number(word) is not None or is_next(word))
    return next(islice(turns, 1, None), None) is not None


def _guesses(url: str) -> tuple[Numbering, ...]:
    """Addresses that further pages are known to have where only a script tells them, likeliest first."""
    parts = urlsplit(url)
    folder, _, name = parts.path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    query = f"?{parts.query}" if parts.query else ""
    if ending.lower() in _DYNAMIC or (query and ending.lower() not in _STATIC):
        return _counted(parts)
    if not dot:
        # A folder, or a page without an ending, which further pages follow as if it were one.
        folder, stem, ending = (f"{folder}/{name}" if name else folder), "index", "html"
    stem = re.sub(r"_\d+$", "", stem)
    suffix = f".{ending}{query}"

    def made(path: str, shift: int, ends: str = suffix) -> Numbering:
        return Numbering(urlunsplit((parts.scheme, parts.netloc, path, "", "")), ends, shift)

    first = [made(f"{folder}/{stem[:-1]}", 0)] if re.search(r"[A-Za-z]1$|[A-Za-z\d]-1$", stem) else []
    guesses = [*first, made(f"{folder}/{stem}_", 1), made(f"{folder}/{stem}_", 0)]
    if stem != "index":
        guesses += [made(f"{folder}/index_", 1), made(f"{folder}/index_", 0)]
    guesses.append(made(f"{folder}/", 0, query))
    return tuple(guesses if not name or dot else [guesses[-1], *guesses[:-1]])


def _counted(parts: SplitResult) -> tuple[Numbering, ...]:
    """Addresses whose query counts pages: the parameter that is there already, else the usual ones."""
    given = parse_qsl(parts.query, keep_blank_values=True)
    counters = {name.lower() for name in facts_of("generic").parameters}
    own = [name for name, _ in given if name.lower() in counters]
    kept = urlencode([(name, value) for name, value in given if name.lower() not in counters])
    found = []
    for name in own or facts_of("generic").parameters:
        query = f"{kept}&{name}=" if kept else f"{name}="
        found.append(Numbering(urlunsplit((parts.scheme, parts.netloc, parts.path, query, "")), "", 0))
    return tuple(found)


def family(entry: Entry) -> str:
    """What entries of one list share: host, first two folders, and the column that their addresses name."""
    parts = urlsplit(canonical(entry.url))
    folders = [folder for folder in parts.path.split("/")[:-1] if folder][:2]
    column = facts_of("generic").column(entry.url)
    return "/".join([parts.netloc, *(folder for folder in folders if not folder.isdigit()), column])
