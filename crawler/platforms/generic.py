"""Any portal: menus, lists and articles read from the structure that most portals share.

Recognised by nothing: the fallback where no platform claims a page. Pure functions over a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit

import lxml.html

from crawler.addresses import absolute, canonical
from crawler.page import (
    Link,
    Page,
    box_heading,
    compiled,
    heading_of,
    in_navigation,
    iso_date,
    once,
    plain_text,
    written,
)
from crawler.platforms import embedded, offered, paging
from crawler.platforms.embedded import Offer, Region
from crawler.platforms.files import DOCUMENT_ENDINGS as DOCUMENT_ENDINGS  # noqa: PLC0414 asked for here, too
from crawler.platforms.files import IMAGE_ENDINGS as IMAGE_ENDINGS  # noqa: PLC0414
from crawler.platforms.files import document_ending as document_ending  # noqa: PLC0414
from crawler.platforms.files import is_document as is_document  # noqa: PLC0414
from crawler.platforms.files import is_download, is_viewer, names_file, shown, signs
from crawler.platforms.shapes import (
    AnswerError,
    Article,
    Attachment,
    Column,
    Entry,
    ListAnswer,
    ListCall,
    ListPage,
    NextPages,
)
from crawler.titles import (
    divides_annual,
    folded,
    hub_part,
    hub_rank,
    is_agency,
    is_entrance,
    is_level,
    is_next,
    is_other,
    is_place,
    is_report,
    is_whole_list,
    is_year,
    names_annual,
    names_report,
    page_number,
    section_rank,
    title_year,
)

TITLES = (
    "//h1[contains(@class,'article_title')]",
    "//*[contains(@class,'mainbox')]//h1//ucaptitle",
    "//ucaptitle",
    "//*[contains(@class,'article-title') or contains(@class,'arti_title') or contains(@class,'con_title')]",
    "//h1",
    "//h2[contains(@class,'title')]",
)
BODIES = (
    "//*[@id='zoomcon']",
    "//*[@id='UCAP-CONTENT']",
    "//ucapcontent",
    "//*[contains(concat(' ',@class,' '),' article_content ')]",
    "//*[contains(concat(' ',@class,' '),' article-content ')]",
    "//*[contains(concat(' ',@class,' '),' gzk_detail ')]",
    "//*[@id='zoom' or @id='Zoom']",
    "//*[contains(@class,'TRS_Editor') or contains(@class,'trs_editor_view')]",
    "//*[contains(@class,'Custom_UnionStyle')]",
    "//*[@id='vsb_content']",
    "//*[contains(@class,'v_news_content')]",
    "//*[contains(@class,'pages_content')]",
    "//*[contains(@class,'content_body') or contains(@class,'article_body')]",
    "//*[contains(@class,'news_content')]",
    "//*[@id='content' or @id='article' or @id='artibody' or @id='contentText']",
    "//article",
)
APPENDICES = (
    "//*[@id='cmspro_appendixs']",
    "//*[contains(@class,'appendix') or contains(@class,'attach') or contains(@class,'fujian')]",
    "//*[contains(@id,'appendix') or contains(@id,'attach') or contains(@id,'fujian')]",
)
_UNLINKED = compiled(".//text()[not(ancestor::a or ancestor::script or ancestor::style or ancestor::title)]")
_DATED = compiled("//publishtime//text() | //*[contains(@class,'date')]//text()")
_SAID_DATE = re.compile(r"(?:日期|时间)\s*[:：]?\s*((?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2})")
_REFRESH = compiled(
    "//meta[translate(@http-equiv,'REFSH','refsh')='refresh'][not(ancestor::noscript)]/@content"
)
_REFRESHED = re.compile(r"\s*(\d+)\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_SENT_ON = re.compile(
    r"(?:location(?:\.href)?\s*=|location\.(?:replace|assign)\s*\(|window\.open\s*\()\s*['\"]([^'\"]+)['\"]"
)
_VALUE = re.compile(r"(?<![\w$.])([\w$]+)\s*=\s*['\"]([^'\"\n]+)['\"]")
_SENT_TO = re.compile(
    r"(location(?:\.href)?\s*=\s*|location\.(?:replace|assign)\s*\(\s*)([A-Za-z_$][\w$]*)(?=\s*[;)\n]|\s*$)"
)
_WRITTEN_REFRESH = re.compile(
    r"document\.write(?:ln)?\(\s*['\"]<meta[^>]{0,40}refresh[^>]{0,40}url=\s*\\?['\"]?([^'\"\\>\s]+)",
    re.IGNORECASE,
)
_CRUMBS = re.compile(r"(当前|您的|您现在的|所在|现在)的?位置[:：]?|您(所)?在(的位置)?[:：]")
_SPLIT = re.compile(r"\s*(?:>>|->|>|›|»|→|/|\\|\||＞)\s*")
_MARKS = (
    "总体情况",
    "主动公开",
    "行政复议",
    "行政诉讼",
    "存在的主要问题",
    "收到和处理",
    "依申请公开",
    "其他需要报告",
)
_VAGUE = re.compile(
    r"^(下载|点击下载|附件下载?|查看|详情|查看详情|阅读|浏览|打开|链接|pdf|word|html|文字版|图片版|pdf版|word版|全文)\d*$",
    re.IGNORECASE,
)
_PASSED_BY = re.compile(
    r"^(首页|上一页|上页|尾页|末页|更多|more|返回|打印|关闭|关闭窗口|收藏|分享|登录|注册|搜索|跳转|go|转到|加入收藏|设为首页|无障碍|[<«‹]+)",
    re.IGNORECASE,
)
# A page that a script puts into a box or a frame: .load('list.html'), frame.src = 'list.html'.
_LOADED = re.compile(
    r"(?:\.load\(\s*|\.src\s*=\s*|\.attr\(\s*['\"]src['\"]\s*,\s*)['\"]([^'\"\s<>]{1,200}\.(?:s?html?|jspx?|aspx?|php|do)(?:\?[^'\"\s<>]*)?)"
    r"['\"]"
)
_ROUTE = re.compile(r"[/=?]")
_ANNOUNCED = re.compile(r"^(相关|本文)?附件(下载|列表|材料)?[:：]?$")
_PAGE_ENDING = re.compile(r"(\.(s?html?|jspx?|aspx?|php|do|action)|/)$", re.IGNORECASE)
_ENTRANCE = re.compile(r"/(index|default|main|home)\.\w+$", re.IGNORECASE)
_MOST_WELCOMING = 12
"""Links of a page that only welcomes its reader; a portal's menu has more."""
_ANY_YEAR = re.compile(r"(19|20)\d{2}")
_BRACKETED = re.compile(r"^[\[(【〔].{2,30}[\])】〕][:：]?$")
_MOST_SIGNS = 4
"""Signs of what is not the title of an entry but a button beside it."""
_MOST_BUTTONS = 8
"""Links beside each other in the line of one entry: to read it, to load it down in several formats."""
_NEIGHBOUR = re.compile(r"^(上|下|前|后)一?(篇|条|则|个)")
"""What stands before the links from one article to the articles beside it."""
_ARTICLE_URL = re.compile(
    r"(/t\d{8}_\d+|/art_\d+_\d+|/art/\d{4}/|/\d{6}/[^/]+\.s?html?$|/info/\d+/\d+|/contents?/\d+/\d+|/content_\d+|"
    r"post_\d+|/\d{4}[-/]\d{1,2}([-/]\d{1,2})?/|[?&](id|articleid|infoid|messagekey)=\w+|/[0-9a-f]{32}\.|/\d{3,}\.s?html?$)",
    re.IGNORECASE,
)
_MENU_SCRIPT = re.compile(r"[^/]*(nav|menu|head|top|channel|daohang|column)[^/]*\.(js|json)$", re.IGNORECASE)
_DATA = re.compile(r"""["']([^"'\s<>]{1,200}\.json)["'?]""")
_FOREWORD = 200
"""Signs beside the links of an article that only lists agencies."""
_LIBRARY = re.compile(r"jquery|bootstrap|swiper|layui|superfish|scrolltop|backtop|gotop", re.IGNORECASE)
_ANNUAL = re.compile(r"(19|20)\d{2}年?度?(年报|年度(工作)?报告|报告)$|^(19|20)\d{2}年?(年报|年度(工作)?报告)")
_ADVERSE_FRAMES = re.compile(r"visit|count|login|share|tongji|stat|weather|search", re.IGNORECASE)


