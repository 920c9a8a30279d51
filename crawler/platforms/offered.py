"""What a list page offers without a link: drop-downs, tabs and trees of years and agencies, and lists that
only a script fills.

Owns finding them, and the addresses that choosing opens as far as the page says them. Pure functions over
a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import urlencode, urlsplit

import lxml.html
from lxml import etree

from crawler import clicks
from crawler.addresses import absolute
from crawler.page import (
    Page,
    decoded,
    heading_of,
    in_navigation,
    iso_date,
    json_told,
    once,
    plain_text,
    unlinked_names,
)
from crawler.platforms import paging
from crawler.platforms.shapes import AnswerError, Column, Entry, ListAnswer
from crawler.titles import (
    folded,
    hub_rank,
    is_agency,
    is_level,
    is_pager,
    is_place,
    is_year,
    names_annual,
    names_report,
    title_year,
)

_TAG = re.compile(r"<[^>]*>")
_TEMPLATE = re.compile(r"\{\{[^{}]*\w[^{}]*\}\}")
_ASKS = re.compile(
    r"\$\.(?:ajax|get|post|getJSON)\s*\(|axios|\bfetch\s*\(|XMLHttpRequest|\.load\s*\(\s*['\"]"
)
_ROWS = re.compile(r"<(?:li|tr|dd|dl|a)\b|\.title\b|\.items?\b|\.(?:rows|list|records)\b", re.IGNORECASE)
_WRITTEN_TO = re.compile(r"""['"]([#.]?)([^'"#.\s]{1,80})(?=(['"\s]))""")
_CALLS = re.compile(r"\s*(?:return\s+)?([\w$]+)\s*\(\s*['\"\w]")
# $('.tab li').click(…), $('.tab li').on('click', …), $('.tab').on('click', 'li.year', …).
_BOUND = re.compile(
    r"['\"]([^'\"\n]{1,60})['\"]\s*\)\s*\.\s*(?:on\s*\(\s*['\"](?:click|tap)['\"]\s*,(?!\s*['\"])|click\s*\()"
    r"|\.on\s*\(\s*['\"](?:click|tap)['\"]\s*,\s*['\"]([^'\"\n]{1,60})['\"]"
)
_CALLED_SO = re.compile(r"[.#]([\w-]+)")
_LISTS = re.compile(r"list|liebiao|^lb|lb$", re.IGNORECASE)
_NOTHING = re.compile(
    r"^(正在|数据)?(加载|读取)?中?[.…]*(请稍[候后])?[.…]*$|^loading[.…]*$|^暂无(数据|内容|信息)?$",
    re.IGNORECASE,
)
_SHELL = 60
"""Signs of a page that shows nothing until its scripts run."""
_ALL = re.compile(r"^([-—=]*)(请选择|全部|所有|不限|选择).{0,8}$|^[-—=]*$")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "dt", "legend", "caption", "strong", "b")
_MAY_BE_OURS = re.compile(r"公开|年|报告|选择|筛选|查询|位置|信息|归档|列表|目录|全部|所有")
"""In a heading that may be one of annual reports, or of years alone."""
_MOST_PARTS = 2
"""Elements within a tab; more is a box of others."""
# Files of data that a script draws a list out of; what interfaces are asked is not known.
_FEEDS = re.compile(r"['\"]([^'\"\s<>{}]{1,200}\.(?:json|xml)(?:\?[^'\"\s<>{}+]*)?)['\"]")
_TITLES = ("title", "name", "doctitle", "subject", "infotitle", "articletitle")
_TARGETS = ("url", "link", "href", "docpuburl", "infourl", "linkurl")
_DATES = ("date", "pubdate", "publishedtimestr", "docreltime", "infodate", "publishtime")
_TOTALS = ("total", "totalcount", "totalnum")
_MOST_FEEDS = 2
_YEAR = re.compile(r"(19|20)\d{2}")


@once
def by_fields(page: Page) -> tuple[Column, ...]:
    """The years, levels and agencies that drop-downs of the page offer; without an address where only a
    script that does more than put texts together knows it.

    Drop-downs whose values are addresses are links. What is chosen already is what the page shows. One that
    leads elsewhere than to the page itself or below it, and is not headed as one of annual reports, may
    divide anything.
    """
    found: list[Column] = []
    for number, choice in enumerate(page.tree.xpath("//select"), 1):
        options = [(option, plain_text(option)) for option in choice.iter("option")]
        named = [pair for pair in options if _divides(pair[1])]
        others = [text for _, text in options if not _divides(text) and not _ALL.match(folded(text))]
        if len(named) < 2 or len(others) > len(named) or any(_is_address(option) for option, _ in named):
            continue
        shown_now = next(
            (option for option, _ in options if option.get("selected") is not None), options[0][0]
        )
        for option, text in named:
            if option is not shown_now:
                value = (option.get("value") or text).strip()
                url = _of_field(page, choice, value)
                if url is None and _elsewhere(page, choice):
                    break
                sure = url is None or _is_here(page, url) or names_annual(heading_of(choice) or "")
                body = sure and (is_agency(text) or is_place(text))
                found.append(Column(url=url or "", name=text, body=body, sure=sure, choice=number))
    return tuple(found)


def _is_here(page: Page, url: str) -> bool:
    """Whether an address is the page's own, whatever is asked of it, or lies below its folder."""
    here, there = urlsplit(page.url), urlsplit(url)
    folder = here.path.rpartition("/")[0] + "/"
    below = folder.count("/") > 2 and there.path.startswith(folder)
    return here.netloc == there.netloc and (here.path == there.path or below)


