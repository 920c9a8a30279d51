"""Further pages of a list: links, the script pagers of the common platforms, and guessed addresses.

Pure functions over a page. Whether a guessed address is right shows only when it is fetched: it
is right if it brings new entries.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.addresses import absolute, canonical
from crawler.page import Link, Page, plain_text
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import Entry, NextPages, Numbering
from crawler.titles import folded, is_more_of_list, is_next

# The pager of Ucap; its arguments are container, pages, current, prefix, suffix, entries.
_UCAP = re.compile(
    r"createPageHTML\s*\(\s*['\"]([^'\"]*)['\"]\s*,\s*['\"]?(\d+)['\"]?\s*,\s*['\"]?(\d+)['\"]?\s*,"
    r"\s*['\"]([^'\"]+)['\"]\s*,\s*['\"](\w+)['\"]\s*(?:,\s*['\"]?(\d+)['\"]?\s*)?"
)
# The pager of TRS; its arguments are pages, current, prefix, suffix.
_TRS = re.compile(
    r"createPageHTML\s*\(\s*(\d+)\s*,\s*(\d+)\s*,\s*['\"]([^'\"]+)['\"]\s*,\s*['\"](\w+)['\"]\s*"
    r"(?:,\s*['\"]?(\d+)['\"]?\s*)?"
)
_COUNT_PAGE = re.compile(r"var\s+countPage\s*=\s*['\"]?(\d+)")
_PAGES = re.compile(
    r"共(?:有|计)?:?(\d{1,4})页|\d{1,4}/(\d{1,4})页|页[次码数]?:?\d{1,4}/(\d{1,4})|总页数:?(\d{1,4})"
)
_DYNAMIC = frozenset(("jsp", "do", "action", "php", "aspx", "asp", "xp"))
_STATIC = frozenset(("html", "htm", "shtml"))
_TOTAL = re.compile(r"共(?:有|计)?:?(\d{1,6})(?:条|篇|项)|总(?:条|记录)数:?(\d{1,6})")
# A text that a script ends with a number: the parameter or the stem that counts pages.
_JOINED = re.compile(
    r"['\"]([^'\"\s<>]*(?:[?&][\w.]*(?:page|Page|pn|p)[\w.]*=|[a-z]_))['\"]\s*\+\s*(?:\([^()]*\)|[\w.]+(?:\(\w*\))?)(?:\s*\+\s*['\"]([^'\"\s<>]*)['\"])?"
)
_NUMBER = re.compile(r"^(\d+|第\d+页)$")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def next_pages(page: Page, number: int) -> NextPages:
    """What list page `number` (from 1) says of the pages after it."""
    code = _COMMENT.sub("", page.html)
    return _ucap(page, code) or _trs(page, code) or _linked(page, number)


def _ucap(page: Page, code: str) -> NextPages | None:
    match = _UCAP.search(code)
    if not match:
        return None
    pages, prefix, suffix = int(match[2]), match[4], f".{match[5]}"
    total = int(match[6]) if match[6] else None
    start = f"{_directory(page.base, prefix)}_"
    # Some installations call the second page _1, some _2: the first that brings something new is right.
    numberings = (Numbering(start, suffix, 1), Numbering(start, suffix, 0))
    return NextPages(numberings=numberings, pages=pages, total=total, more=pages > 1)


def _trs(page: Page, code: str) -> NextPages | None:
    match = _TRS.search(code)
    count = _COUNT_PAGE.search(code)
    if not match and not count:
        return None
    if match:
        pages, prefix, suffix = int(match[1]), match[3], f".{match[4]}"
        total = int(match[5]) if match[5] else None
    else:
        name = urlsplit(page.url).path.rsplit("/", 1)[-1] or "index.html"
        prefix, _, ending = name.rpartition(".")
        prefix = re.sub(r"_\d+$", "", prefix)
        pages, suffix, total = int(count[1]) if count else 1, f".{ending}", None
    start = f"{_directory(page.base, prefix)}_"
    numberings = (Numbering(start, suffix, 1), Numbering(start, suffix, 0))
    return NextPages(numberings=numberings, pages=pages, total=total, more=pages > 1)


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


def _linked(page: Page, number: int) -> NextPages:
    pages, total = counts(folded(page.text))
    here = canonical(page.url)
    relations = page.tree.xpath("//link[@rel='next']/@href | //a[@rel='next']/@href")
    named = [link for link in page.links if is_next(link.text or link.label) and not _disabled(link)]
    numbered = [
        link
        for link in page.links
        if folded(link.text) in (str(number + 1), f"第{number + 1}页")
        and _beside(link.url, page.url)
        and _in_pager(link)
    ]
    for link in [*_relations(page, relations), *(link.url for link in [*named, *numbered])]:
        if canonical(link) != here and not re.search(r"\.(pdf|docx?|wps|xlsx?)$", urlsplit(link).path):
            return NextPages(link=link, pages=pages, total=total, more=True)
    scripted = any(
        is_next(plain_text(element)) and _scripted(element.get("href") or "", element.get("onclick") or "")
        for element in page.tree.xpath("//a | //span | //button")
        if len(plain_text(element)) < 12
    )
    scripted = scripted or _loads_more(page)
    more = (pages or 1) > number or (scripted and number == 1 and (pages is None))
    made = (*_made_by_script(page), *_guesses(page.url)) if more else ()
    return NextPages(numberings=made, pages=pages, total=total, more=more)


def _loads_more(page: Page) -> bool:
    """Whether the list goes on where its reader asks for more of it; who listens may be any script."""
    found = page.tree.xpath("//*[not(self::script or self::style)][contains(text(),'更多')]")
    return any(is_more_of_list(plain_text(element)) for element in found)


def _made_by_script(page: Page) -> tuple[Numbering, ...]:
    """Addresses that a script ends with a number: "list.action?page=" + n, "index_" + n + ".html"."""
    found = []
    for start, end in _JOINED.findall(page.scripts):
        prefix = absolute(page.base, start)
        if prefix and not re.search(r"\.(js|css|png|gif|jpg)\b", end):
            found += [Numbering(prefix, end, 0), Numbering(prefix, end, 1)]
    return tuple(found[:4])


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


def _in_pager(link: Link) -> bool:
    """Whether a link that is only a number stands among other numbers, not among entries."""
    parent = link.element.getparent()
    for _ in range(3):
        if parent is None:
            return False
        words = [
            folded(plain_text(other))
            for other in parent.xpath(".//a | .//span | .//em | .//b | .//strong | .//option")
        ]
        if sum(bool(_NUMBER.match(word)) or is_next(word) for word in words) >= 2:
            return True
        parent = parent.getparent()
    return False


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

    guesses = [made(f"{folder}/{stem}_", 1), made(f"{folder}/{stem}_", 0)]
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