@lru_cache(maxsize=4096)
def article_address(url: str) -> bool:
    """Whether an address looks like an article's on any known platform."""
    return bool(_ARTICLE_URL.search(url)) or is_document(url)


# Menus


@once
def section_links(page: Page) -> list[tuple[int, Link]]:
    """Links whose labels name the annual-report section, with their rank, best first."""
    return _ranked(page, section_rank)


@once
def hub_links(page: Page) -> list[tuple[int, Link]]:
    """Links whose labels name a page on which the section may stand, with their rank, best first."""
    return _ranked(page, hub_rank)


def _ranked(page: Page, rank_of: Callable[[str], int | None]) -> list[tuple[int, Link]]:
    here = canonical(page.url)
    found: dict[str, tuple[int, Link]] = {}
    for link, label in _labelled(page):
        ranks = [
            rank for rank in (rank_of(link.text), rank_of(link.label), rank_of(label)) if rank is not None
        ]
        address = canonical(link.url)
        if ranks and address != here and not is_document(link.url):
            best = min(ranks)
            if address not in found or best < found[address][0]:
                told = link if rank_of(link.text) == best or rank_of(link.label) == best else None
                found[address] = (best, told or replace(link, label=label))
    return sorted(found.values(), key=lambda pair: pair[0])


@once
def _labelled(page: Page) -> tuple[tuple[Link, str], ...]:
    """The page's links, each with a further label where its own words are not all of it.

    A label may be cut in two links to one address that follow each other, or stand beside a link
    that only holds a picture. What leads to the whole of a list is called as the box of its newest entries.
    """
    found: list[tuple[Link, str]] = []
    before: Link | None = None
    for link in page.links:
        label = link.label
        if before is not None and before.url == link.url and before.text != link.text:
            label = before.text + link.text
        elif is_whole_list(link.text):
            label = box_heading(link.element) or link.label
        elif not link.text:
            item = _item(link.element)
            label = plain_text(item) if item is not link.element and not _several(item) else link.label
        found.append((link, label))
        before = link
    return tuple(found)


def entrances(page: Page) -> tuple[Link, ...]:
    """The links that lead on to the portal from a page that only welcomes its reader; none of any other."""
    if len(page.links) > _MOST_WELCOMING:
        return ()
    host = urlsplit(page.url).netloc
    own = [link for link in page.links if urlsplit(link.url).netloc == host]
    return tuple(
        link
        for link in own
        if is_entrance(link.label) or (not link.text and _ENTRANCE.search(urlsplit(link.url).path))
    )


