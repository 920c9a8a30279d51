"""Why a request failed, in the words of the problem codes.

Owns the mapping from exceptions to codes. Whether a failure may hide reports is the spider's to
say, since it depends on what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.error import DNSLookupError
from twisted.internet.error import TimeoutError as ConnectTimeoutError

from crawler import resolver
from crawler.addresses import is_start_page
from crawler.middlewares.blocked import BlockedHostError
from crawler.middlewares.challenge import RefusedPage
from crawler.middlewares.robots import UnreachableRules
from crawler.middlewares.scope import RefusedAddress

if TYPE_CHECKING:
    from twisted.python.failure import Failure

GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Cause:
    """A problem's code, a sentence, and whether the portal said plainly that the page is not there."""

    code: str
    detail: str
    absent: bool = False
    url: str | None = None
    fetch_id: int | None = None
    refused_method: bool = False
    """Whether the server does not take what was asked this way, and may if it is posted, or the reverse."""
    sent_home: bool = False
    """Whether it is absent by nothing but that the start page came in its place: tomorrow it may be there."""


def cause(failure: Failure, url: str) -> Cause:
    """The cause of a failed request for `url`."""
    error: BaseException = failure.value or RuntimeError("failed without a reason")
    if isinstance(error, HttpError):
        status = error.response.status
        other = status in (405, 501)
        return Cause("http_error", f"answered with status {status}", status in GONE, refused_method=other)
    if isinstance(error, RefusedPage):
        home = error.code == "soft_404" and is_start_page(error.response.url)
        return Cause(error.code, str(error), error.code == "soft_404", sent_home=home)
    if isinstance(error, RefusedAddress):
        return Cause(error.code, str(error), url=error.url)
    if isinstance(error, UnreachableRules):
        # Where nobody answers, that is what is wrong, and not what the rules would have said.
        refused = error.error if isinstance(error.error, RefusedPage) else None
        why = Cause(refused.code, "") if refused else _transport(error.error, url)
        return replace(why, detail=f"{error}; without it nothing is fetched")
    if isinstance(error, BlockedHostError):
        return Cause("host_blocked", str(error))
    if isinstance(error, IgnoreRequest):
        return _ignored(str(error))
    return _transport(error, url)


def _ignored(reason: str) -> Cause:
    if "robots.txt" in reason:
        told = "status" in reason
        detail = reason if told else "the portal's robots.txt does not allow this address"
        return Cause("robots_disallowed", detail)
    if "redirection" in reason:
        return Cause("redirect_loop", "redirected too often")
    if "DOWNLOAD_MAXSIZE" in reason:
        return Cause("too_large", reason)
    return Cause("request_dropped", reason or "the request was dropped")


def _transport(error: BaseException, url: str) -> Cause:
    host = (urlsplit(url).hostname or "").lower()
    detail = " ".join(str(error).split())[:300]
    if isinstance(error, CannotResolveHostError | DNSLookupError):
        if host in resolver.refused:
            return Cause("private_address", f"{host} is {resolver.refused[host]}, in a private network")
        return Cause("dns_failed", detail or "the host name is not known")
    if isinstance(error, DownloadTimeoutError | ConnectTimeoutError):
        return Cause("timeout", detail or "no answer in time")
    if isinstance(error, DownloadCancelledError) and "max size" in detail:
        return Cause("too_large", detail)
    if _is_tls(error):
        return Cause("tls_failed", detail or "the TLS handshake failed")
    if isinstance(error, ResponseDataLossError):
        return Cause("connection_failed", "the answer was cut before its end")
    return Cause("connection_failed", detail or type(error).__name__)


def _is_tls(error: BaseException) -> bool:
    """Whether a TLS error stands anywhere in the chain of what failed."""
    if isinstance(error, SSL.Error) or "handshake" in str(error).lower():
        return True
    inner = [getattr(reason, "value", reason) for reason in getattr(error, "reasons", None) or ()]
    if error.__cause__ is not None:
        inner.append(error.__cause__)
    return any(_is_tls(other) for other in inner if isinstance(other, BaseException) and other is not error)
