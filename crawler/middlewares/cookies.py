"""Cookies without a request to anybody but the portals.

Scrapy asks a third party for the list of public suffixes when the first cookie comes, in every new
environment; where that fails, each time with a traceback. The copy inside the library knows gov.cn.
"""

from __future__ import annotations

from scrapy.downloadermiddlewares import cookies
from tldextract import TLDExtract

cookies._split_domain = TLDExtract(  # noqa: SLF001 - Scrapy has no setting for it
    suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True
)


class CookiesMiddleware(cookies.CookiesMiddleware):
    """Scrapy's, with the list that is at hand."""
