"""新点 Epoint (EWB): lists posted for as JSON, by the number of a category.

The portal's own number (`siteGuid`) and the name of its application stand in a script that every
page includes. Pure functions over pages and answers.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import parse_qsl, urljoin, urlsplit

from crawler.addresses import absolute
from crawler.page import Page, decoded, iso_date, json_told
from crawler.platforms.facts import facts_of
from crawler.platforms.shapes import AnswerError, Entry, ListAnswer, ListCall

_FIELD = r"\b{name}['\"]?\s*[:=]\s*['\"]([^'\"]*)['\"]"
_JSON = "application/json;charset=UTF-8"


def calls(page: Page) -> tuple[ListCall, ...]:
    """The list of the category that the page's address or its scripts name."""
    known = facts_of("epoint")
    if known.is_article(page.url):
        return ()
    given = {name.lower(): value for name, value in parse_qsl(urlsplit(page.url).query)}
    category = given.get("categorynum") or _field(page.html, "categorynum") or _input(page, "categorynum")
    if not category:
        return ()
    department = given.get("deptcode") or _field(page.html, "deptcode") or _input(page, "deptcode") or ""
    keys = (("categorynum", category), ("deptcode", department))
    call = ListCall(platform="epoint", url=page.url, base=page.base, size=known.sizes[0], keys=keys)
    listed = _listed(page.html, call)
    if listed is not None:
        return (listed,)
    site, *others = (replace(call, url=urljoin(page.base, path), way=path) for path in known.paths[1:])
    return (replace(site, otherwise=tuple(others)),)


def _field(text: str, name: str) -> str | None:
    found = re.search(_FIELD.format(name=name), text, re.IGNORECASE)
    return found[1] if found else None


def _input(page: Page, name: str) -> str | None:
    found = page.tree.xpath(f"//input[@id='{name}' or @name='{name}']/@value")
    return found[0] if found else None


def _listed(text: str, call: ListCall) -> ListCall | None:
    """The list's first call, if a text names the portal's number."""
    site = _field(text, "siteGuid")
    if not site:
        return None
    project = _field(text, "projectName") or "/EWB-FRONT"
    interface = urljoin(call.base, f"/{project.strip('/')}{facts_of('epoint').paths[0]}")
    keys = (*call.keys, ("site", site), ("index", "1"))
    return _at(replace(call, url=interface, content_type=_JSON, way="plain", otherwise=(), keys=keys))


def _at(call: ListCall) -> ListCall:
    """A call with what it posts. Other ways: wrapped, and page 0 of servers that count from it."""
    fields: dict[str, object] = {
        "deptcode": call.key("deptcode"),
        "categorynum": call.key("categorynum"),
        "siteGuid": call.key("site"),
        "pageIndex": int(call.key("index")),
        "pageSize": call.size,
    }
    body = _posted({"params": fields} if call.way == "wrapped" else fields)
    others: list[ListCall] = []
    if call.number == 1 and call.way == "plain":
        others.append(replace(call, body=_posted({"params": fields}), way="wrapped", otherwise=()))
    if call.key("index") != "0":
        keys = tuple((name, "0" if name == "index" else value) for name, value in call.keys)
        others.append(_at(replace(call, keys=keys, number=max(call.number, 2), otherwise=())))
    return replace(call, body=body, otherwise=tuple(others))


def _posted(fields: object) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def answer(body: bytes, call: ListCall) -> ListAnswer:
    """A page of a list, or of the portal's script the call for it. Raises AnswerError for all else."""
    text = decoded(body)
    if call.body is None:
        listed = _listed(text, call)
        if listed is None:
            raise AnswerError("the script names no siteGuid")
        return ListAnswer(calls=(listed,))
    try:
        custom = json_told(text)["custom"]
        custom = json_told(custom) if isinstance(custom, str) else custom
        data, total = custom["data"], custom.get("total")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AnswerError("no JSON with custom.data") from error
    data = [] if data is None else data
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise AnswerError("custom.data is no list of objects")
    entries: list[Entry] = []
    nameless: list[str] = []
    for one in data:
        title = " ".join(re.sub(r"<[^>]+>", "", str(one.get("realtitle") or one.get("title") or "")).split())
        url = absolute(call.base, str(one.get("infourl") or ""))
        if url is None:
            nameless.append(title)
        else:
            entries.append(Entry(url=url, title=title, date=iso_date(str(one.get("infodate") or ""))))
    count = int(str(total)) if str(total).isdigit() else None
    return ListAnswer(entries=tuple(entries), nameless=tuple(nameless), total=count, size=call.size)


def further(call: ListCall, rows: int) -> ListCall:
    """The call for the next page."""
    index = str(int(call.key("index") or 0) + 1)
    keys = tuple((name, index if name == "index" else value) for name, value in call.keys)
    return _at(replace(call, number=call.number + 1, offset=call.offset + rows, keys=keys))
