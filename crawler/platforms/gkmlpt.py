"""广东 gkmlpt: the platform of open government information of Guangdong, /gkmlpt/index#{column}.

Its page holds the tree of columns (`TREE`) and the site's number (`SID`); each column's list comes
from an interface, a hundred entries a page. Pure functions over pages and answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from crawler.addresses import absolute
from crawler.page import Page, decoded, iso_date, json_told
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import AnswerError, Entry, ListAnswer, ListCall
from crawler.titles import section_rank

_TREE = re.compile(r"\bTREE[\"']?\s*:\s*(?=[\[{])")
_SITE = re.compile(r"\bSID[\"']?\s*:\s*[\"']?(\d+)")
_DATES = ("display_publish_time", "first_publish_time", "publish_time", "created_at", "date", "create_time")
_BEIJING = timedelta(hours=8)


def calls(page: Page) -> tuple[ListCall, ...]:
    """The lists of the column in the page's address, or of those that the tree names as annual reports.

    The columns below them are asked for as well: whether a list holds theirs is not known.
    """
    site, base = _SITE.search(page.html), urlsplit(page.base).path.partition("/gkmlpt")[0]
    if site is None or facts_of("gkmlpt").is_article(page.url):
        return ()
    chosen = urlsplit(page.url).fragment
    nodes = list(_nodes(page))
    wanted = [node for node in nodes if chosen and str(node.get("id")) == chosen]
    if not wanted:
        ranks = {str(node.get("id")): section_rank(_name(node)) for node in nodes}
        best = min((rank for rank in ranks.values() if rank is not None), default=None)
        wanted = [node for node in nodes if best is not None and ranks[str(node.get("id"))] == best]
    found: dict[str, ListCall] = {}
    for node in wanted:
        for below in _below(node):
            keys = (
                ("path", base + facts_of("gkmlpt").paths[0]),
                ("id", str(below.get("id"))),
                ("sid", site[1]),
            )
            call = ListCall(
                platform="gkmlpt",
                url=page.base,
                base=page.base,
                size=facts_of("gkmlpt").sizes[0],
                column=_name(below),
                keys=keys,
            )
            found.setdefault(call.key("id"), _at(call))
    return tuple(found.values())


def _nodes(page: Page) -> Iterator[dict[str, object]]:
    """Every node of the page's tree, outermost first."""
    for found in _TREE.finditer(page.html):
        try:
            tree, _ = json.JSONDecoder().raw_decode(page.html, found.end())
        except (ValueError, RecursionError):
            continue
        for node in tree if isinstance(tree, list) else [tree]:
            yield from _below(node)


def _below(node: object) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        yield node
        children = node.get("children") or node.get("child") or []
        for child in children if isinstance(children, list) else []:
            yield from _below(child)


def _name(node: dict[str, object]) -> str:
    return str(node.get("name") or node.get("title") or node.get("label") or "")


def _at(call: ListCall) -> ListCall:
    path = call.key("path").format(column=call.key("id"), page=call.number, sid=call.key("sid"))
    return replace(call, url=absolute(call.base, path) or call.base)


def answer(body: bytes, call: ListCall) -> ListAnswer:
    """A page of a list. Raises AnswerError where the answer is none."""
    try:
        data = json_told(decoded(body))
        articles, total = data["articles"], data.get("total")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AnswerError("no JSON with articles") from error
    if not isinstance(articles, list) or not all(isinstance(one, dict) for one in articles):
        raise AnswerError("articles is no list of objects")
    entries: list[Entry] = []
    nameless: list[str] = []
    for one in articles:
        title = " ".join(re.sub(r"<[^>]+>", "", str(one.get("title") or "")).split())
        url = absolute(call.url, str(one.get("url") or one.get("post_url") or ""))
        if url is None:
            nameless.append(title)
        else:
            entries.append(Entry(url=url, title=title, date=_date(one)))
    count = int(str(total)) if str(total).isdigit() else None
    return ListAnswer(entries=tuple(entries), nameless=tuple(nameless), total=count, size=call.size)


def _date(article: dict[str, object]) -> str | None:
    """The day of publication; some fields hold seconds since 1970, which count in Beijing's days."""
    for name in _DATES:
        value = str(article.get(name) or "")
        if re.fullmatch(r"\d{9,10}", value):
            return (datetime.fromtimestamp(int(value), UTC) + _BEIJING).date().isoformat()
        if date := iso_date(value):
            return date
    return None


def further(call: ListCall, rows: int) -> ListCall:
    """The call for the next page."""
    return _at(replace(call, number=call.number + 1, offset=call.offset + rows))