def is_hub_page(page: Page) -> bool:
    """Whether a page is one of the pages on government information that every agency has.

    They have one form since 2019: guide, rules, what must be published, annual reports and requests on one
    side, the agencies on the other.
    """
    parts = {titled for link in page.links if (titled := hub_part(link.text or link.label)) is not None}
    return len(parts) >= 3


def agency_links(page: Page) -> tuple[Column, ...]:
    """The agencies and places that a page lists beside its own menu, each with a page of its own.

    Links of friendship are none: they stand in drop-downs and at the foot. A list that leads only to
    other hosts counts where its heading says that it is of departments or places below.
    """
    host = urlsplit(page.url).hostname
    found: dict[str, Column] = {}
    for block in _blocks(page, article_address, starts=True):
        # Agencies may be told apart by an id in the query; articles bear theirs in the path.
        links = [link for link in block.links if not article_address(link.url.partition("?")[0])]
        bodies = [link for link in links if is_agency(link.label) or is_place(link.label)]
        if len(bodies) < max(2, 0.6 * len(block.links)):
            continue
        own = any(urlsplit(link.url).hostname == host for link in bodies)
        if not own and not is_level((heading_of(bodies[0].element) or "").rstrip(":")):
            continue
        # In a list of agencies a name of no known form is one of them.
        for link in links:
            if section_rank(link.label) is None and hub_part(link.label) is None:
                found.setdefault(canonical(link.url), Column(url=link.url, name=link.label, agency=True))
    return tuple(found.values())


def articles_linked(page: Page) -> frozenset[str]:
    """The articles that a page links anywhere, by their addresses as they are compared."""
    return frozenset(canonical(link.url) for link in page.links if article_address(link.url))


def held(page: Page) -> frozenset[str]:
    """The files that a page links or shows, by their addresses as they are compared; decoration left out."""
    files = article(page).attachments
    shown_in_place = own_offers(page, files, "", None)
    return frozenset(
        canonical(url) for url in (*(one.url for one in files), *(o.url for o in shown_in_place))
    )


def names_beside_links(page: Page, title: str) -> bool:
    """Whether a title stands on a page other than as the words of a link."""
    wanted = folded(title)
    linked = sum(folded(link.text).count(wanted) for link in page.links) if wanted else 0
    return bool(wanted) and folded(page.text).count(wanted) > linked


def report_entries(page: Page) -> tuple[Entry, ...]:
    """Links anywhere on the page whose titles name a report with a year: for pages outside a section."""
    entries = {
        canonical(link.url): Entry(
            url=link.url, title=link.label, date=iso_date(plain_text(_item(link.element)))
        )
        for link in page.links
        if is_report(link.label) and re.search(r"\d{4}|[〇零○]", link.label) and article_address(link.url)
    }
    return tuple(entries.values())


# Lists


@dataclass
class _Block:
    """Links that stand in one container, with what speaks for its being the list."""

    links: list[Link] = field(default_factory=list)
    reports: int = 0
    dated: int = 0
    articles: int = 0
    agencies: int = 0
    annual: int = 0


@once
def listing(page: Page, is_article: Callable[[str], bool] = article_address) -> ListPage:
    """The entries of the page's list and the columns below it.

    The list is every block of links with a report among them, or of dated agencies, or else the block
    with most dated or article-like links. `is_article` tells the addresses of articles.
    """
    blocks = _blocks(page, is_article)
    chosen = [block for block in blocks if block.reports]
    bodies = [block for block in blocks if block.agencies >= max(2, 0.6 * len(block.links))]
    short = [block for block in blocks if block.annual >= max(2, 0.6 * len(block.links))]
    if not chosen:
        chosen = [*bodies, *(block for block in short if block not in bodies)]
    else:
        # Beside a report that is put on top, others may stand by their agencies' names and dates, or be
        # called by no more than body and year.
        dated = [block for block in bodies if block.dated * 2 >= len(block.links) or _is_headed(block)]
        chosen += [block for block in blocks if not block.reports and (block in dated or block in short)]
    if not chosen:
        likely = [
            block
            for block in blocks
            if block.dated * 2 >= len(block.links) or block.articles * 2 >= len(block.links)
        ]
        likely = [block for block in likely if block.dated or block.articles]
        chosen = sorted(likely, key=lambda block: (block.dated, block.articles), reverse=True)[:1]
    columns = _columns(page, chosen, is_article)
    named = {canonical(column.url) for column in columns}
    entries: dict[str, Entry] = {}
    for block in chosen:
        for link in block.links:
            address = canonical(link.url)
            if address not in named:
                entry = _entry(link)
                known = entries.get(address)
                if known is None or len(entry.title) > len(known.title):
                    entries[address] = entry
    return ListPage(entries=tuple(entries.values()), columns=columns)


def _is_headed(block: _Block) -> bool:
    """Whether articles that are called by bodies stand under a heading of a level or of annual reports."""
    heading = heading_of(block.links[0].element) or ""
    return block.articles * 2 >= len(block.links) and (names_annual(heading) or is_level(heading.rstrip(":")))


def reports_only(found: ListPage) -> ListPage:
    """A list page with only those of its entries whose titles say that they are reports."""
    return replace(found, entries=tuple(entry for entry in found.entries if is_report(entry.title)))