def _divides(label: str) -> bool:
    return is_year(label) or is_level(label) or is_agency(label) or is_place(label)


def _is_address(option: lxml.html.HtmlElement) -> bool:
    return re.search(r"[/.]", option.get("value") or "") is not None


def _of_field(page: Page, field: lxml.html.HtmlElement, value: str) -> str | None:
    """The address that choosing a value opens: by the field's script, or by sending its form."""
    code = field.get("onchange") or ""
    opened = clicks.opened(code, value) or clicks.opened_by_call(code, page.functions, value)
    if opened is not None:
        return absolute(page.base, opened)
    form = next(field.iterancestors("form"), None)
    sends = form is not None and (form.get("method") or "get").lower() == "get" and field.get("name")
    if form is None or not sends or _elsewhere(page, field):
        return None
    address = absolute(page.base, form.get("action") or page.url)
    if address is None:
        return None
    kept = [pair for pair in _fields(page, form) if pair[0] != field.get("name")]
    parts = urlsplit(address)
    return absolute(page.base, parts._replace(query=urlencode([*kept, (field.get("name"), value)])).geturl())


@once
def _fields(_page: Page, form: lxml.html.HtmlElement) -> tuple[tuple[str, str], ...]:
    return tuple(paging.fields(form))


@once
def _elsewhere(page: Page, field: lxml.html.HtmlElement) -> bool:
    """Whether a field belongs to a form with a text to write in that is sent to another page: a search."""
    form = next(field.iterancestors("form"), None)
    if form is None or not form.xpath(".//input[not(@type) or @type='text' or @type='search']"):
        return False
    address = absolute(page.base, form.get("action") or page.url)
    return address is None or urlsplit(address).path != urlsplit(page.url).path


def without_address(page: Page, titles: Iterable[str]) -> tuple[str, ...]:
    """Years and agencies that the page offers to click on or to choose without an address, and of which it
    shows no entry itself; `titles` are those of its entries.
    """
    titles = list(titles)
    years = {title_year(title) for title in titles}
    listed = "".join(map(folded, titles))
    names = [column.name for column in by_fields(page) if not column.url]
    found: dict[str, None] = {}
    for name in (*names, *_tabs(page), *_switches(page), *_nodes(page)):
        told = _YEAR.search(folded(name))
        if not (int(told[0]) in years if told and is_year(name) else folded(name) in listed):
            found.setdefault(name)
    return tuple(found)


def _tabs(page: Page) -> list[str]:
    """Labels that are years, lead to no address and are clicked on, where there are several."""
    linked = {link.element for link in page.links}
    found: list[str] = []
    for element in page.tree.iter("a", "li", "span", "div", "h3", "h4", "dt", "button", "p", "td"):
        text = plain_text(element) if len(element) <= _MOST_PARTS else ""
        if len(text) > 12 or not is_year(text):
            continue
        near = [element, *element.iterdescendants(), *islice(element.iterancestors(), 2)]
        if any(one in linked for one in near) or _is_chosen(element) or text in found:
            continue
        clicked = any(paging.is_clicked(page, one) for one in near[:3]) or _is_asking(page, element)
        if clicked and not _divides_others(element):
            found.append(text)
    return found


