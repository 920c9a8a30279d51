"""Portals of every platform in its own mark-up: the templates in `pages/`, filled with reports.

Owns the pages only; the bodies and agencies are invented. A template takes `entries` (url, title,
date), `page`, `pages`, `total`, `size` for a list and `title`, `date`, `source`, `body`, `files`
(id, name) for an article; `site`, `section` and `column` name the portal, its section's address and
name on both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from tests.crawler.conftest import Answer, SmallPortal

TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).with_name("pages")), autoescape=True)
SITE = "样例市人民政府"
COLUMN = "政府信息公开年报"
SIZE = 3
PDF = b"%PDF-1.4 a report"


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a list."""

    url: str
    title: str
    date: str


def lines(address: Callable[[int], str], count: int = 8) -> list[Line]:
    """Reports of one agency, a year each, newest first; `address` makes one from the year."""
    return [
        Line(address(year), f"样例市教育局{year}年政府信息公开工作年度报告", f"{year + 1}-01-20")
        for year in range(2024, 2024 - count, -1)
    ]


GUIDE = "政府信息公开指南"
"""Stands in every list and is no report."""


def rendered(template: str, **values: Any) -> str:
    """A page."""
    given = {"site": SITE, "column": COLUMN, "section": "/", "entries": (), "size": SIZE, **values}
    return TEMPLATES.get_template(f"{template}.html").render(**given)


def body(title: str) -> str:
    """The text of a report, without figures."""
    return (
        f"<p>{title}由样例机关编写，仅供测试。</p><p>一、总体情况</p><p>二、主动公开政府信息情况</p>"
        "<p>三、收到和处理政府信息公开申请情况</p><p>四、行政复议、行政诉讼情况</p>"
        "<p>五、存在的主要问题及改进情况</p>"
    )


def put(portal: SmallPortal, path: str, markup: str) -> None:
    """Puts a page at an address, which may be relative to none."""
    portal.answers[path] = Answer(markup.encode())


def put_articles(
    portal: SmallPortal,
    name: str,
    entries: Sequence[Line],
    file: Callable[[str], str],
    section: str,
    resolve: Callable[[str], str] = lambda url: url,
) -> None:
    """Puts the home page and the articles; the first has a file, whose address `file` makes of its id."""
    put(portal, "/", rendered("site_home", section=section))
    put(portal, "/zwgk.html", rendered("site_home", section=section))
    identifier = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    for place, entry in enumerate(entries):
        files = [{"id": identifier, "name": "年度报告.pdf"}] if place == 0 else []
        markup = rendered(
            f"{name}_article",
            title=entry.title,
            date=entry.date,
            source="样例市教育局",
            body=body(entry.title),
            files=files,
            section=section,
        )
        put(portal, resolve(entry.url), markup)
    portal.answers[file(identifier)] = Answer(PDF, content_type="application/octet-stream")


def put_list(
    portal: SmallPortal, name: str, entries: Sequence[Line], address: Callable[[int, int], str], **values: Any
) -> None:
    """Puts the pages of a static list; `address` makes one from the page and the count of pages."""
    pages = -(-len(entries) // SIZE)
    for page in range(1, pages + 1):
        some = entries[(page - 1) * SIZE : page * SIZE]
        markup = rendered(f"{name}_list", entries=some, page=page, pages=pages, total=len(entries), **values)
        put(portal, address(page, pages), markup)