def unaddressed(page: Page) -> tuple[str, ...]:
    """Titles of reports that the page names in something to click on, but without an address."""
    addressed = {link.element for link in page.links}
    told = (link.label for link in page.links if names_report(link.label) or is_short_title(link.label))
    years = set(map(title_year, told))
    targets = {f"#{name}" for name in page.tree.xpath("//@id | //@name")}
    known = {folded(link.label) for link in page.links} | {folded(link.text) for link in page.links}
    found: dict[str, None] = {}
    for element in page.tree.xpath("//a | //*[@onclick]"):
        reference = (element.get("href") or "").strip()
        clicked = element.get("onclick") or reference.lower().startswith("javascript:")
        label = element.get("title") or plain_text(element)
        if clicked and is_vague(label) and element.tag != "tr" and not _is_among_many(element):
            label = _entry(Link("", label, label, element)).title
        # What bears only a year may be the tab of a list that the page shows.
        short = clicked and _ANNUAL.search(folded(label)) and title_year(label) not in years
        if not (names_report(label) or short) or is_other(label) or folded(label) in known:
            continue
        if not clicked and not (_leads_nowhere(element, reference, targets) and _is_entry(element, label)):
            continue
        if not any(inner in addressed for inner in element.iter()):
            found.setdefault(label)
    return tuple(found)


def merged(page: Page) -> tuple[str, ...]:
    """Titles of reports whose addresses differ from another's, or from the page's, by nothing but what is
    dropped from addresses as a session or a moment, or is for a script to read behind the #: there it says
    which report is meant, and they cannot be told apart.
    """
    first: dict[str, tuple[str, str]] = {canonical(page.url): ("", "")}
    found: dict[str, None] = {}
    for link in page.links:
        if not names_report(link.label):
            continue
        title, reference = folded(link.label), urlsplit(link.element.get("href") or "")
        # A mark in the page is a word; what a script takes for an address has its signs.
        route = reference.fragment if _ROUTE.search(reference.fragment) else ""
        if canonical(link.url) == canonical(page.url) and not route:
            continue
        query = f"{reference.query}#{route}"
        known, asked = first.setdefault(canonical(link.url), (title, query))
        if asked != query and not (known and (known in title or title in known)):
            found.setdefault(link.label)
    return tuple(found)


def _leads_nowhere(element: lxml.html.HtmlElement, reference: str, targets: Collection[str]) -> bool:
    """Whether a link without an address is no mark in the page either, and leads to none."""
    if not reference:
        return not (element.get("id") or element.get("name"))
    if reference.startswith("#"):
        return reference not in targets
    # An address that no browser opens either, or a file on its author's disk.
    return absolute("http://host/", reference) is None


def _is_entry(element: lxml.html.HtmlElement, label: str) -> bool:
    """Whether a report's name is one of a list: a year's tab that is chosen has no address either."""
    rank = section_rank(label)
    return rank is None or rank % 10 > 1 or iso_date(plain_text(_item(element))) is not None


def _blocks(page: Page, is_article: Callable[[str], bool], *, starts: bool = False) -> list[_Block]:
    """The page's links by their containers; `starts` leaves those to hosts' start pages in."""
    here = canonical(page.url)
    blocks: dict[tuple[object, str, str], _Block] = {}
    for link in page.links:
        label = folded(link.label)
        if not label or label.isdigit() or is_next(label) or _PASSED_BY.match(label):
            continue
        if canonical(link.url) == here or link.element.tag == "option":
            continue
        if _NEIGHBOUR.match(folded(plain_text(_item(link.element)))) or _NEIGHBOUR.match(
            _before(link.element)
        ):
            continue
        if _is_column_before(link):
            continue
        if in_navigation(link.element) and not _is_told_entry(link, is_article):
            continue
        if urlsplit(link.url).path in ("", "/") and not urlsplit(link.url).query and not starts:
            continue
        block = blocks.setdefault(_container(link.element), _Block())
        block.links.append(link)
        block.agencies += is_agency(link.label)
        block.reports += names_report(link.label)
        block.dated += iso_date(plain_text(_item(link.element)).replace(link.label, "")) is not None
        block.articles += is_article(link.url)
        block.annual += bool(_ANNUAL.search(label)) and is_article(link.url)
    return list(blocks.values())


def _is_told_entry(link: Link, is_article: Callable[[str], bool]) -> bool:
    """Whether a link is an entry of ours whatever its box is called: an article under a report's title, or
    with a date, which menus have not, and the name of a body or an annual report.
    """
    if is_report(link.label) and is_article(link.url):
        return True
    told = is_report(link.label) or _ANNUAL.search(folded(link.label)) or is_agency(link.label)
    return bool(told) and iso_date(plain_text(_item(link.element)).replace(link.label, "")) is not None


def _is_column_before(link: Link) -> bool:
    """Whether a link is the column or the body of an entry, put in brackets before the entry's own link: none
    is what names a year or a report itself, or stands before another such link.
    """
    text = folded(link.text)
    if not _BRACKETED.match(text) or _ANY_YEAR.search(text) or names_annual(text):
        return False
    after = next((one for one in link.element.itersiblings() if isinstance(one.tag, str)), None)
    if after is None or after.tag != "a":
        return False
    title = folded(plain_text(after))
    return len(title) > _MOST_SIGNS and not _BRACKETED.match(title)


