"""开普云 (Ucap), the platform that the portals of Heilongjiang share.

Channel pages are /{site}/{channel}/{template}.shtml, articles /{site}/{channel}/{YYYYMM}/{id}.shtml,
files {id}/files/{name} beside the article; channels are c + digits, an alias or 32 hex digits. Lists
are static pages with createPageHTML, or come from a JSON API, or both. Pure functions over pages
and answers of the API.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from crawler.addresses import absolute
from crawler.page import Page, decoded, iso_date, json_told
from crawler.platforms import generic
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import AnswerError as AnswerError  # noqa: PLC0414 raised here
from crawler.platforms.shapes import Entry, ListAnswer, ListCall, ListPage

_CHANNEL = re.compile(r"^/([\w-]+)/([\w-]+)/(?:([\w.-]+)\.shtml)?$")
_ARTICLE = re.compile(
    r"^/([\w-]+)/([\w-]+)/((?:19|20)\d{4})/((?:c\d{2}_)?(?:\d+|[0-9a-f]{32}))\.shtml$", re.IGNORECASE
)
_CHANNEL_ID = re.compile(
    r"(?:/search/|/searchList/|channelId['\"]?\s*[:=]\s*['\"])([0-9a-f]{32})", re.IGNORECASE
)
_TAB = re.compile(r"(?:^|&)tab=([0-9a-f]{32})(?:&|$)", re.IGNORECASE)
_CALL = re.compile(r"^\s*[\w$.]+\s*\((.*)\)\s*;?\s*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """Where a page stands: origin (scheme and host), site code and channel code."""

    origin: str
    site: str
    channel: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A node of the channel tree: id for lists, code for the tree, and its name."""

    id: str | None
    code: str | None
    name: str


def address(url: str) -> ChannelAddress | None:
    """Site and channel of a channel page or an article, from its path, or None."""
    parts = urlsplit(url)
    match = _CHANNEL.match(parts.path) or _ARTICLE.match(parts.path)
    if not match:
        return None
    return ChannelAddress(f"{parts.scheme}://{parts.netloc}", match[1], match[2])


def tab(url: str) -> str | None:
    """The channel that a hub's address chooses with `?tab=`, by its id, or None."""
    match = _TAB.search(urlsplit(url).query)
    return match[1] if match else None


def channel_id(page: Page) -> str | None:
    """The list's id where the page's scripts name it."""
    match = _CHANNEL_ID.search(page.html)
    return match[1] if match else None


def listing(page: Page) -> ListPage:
    """The entries of a static list and the columns below it."""
    return generic.listing(page, _listed)


def _listed(url: str) -> bool:
    path = urlsplit(url).path
    if _ARTICLE.match(path) or generic.is_document(url):
        return True
    # A channel page is no article however many digits its code has; other paths are judged generally.
    return not _CHANNEL.match(path) and generic.article_address(url)


def is_article(page: Page) -> bool:
    """Whether a page shows one article: by its address, or as `tt` templates do, by its body alone."""
    if _ARTICLE.match(urlsplit(page.url).path):
        return True
    return generic.is_article(page)


def tree_url(place: ChannelAddress) -> str:
    """The address of one level of the channel tree."""
    query = f"channelCode={quote(place.channel)}&websiteCodeName={quote(place.site)}"
    return f"{place.origin}/common/getChannelList?{query}"


def list_call(origin: str, identifier: str, base: str) -> ListCall:
    """The first call of a channel's JSON list, child channels included; `base` is the page that named it."""
    known = facts_of("ucap")
    first, *others = (
        _at(
            ListCall(
                platform="ucap",
                url=origin,
                base=base,
                way=path,
                size=known.sizes[0],
                keys=(("list", f"{origin}{path}{identifier}"),),
            )
        )
        for path in known.paths
    )
    return replace(first, otherwise=tuple(others))


def _at(call: ListCall) -> ListCall:
    url = (
        f"{call.key('list')}?_isAgg=true&_isJson=true&_pageSize={call.size}"
        f"&_template=index&_rangeTimeGte=&_channelName=&page={call.number}"
    )
    return replace(call, url=url, otherwise=())


def further(call: ListCall, rows: int) -> ListCall:
    """The call for the next page."""
    return _at(replace(call, number=call.number + 1, offset=call.offset + rows))


def tree(body: bytes) -> tuple[Channel, tuple[Channel, ...]]:
    """A channel and its children from an answer. Raises AnswerError where it is not one."""
    results = _object(_parsed(body), "results")
    children = results.get("children") or []
    if not isinstance(children, list):
        raise AnswerError("children is no list")
    return _channel(results), tuple(_channel(child) for child in children if isinstance(child, dict))


def _channel(node: dict[str, object]) -> Channel:
    name = node.get("displayName") or node.get("channelName") or ""
    identifier, code = node.get("channelId"), node.get("channelCode")
    return Channel(str(identifier) if identifier else None, str(code) if code else None, str(name))


def answer(body: bytes, call: ListCall) -> ListAnswer:
    """A page of a JSON list, addresses made absolute. Raises AnswerError where it is not one."""
    data = _object(_parsed(body), "data")
    results = data.get("results")
    if results is None and data.get("total") in (0, "0"):
        results = []
    if not isinstance(results, list):
        raise AnswerError("results is no list")
    entries: list[Entry] = []
    nameless: list[str] = []
    for result in results:
        if not isinstance(result, dict):
            raise AnswerError("a result is no object")
        title = html.unescape(re.sub(r"<[^>]+>", "", str(result.get("title") or ""))).strip()
        target = absolute(call.url, str(result.get("url") or ""))
        if target is None:
            nameless.append(title)
            continue
        entries.append(
            Entry(url=target, title=title, date=iso_date(str(result.get("publishedTimeStr") or "")))
        )
    return ListAnswer(
        entries=tuple(entries),
        nameless=tuple(nameless),
        total=_count(data.get("total")),
        size=_count(data.get("rows")),
    )


def _parsed(body: bytes) -> object:
    text = decoded(body)
    call = _CALL.match(text)
    try:
        return json_told(call[1] if call else text)
    except (ValueError, RecursionError) as error:
        raise AnswerError("no JSON") from error


def _object(value: object, key: str) -> dict[str, object]:
    inner = value.get(key) if isinstance(value, dict) else None
    if not isinstance(inner, dict):
        raise AnswerError(f"{key} is missing")
    return inner


def _count(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isdigit() else None
