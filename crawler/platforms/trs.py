"""拓尔思 TRS WCM: static lists index_1.html …, articles ./YYYYMM/tYYYYMMDD_{id}.html.

Some lists are written by the page's own scripts out of variables. Pure functions over pages.
"""

from __future__ import annotations

import re

from crawler.page import Page
from crawler.platforms import generic
from crawler.platforms.shapes import ListPage

_STEP = re.compile(
    r"(?:var|let)?\s*\b(?P<name>\w+)\s*=\s*(?P<value>'[^'\n]*'|\"[^\"\n]*\")\s*;"
    r"|document\.write(?:ln)?\s*\((?P<written>(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|[^'\"()]|\(\w*\))*)\)"
)
_END = re.compile(r"</body\s*>.*", re.DOTALL | re.IGNORECASE)
_PART = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|(\w+)")


def listing(page: Page) -> ListPage:
    """The entries and columns of the page, the rows that its scripts write included."""
    return generic.listing(_whole(page))


def is_article(page: Page) -> bool:
    """Whether a page shows one article, judged with what its scripts write."""
    return generic.is_article(_whole(page))


def _whole(page: Page) -> Page:
    """The page with what its scripts write, at its end."""
    scripts = (script for script in page.tree.xpath("//script/text()") if "write" in script)
    markup = "".join(written(script) for script in scripts)
    if "href" not in markup:
        return page
    return Page(page.url, f"{_END.sub('', page.html)}<div><ul>{markup}</ul></div>".encode(), "utf-8")


def written(script: str) -> str:
    """What a script writes into the page where it only puts texts and its own variables together."""
    values: dict[str, str] = {}
    markup = ""
    for step in _STEP.finditer(script):
        if step["name"]:
            values[step["name"]] = step["value"][1:-1]
            continue
        for single, double, name in _PART.findall(step["written"] or ""):
            markup += values.get(name, "") if name else re.sub(r"\\(.)", r"\1", single or double)
    return markup
