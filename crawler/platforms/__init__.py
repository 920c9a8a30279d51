"""Publishing platforms: which one a page belongs to, and the names that a registry may use.

Owns recognition only. Each platform is one module of pure functions over a saved page:
`recognises`, `listing`, `next_pages`, `article`, `is_article`; generic is the fallback.
"""

from __future__ import annotations

from types import ModuleType

from crawler.page import Page
from crawler.platforms import generic, ucap

_MODULES: dict[str, ModuleType] = {"ucap": ucap, "generic": generic}
NAMES = tuple(_MODULES)


def of_page(page: Page, named: str | None = None) -> str:
    """The name of a page's platform: the one that the registry names, else the first that claims it."""
    if named is not None:
        return named
    return next(name for name, module in _MODULES.items() if module.recognises(page))


def module_of(page: Page, named: str | None = None) -> ModuleType:
    """The module that reads a page; see `of_page`."""
    return _MODULES[of_page(page, named)]