def _before(element: lxml.html.HtmlElement) -> str:
    """The folded text that stands directly before an element."""
    previous = element.getprevious()
    parent = element.getparent()
    lead = previous.tail if previous is not None else parent.text if parent is not None else None
    return folded(lead or "") or (folded(plain_text(previous)) if previous is not None else "")


def _container(element: lxml.html.HtmlElement) -> tuple[object, str, str]:
    """What links of one list share: the parent, tag and class of the innermost box around several links."""
    node = element
    while (parent := node.getparent()) is not None and parent.tag not in ("body", "html"):
        node = parent
        box = node.tag in ("ul", "ol", "dl", "table", "tbody", "div", "section")
        if box and _several(node) and not _is_item(node):
            break
    parent, kind = node.getparent(), node.get("class") or ""
    # Boxes without a name directly under the body have nothing in common but their tag.
    if parent is None or (parent.tag in ("body", "html") and not kind):
        return (node, str(node.tag), kind)
    return (parent, str(node.tag), kind)


def _several(node: lxml.html.HtmlElement) -> bool:
    """Whether a box holds two links to different places."""
    found: set[object] = set()
    for element in node.iter():
        if element.tag == "a":
            found.add(element.get("href"))
        if isinstance(element.tag, str) and element.get("onclick") and element is not node:
            found.add(element)
        if len(found) > 1:
            return True
    return False


def _more_than(count: int, found: Iterable[object]) -> bool:
    """Whether there are more than `count`, counting no further than that: pages may have thousands."""
    return sum(1 for _ in islice(found, count + 1)) > count


def _is_item(node: lxml.html.HtmlElement) -> bool:
    """Whether a box is one line of a list: its neighbours are boxes of the same kind and it has few links."""
    parent = node.getparent()
    if node.tag in ("ul", "ol", "dl", "tbody") or parent is None or _more_than(3, node.iter("a")):
        return False
    if parent.tag in ("li", "td", "dd"):
        return True
    if not node.get("class"):
        return False
    alike = (other for other in parent if other.tag == node.tag and other.get("class") == node.get("class"))
    return _more_than(2, alike)