def _switches(page: Page) -> list[str]:
    """Labels that are levels or bodies, lead to no address and have a script fetch what they name, where
    there are several; what only brings a part of the page to view is none.
    """
    if not (_bound(page) or page.tree.xpath("boolean(//@onclick | //a[starts-with(@href,'javascript:')])")):
        return []
    linked = {link.element for link in page.links}
    found: dict[str, bool] = {}
    for element in page.tree.iter("a", "li", "span", "div", "button", "td", "dd"):
        if next(islice(element.iter(), _MOST_PARTS + 2, None), None) is not None:
            continue
        near = [element, *element.iterdescendants(), *islice(element.iterancestors(), 1)]
        if any(one in linked for one in near):
            continue
        text = plain_text(element)
        told = 2 <= len(text) <= 30 and (is_level(text) or is_agency(text))
        if not told or _heads_links(element):
            continue
        if _is_asking(page, element) or any(_calls_for_more(page, one) for one in near):
            found[text] = found.get(text, False) or _is_chosen(element)
    return [text for text, chosen in found.items() if not chosen] if len(found) > 1 else []


def _heads_links(element: lxml.html.HtmlElement) -> bool:
    """Whether what follows a label, in its line or behind it, holds links: a click only folds these."""
    own = plain_text(element)
    above = islice(element.iterancestors(), 1)
    line = (one for one in above if len(one) <= _MOST_PARTS and plain_text(one) == own)
    for node in (element, *line):
        after = next((one for one in node.itersiblings() if isinstance(one.tag, str)), None)
        if after is not None and after.tag in ("ul", "ol", "dl", "div", "dd", "table"):
            return bool(after.xpath("boolean(.//a[@href])"))
    return False