def _item(element: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    """The line of the list in which a link stands."""
    for ancestor in element.iterancestors():
        if ancestor.tag in ("li", "tr", "dd", "dt", "p"):
            return ancestor
        if ancestor.tag in ("ul", "ol", "dl", "table", "body") or _more_than(2, ancestor.iter("a")):
            return element
        if ancestor.tag == "div" and iso_date(plain_text(ancestor)):
            return ancestor
    return element


def _is_among_many(element: lxml.html.HtmlElement) -> bool:
    """Whether more things to click on than those of one entry stand beside an element."""
    parent = element.getparent()
    return parent is not None and _more_than(_MOST_BUTTONS, parent.iterchildren("a"))


def is_short_title(title: str) -> bool:
    """Whether a title is no more than a year and the word for an annual report, with or without a body."""
    return _ANNUAL.search(folded(title)) is not None and not (is_report(title) or is_other(title))


def is_vague(label: str) -> bool:
    """Whether a link's words name nothing."""
    return not folded(label) or bool(_VAGUE.match(folded(label)))


def _entry(link: Link) -> Entry:
    line = plain_text(_item(link.element))
    date = iso_date(line.replace(link.label, "").replace(link.text, "")) or iso_date(line)
    title = link.label
    if _VAGUE.match(folded(title)):
        rest = re.sub(r"(19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?", "", line)
        title = (
            " ".join(re.sub(r"[(（\[【]\s*[)）\]】]", "", rest).split()).removesuffix(link.text).strip()
            or title
        )
    return Entry(url=link.url, title=title, date=date)


def _columns(page: Page, chosen: Iterable[_Block], is_article: Callable[[str], bool]) -> tuple[Column, ...]:
    """Links that divide the section: by year or level or agency, or named as annual reports themselves.

    What stands in the list counts, what lies below the page's own folder, what has a heading that
    names annual reports, and what shares its menu with a label that does.
    """
    here = canonical(page.url)
    folder = here.rpartition("/")[0] + "/"
    listed = {canonical(link.url) for block in chosen for link in block.links}
    kin = _annual_kin(page)
    bars = _bars(page, is_article)
    found: dict[str, Column] = {}
    for link in page.links:
        label = link.label if not is_year(link.text) else link.text
        address = canonical(link.url)
        if address == here or is_document(link.url) or not folded(label):
            continue
        divides = is_year(label) or is_level(label)
        agency = is_agency(label) and address in listed and not is_article(link.url)
        part = section_rank(label) is not None and not (is_article(link.url) or address in listed)
        annual = divides_annual(label) and not (is_report(label) or is_article(link.url))
        if is_whole_list(link.text) and _stands_with_reports(link):
            found.setdefault(address, Column(url=link.url, name=heading_of(link.element) or label))
        if annual:
            found.setdefault(address, Column(url=link.url, name=label))
        if annual or not (divides or agency or part):
            continue
        below = address.startswith(folder) and folder.count("/") > 3
        headings = kin.get(_container(link.element), [])
        beside = len(headings) >= (1 if divides else 2) and (part or _of_menu(link, headings))
        near = below or beside or (divides and urlsplit(link.url).path == urlsplit(page.url).path)
        near = near or names_annual(heading_of(link.element) or "")
        barred = divides and link.element in bars and address not in listed
        if divides and is_article(link.url) and not (near or barred):
            continue
        if near or address in listed or (part and _YEARLY.search(folded(label))):
            found.setdefault(
                address, Column(url=link.url, name=label, agency=agency and not (divides or part))
            )
        elif barred:
            found.setdefault(address, Column(url=link.url, name=label, sure=False))
    chosen_by = (column for column in offered.by_fields(page) if column.url)
    others = {canonical(column.url): column for column in chosen_by if canonical(column.url) != here}
    return tuple({**others, **found}.values())


def unaddressed_columns(page: Page) -> tuple[str, ...]:
    """Years and agencies that the page offers to click on or to choose without an address, and of which it
    shows no entry itself.
    """
    return offered.without_address(page, [entry.title for entry in listing(page).entries])


def _bars(page: Page, is_article: Callable[[str], bool]) -> frozenset[object]:
    """The links that stand with others in a bar of years or of levels, whatever these divide."""
    bars: dict[tuple[object, str, str, bool], list[Link]] = {}
    host = urlsplit(page.url).netloc
    for link in page.links:
        years = is_year(link.text)
        if not (years or is_level(link.text)) or in_navigation(link.element) or link.element.tag == "option":
            continue
        if urlsplit(link.url).netloc == host and (years or not is_article(link.url)):
            bars.setdefault((*_container(link.element), years), []).append(link)
    return frozenset(link.element for bar in bars.values() if len(bar) > 1 for link in bar)


def in_parts(page: Page) -> bool:
    """Whether an article goes on on further pages, whose addresses are its own with a number."""
    stem, _, ending = urlsplit(page.url).path.rpartition("/")[2].rpartition(".")
    if not stem or not ending:
        return False
    beside = re.compile(rf"/{re.escape(stem)}[-_]\d{{1,2}}\.{re.escape(ending)}$")
    told = paging.told(page)
    if told is not None:
        own = (one for one in told.numberings if beside.search(urlsplit(one.page(2)).path))
        return (told.pages or 0) > 1 and next(own, None) is not None
    near = (link for link in page.links if f"/{stem}_" in link.url or f"/{stem}-" in link.url)
    return any(
        beside.search(link.url)
        and (is_next(link.text) or page_number(link.text) == 2)
        and not _NEIGHBOUR.match(_before(link.element))
        for link in near
    )


def _stands_with_reports(link: Link) -> bool:
    """Whether the innermost box of links around a link is one of reports."""
    for box in link.element.iterancestors():
        others = [plain_text(other) for other in islice(box.iter("a"), 60) if other is not link.element]
        if others:
            return sum(map(names_report, others)) * 2 > len(others)
    return False


def _of_menu(link: Link, headings: Collection[str | None]) -> bool:
    """Whether a link stands under one of some headings, or under none: a menu has several parts."""
    heading = heading_of(link.element)
    return heading is None or heading in headings


def _annual_kin(page: Page) -> dict[tuple[object, str, str], list[str | None]]:
    """The headings of those labels of each box of links that name annual reports."""
    kin: dict[tuple[object, str, str], list[str | None]] = {}
    for link in page.links:
        if section_rank(link.label) is not None:
            box = _container(link.element)
            kin.setdefault(box, []).append(heading_of(link.element))
    return kin


_YEARLY = re.compile(r"(19|20)\d{2}")


def next_pages(page: Page, number: int) -> NextPages:
    """What list page `number` (from 1) says of the pages after it."""
    return paging.next_pages(page, number, _beside_list(page))


def _beside_list(page: Page) -> Callable[[lxml.html.HtmlElement], bool]:
    """Tells of an element whether the innermost box of articles around it is one beside the page's reports;
    it never is where the page lists fewer than two of these.
    """
    listed = {canonical(entry.url) for entry in listing(page).entries}
    own = [link for link in page.links if canonical(link.url) in listed]
    if not _more_than(1, (link for link in own if names_report(link.label))):
        return lambda _element: False
    of_list = _boxes_around(link.element for link in own)
    of_others = _boxes_around(
        link.element for link in page.links if article_address(link.url) and canonical(link.url) not in listed
    )

    def beside(element: lxml.html.HtmlElement) -> bool:
        box = next((box for box in element.iterancestors() if box in of_list or box in of_others), None)
        return box is not None and box not in of_list

    return beside


def _boxes_around(elements: Iterable[lxml.html.HtmlElement]) -> set[object]:
    found: set[object] = set()
    for element in elements:
        for box in element.iterancestors():
            if box in found:
                break
            found.add(box)
    return found


def calls(_page: Page) -> tuple[ListCall, ...]:
    """No list that an interface answers is known without a platform."""
    return ()


def answer(_body: bytes, call: ListCall) -> ListAnswer:
    """Raises AnswerError: without a platform nothing is called."""
    raise AnswerError(f"{call.platform} has no interface")


def further(call: ListCall, rows: int) -> ListCall:
    """The call for the next page; a platform with calls says how it is asked for."""
    return replace(call, number=call.number + 1, offset=call.offset + rows)


def frames(page: Page) -> tuple[str, ...]:
    """Addresses of the page's frames and of the pages that its scripts load into it, those of its own host
    first, counters and log-ins left out.
    """
    host = urlsplit(page.url).hostname
    found = (absolute(page.base, source) for source in page.tree.xpath("//iframe/@src | //frame/@src"))
    kept = [url for url in found if url and not _ADVERSE_FRAMES.search(url)]
    named = (absolute(page.base, name) for name in _LOADED.findall(page.scripts))
    # Heads and feet of pages are loaded so, too.
    kept += [
        url
        for url in named
        if url and urlsplit(url).hostname == host and not _is_furniture(url) and url not in kept
    ]
    return tuple(sorted(kept, key=lambda url: urlsplit(url).hostname != host))


def _is_furniture(url: str) -> bool:
    return bool(_ADVERSE_FRAMES.search(url) or signs()["frame"]["furniture"].search(url))


def menu_scripts(page: Page) -> tuple[str, ...]:
    """Addresses of the page's own scripts and data whose names say that they hold its menus."""
    host = urlsplit(page.url).netloc
    named = (*page.tree.xpath("//script/@src"), *_DATA.findall(page.scripts))
    found = (absolute(page.base, source) for source in named)
    return tuple(
        url
        for url in dict.fromkeys(found)
        if url
        and urlsplit(url).netloc == host
        and _MENU_SCRIPT.search(urlsplit(url).path)
        and not _LIBRARY.search(url)
    )


def script_page(script: Page, included_by: str) -> Page:
    """A script file as a page that holds what it writes, at the address of the page that includes it."""
    return Page(included_by, f"<html><body>{written(script.html)}</body></html>".encode(), "utf-8")


def sent_on(page: Page) -> str | None:
    """The address to which a page only sends its reader on, by meta refresh or by script, or None."""
    for content in _REFRESH(page.tree):
        match = _REFRESHED.match(content)
        # A slow refresh is a page that reloads itself, not one that leads on.
        if match and int(match[1]) <= 10:
            return absolute(page.base, match[2])
    if len(page.body) > 6000 or len(page.links) > 3:
        return None
    code = "\n".join([page.scripts, *page.tree.xpath("//body/@onload")])
    written_on = _WRITTEN_REFRESH.search(code)
    if written_on:
        return absolute(page.base, written_on[1])
    match = _SENT_ON.search(_with_values(code))
    # A page with a report of its own has its script for a button or for small screens.
    if match is None or marks(_prose(page.tree)) >= 3:
        return None
    return absolute(page.base, match[1])


def _with_values(code: str) -> str:
    """A script with the texts of its variables in place of their names where it sends on to them."""
    values = {name: text for name, text in _VALUE.findall(code) if name not in ("href", "location")}
    return _SENT_TO.sub(
        lambda found: f"{found[1]}'{values.get(found[2], '')}'" if found[2] in values else found[0], code
    )


@once
def breadcrumb(page: Page) -> tuple[str, ...]:
    """The names of the columns above the page, outermost first, without the home page's."""
    if not _CRUMBS.search(page.text):
        return ()
    for element in page.tree.iter():
        if not isinstance(element.tag, str) or element.tag in (
            "script",
            "style",
            "html",
            "body",
            "head",
            "title",
            "meta",
        ):
            continue
        text = plain_text(element)
        match = _CRUMBS.search(text) if len(text) <= 200 else None
        if match:
            parts = [part.strip(" :：") for part in _SPLIT.split(text[match.end() :])]
            if len(parts) < 2:
                parts = [plain_text(anchor) for anchor in element.iter("a")]
            names = tuple(part for part in parts if part and part not in ("首页", "网站首页", "正文", "内容"))
            if names:
                return names
    return ()


# Articles


@once
def article(page: Page) -> Article:
    """Title, date, source and files of an article page."""
    body, text = _body(page), _text(page)
    found = marks(text)
    return Article(
        title=_title(page),
        date=_date(page),
        source=page.meta.get("contentsource") or None,
        path=breadcrumb(page),
        has_text=found >= 2 or (body is not None and len(text) > 300),
        reads_as_report=found >= 3,
        attachments=_attachments(page, body, named=found >= 3),
    )


def holds_report(page: Page) -> bool:
    """Whether a page holds a text of its own, so that what it shows beside it is not the report."""
    body, text = _body(page), _text(page)
    return marks(text) >= 3 or (body is not None and len(text) > signs()["onward"]["text"])


def offers(page: Page, files: Iterable[Attachment], label: str, year: int | None = None) -> tuple[Offer, ...]:
    """What a publication of the page may hold: its files, and where the page holds no report what it
    shows or links in place of one. `label` names what has no name, `year` is the one wanted if known.

    Whether a picture or a linked page is part of the report is only known when it has come.
    """
    found = {canonical(file.url): Offer(url=file.url, label=file.label) for file in files}
    held = page if found else embedded.revealed(page)
    if not found and held is not None and not holds_report(page):
        # A script shows the text: what that points at is the page's.
        files = _attachments(held, _body(held), named=True)
        found = {canonical(file.url): Offer(url=file.url, label=file.label) for file in files}
    for part in (page, held if held is not page and not holds_report(page) else None):
        for offer in _stand_ins(part, label, year, bool(_telling(found.values()))) if part else ():
            found.setdefault(canonical(offer.url), offer)
    return tuple(found.values())


def own_offers(page: Page, files: Iterable[Attachment], label: str, year: int | None) -> tuple[Offer, ...]:
    """What a page holds or shows in a text region of its own; nothing where it has no such region."""
    if _body(page) is None:
        return ()
    return tuple(offer for offer in offers(page, files, label, year) if offer.kind != "page")


def _telling(found: Iterable[Offer]) -> list[Offer]:
    """The files that may be the report: whose names do not say that they are something else."""
    return [offer for offer in found if not is_other(offer.label)]


def _stand_ins(page: Page, label: str, year: int | None, has_files: bool) -> Iterable[Offer]:
    """What a page shows or links in place of a report of its own."""
    body = _body(page)
    inside = Region([body]) if body is not None else None
    if holds_report(page):
        text = _text(page)
        owed = year is not None and year >= signs()["picture"]["tables_since"]
        if inside is not None and owed and not any(word in text for word in signs()["picture"]["tables"]):
            yield from embedded.offers(embedded.pictures(page, inside), "picture", label)
        return
    if has_files:
        return
    host = urlsplit(page.url).hostname
    beside = (url for url in embedded.frames(page, None) if urlsplit(url).hostname == host)
    shown_pages = list(embedded.frames(page, inside)) or list(beside)
    yield from embedded.offers(shown_pages, "frame", label)
    yield from embedded.offers(embedded.pictures(page, inside), "picture", label)
    links = [
        link
        for link in page.links
        if (link.element in inside.leading if inside is not None else not in_navigation(link.element))
        and not _NEIGHBOUR.match(_before(link.element))
    ]
    pages = list(dict.fromkeys(embedded.onward(page, links, year)))
    yield from embedded.offers(pages[: signs()["onward"]["most"]], "page", label)


def _prose(region: lxml.html.HtmlElement) -> str:
    """The folded text of a region without its links: menus name the chapters of a report too."""
    return folded("".join(_UNLINKED(region)))


@once
def _text(page: Page) -> str:
    """The prose of the article's region, or of the whole page where none is known."""
    body = _body(page)
    return _prose(body if body is not None else page.tree)


def marks(text: str) -> int:
    """How many of the words that every report holds stand in a folded text."""
    return sum(mark in text for mark in _MARKS)


@once
def is_article(page: Page) -> bool:
    """Whether a page is an article rather than a list that is named like one."""
    body = _body(page)
    if marks(_text(page)) >= 3:
        return True
    listed = [entry for entry in listing(page).entries if is_report(entry.title)]
    if body is not None and _names_agencies(page, body):
        return False
    files = [entry for entry in listed if document_ending(entry.url)]
    if files:
        # One report in several formats is an article's; reports of several years are a list.
        return len({title_year(entry.title) for entry in files}) < 2
    dressed = body is not None or _date(page) is not None
    return len(listed) < (2 if dressed else 1)


def _names_agencies(page: Page, body: lxml.html.HtmlElement) -> bool:
    """Whether the text of an article is nothing but the agencies whose pages it links."""
    inside = Region([body])
    links = [link for link in page.links if link.element in inside.leading and not is_document(link.url)]
    bodies = [link for link in links if is_agency(link.label) and not link.label.isdigit()]
    return len(bodies) >= max(2, 0.8 * len(links)) and len(_text(page)) < _FOREWORD


def _title(page: Page) -> str | None:
    for path in TITLES:
        for element in page.regions(path):
            text = plain_text(element)
            if text:
                return text
    return page.meta.get("articletitle") or page.tree.xpath("normalize-space(//title)") or None


def _date(page: Page) -> str | None:
    for name in ("pubdate", "publishdate"):
        if date := iso_date(page.meta.get(name, "")):
            return date
    if date := iso_date(" ".join(_DATED(page.tree))):
        return date
    match = _SAID_DATE.search(page.text)
    return iso_date(match[1]) if match else None


@once
def _body(page: Page) -> lxml.html.HtmlElement | None:
    for path in BODIES:
        found = page.regions(path)
        if found:
            return max(found, key=lambda element: len(element.text_content()))
    return None


def _is_announced(link: Link) -> bool:
    """Whether the words before a link say that it gives a file, and its address is no page's."""
    if _PAGE_ENDING.search(urlsplit(link.url).path) and not is_document(link.url):
        return False
    return not in_navigation(link.element) and bool(_ANNOUNCED.match(heading_of(link.element) or ""))


def _attachments(page: Page, body: lxml.html.HtmlElement | None, *, named: bool) -> tuple[Attachment, ...]:
    """The files that an article links or shows; `named` as in `embedded.documents`."""
    regions = [body] if body is not None else []
    for path in APPENDICES:
        regions += page.regions(path)
    inside = Region(regions)
    found: dict[str, Attachment] = {}
    for link in page.links:
        url = shown(page.base, link.url) or link.url if is_viewer(link.url) else link.url
        ending = document_ending(url)
        given = "/files/" in urlsplit(url).path or is_download(url) or names_file(link.label)
        announced = _is_announced(link)
        if ending is None and not (given or announced):
            continue
        # Without a known body every document of the page counts, but no image: that may be decoration.
        if (announced or link.element in inside.leading) or (
            body is None and (given or ending in DOCUMENT_ENDINGS) and not in_navigation(link.element)
        ):
            found.setdefault(canonical(url), Attachment(url=url, label=link.label or link.text))
    shown_files = list(embedded.documents(page, inside if regions else None, named=named))
    if not found and not shown_files and regions and not named:
        shown_files = list(embedded.documents(page, None, named=named))
    for url in shown_files:
        found.setdefault(canonical(url), Attachment(url=url, label=urlsplit(url).path.rsplit("/", 1)[-1]))
    found.pop(canonical(page.url), None)
    return tuple(found.values())