def _calls_for_more(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether a click calls a function that asks for data, or one of another file while the page shows one
    list and hides none.
    """
    code = element.get("onclick") or (element.get("href") or "").removeprefix("javascript:")
    called = _CALLS.match(code)
    if called is None:
        return False
    function = page.functions.get(called[1])
    return bool(_ASKS.search(function.body)) if function is not None else not _shows_parts(page)


@once
def _shows_parts(page: Page) -> bool:
    """Whether a page holds several lists of reports, or a hidden part with links: its tabs show these."""
    lists = set()
    for link in page.links:
        if names_report(link.label):
            lists.add(next(link.element.iterancestors("ul", "ol", "dl", "table", "div"), None))
    hidden = "//*[contains(translate(@style,' ',''),'display:none')]//a[@href]"
    return len(lists) > 1 or bool(page.tree.xpath(hidden))


def _is_asking(page: Page, element: lxml.html.HtmlElement) -> bool:
    """Whether a script that asks for data hears of a click on an element, by what it or its box is called."""
    bound = _bound(page)
    near = (element, *islice(element.iterancestors(), 2)) if bound else ()
    return any(
        name in bound for one in near for name in (*(one.get("class") or "").split(), one.get("id") or "")
    )


@once
def _bound(page: Page) -> frozenset[str]:
    """The classes and ids on which scripts that ask for data hear clicks."""
    sources = [source for source in page.tree.xpath("//script[not(@src)]/text()") if _ASKS.search(source)]
    selectors = (one or two for source in sources for one, two in _BOUND.findall(source))
    return frozenset(name for selector in selectors for name in _CALLED_SO.findall(selector))


def _divides_others(element: lxml.html.HtmlElement) -> bool:
    """Whether a year stands in a box without reports whose heading names something else."""
    node = element
    for _ in range(3):
        before = (one for one in node.itersiblings(preceding=True) if one.tag in _HEADINGS)
        heading, parent = next(before, None), node.getparent()
        if parent is None or parent.tag in ("body", "html"):
            return False
        if heading is not None:
            text = folded(plain_text(heading))
            if not text or _divides(text) or _MAY_BE_OURS.search(text) or hub_rank(text) is not None:
                return False
            return not any(names_report(plain_text(one)) for one in parent.iter("a"))
        node = parent
    return False


def _is_chosen(element: lxml.html.HtmlElement) -> bool:
    """Whether a tab is the one whose content the page shows."""
    near = [element, *islice(element.iterancestors(), 1)]
    said = " ".join(one.get("class") or "" for one in near)
    return (
        re.search(r"(^|[-_\s])(on|cur|current|active|selected|act|hover|this|checked)([-_\s]|$)", said)
        is not None
    )


def _nodes(page: Page) -> list[str]:
    """Agencies that a script's tree or menu names without an address, where it names several."""
    named = {folded(link.text) for link in page.links} | {folded(link.label) for link in page.links}
    sources = page.tree.xpath("//script[not(@src)]/text()")
    found = [name for source in sources for name in unlinked_names(source) if is_agency(name)]
    return [name for name in found if folded(name) not in named] if len(found) > 2 else []


def feeds(page: Page) -> tuple[str, ...]:
    """Addresses of the files of data on the page's own host that its scripts name where they ask for some."""
    host = urlsplit(page.url).netloc
    sources = page.tree.xpath("//script[not(@src)]/text()")
    named = (name for source in sources if _ASKS.search(source) for name in _FEEDS.findall(source))
    found = dict.fromkeys(absolute(page.base, name) for name in named)
    return tuple(url for url in found if url and urlsplit(url).netloc == host)[:_MOST_FEEDS]


def fed(body: bytes, base: str) -> ListAnswer:
    """The entries of a file of data, JSON or XML of any shape whose objects have a title and an address.

    Raises AnswerError where it has none; links are relative to `base`, the page that shows them.
    """
    text = decoded(body).strip()
    try:
        objects = list(_json_objects(json_told(text)) if text[:1] in ("{", "[") else _xml_objects(body))
    except (ValueError, RecursionError, etree.LxmlError) as error:
        raise AnswerError("no data") from error
    totals = [int(one[key]) for one in objects for key in _TOTALS if one.get(key, "").isdigit()]
    found: dict[str, Entry] = {}
    for one in objects:
        title = next((one[key] for key in _TITLES if one.get(key)), "")
        target = next((one[key] for key in _TARGETS if one.get(key)), "")
        url = absolute(base, target) if title and target else None
        if url is not None:
            date = next((one[key] for key in _DATES if one.get(key)), "")
            plain = " ".join(_TAG.sub("", title).split())
            found.setdefault(url, Entry(url=url, title=plain, date=iso_date(date)))
    if not found:
        raise AnswerError("nothing in it has a title and an address")
    return ListAnswer(entries=tuple(found.values()), total=max(totals, default=None))


def _json_objects(value: object) -> Iterator[dict[str, str]]:
    """Every object in a JSON value: its names in small letters with their texts and numbers."""
    waiting = [value]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(inner for inner in one.values() if isinstance(inner, dict | list))
            yield {name.lower(): str(inner) for name, inner in one.items() if isinstance(inner, str | int)}


def _xml_objects(body: bytes) -> Iterator[dict[str, str]]:
    """Every element of an XML text that holds nothing but texts: the small names of these, with them."""
    tree = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, recover=False))
    for element in tree.iter(etree.Element):
        inner = [one for one in element if isinstance(one.tag, str)]
        if inner and not any(len(one) for one in inner):
            yield {etree.QName(one).localname.lower(): (one.text or "").strip() for one in inner}


def drawn_by_script(page: Page) -> str | None:
    """What on a list page only a script fills, out of data whose address is not known: a few words that name
    the place, or None where there is none.
    """
    for element in page.tree.xpath("//*[@v-for or @ng-repeat or @data-ng-repeat]"):
        if _TEMPLATE.search(plain_text(element)) and not in_navigation(element):
            return f"the template {plain_text(element)[:60]!r}"
    asking = [source for source in page.tree.xpath("//script[not(@src)]/text()") if _ASKS.search(source)]
    quoted = {
        found
        for source, rows in [(source, _ROWS.search(source)) for source in asking]
        for found in _WRITTEN_TO.findall(source)
        # A script that puts no rows together is handed them, where it fills what is called a list.
        if rows or _LISTS.search(found[1])
    }
    ids = {name for mark, name, end in quoted if mark == "#" or (not mark and end in "'\"")}
    classes = {name for mark, name, _ in quoted if mark == "."}
    for box in page.tree.xpath(
        "//*[self::ul or self::ol or self::tbody or self::table or self::div or self::dl][@id or @class]"
    ):
        called = [name for name in (box.get("class") or "").split() if name in classes]
        called += [name for name in (box.get("id"),) if name in ids]
        if not called or len(box) > 1 or not _NOTHING.match(folded(plain_text(box))) or in_navigation(box):
            continue
        if not any(map(is_pager, called)):
            return f"the empty box {called[0]!r}"
    shell = not page.links and page.tree.xpath("boolean(//script)") and len(folded(page.text)) < _SHELL
    return "the whole page, which is empty" if shell else None
