"""Addresses: when two name the same page, which hosts a registry admits, which networks are private.

Owns the rules of scope as pure functions; the middlewares and the spider only ask.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string

from crawler.items import Portal

_DEFAULT_PORTS = {"http": 80, "https": 443}
_START_PAGE = re.compile(r"^/?((index|default|home)\.\w+)?$", re.IGNORECASE)
_SESSION = re.compile(r";(jsessionid|phpsessid|sid)=[^?#/]*", re.IGNORECASE)
_ROOTED = re.compile(r"/(?!/)|(?:https?:)?//[^/?#\s]")
_PLAIN_PATH = re.compile(r"/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?")
_NAME = r"(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]+"
_NUMBERS = r"(?:25[0-5]|2[0-4]\d|1?[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?[1-9]?\d)){3}"
_PORT = r"(?::(?:[1-5]\d{4}|[1-9]\d{0,3}))?"
_PLAIN = re.compile(rf"https?://(?:{_NAME}|{_NUMBERS}){_PORT}{_PLAIN_PATH.pattern}")
"""Addresses that need nothing done to them: small letters in the host, no parameters, no dots to follow."""
_BREAKS = re.compile(r"[\t\r\n]")
_FILE = Path(__file__).with_name("addresses.toml")
_LOT = r"(?=[0-9a-z-]{16,}(?:&|$))(?=[^&]*[0-9])(?=[^&]*[a-z])[0-9a-z-]+"
_STAMP = r"(?:1\d{9}(?:\d{3})?|0\.\d{6,})"


def absolute(base: str, reference: str) -> str | None:
    """The http or https address that a reference means on a page, or None.

    Without fragment, and without session ids: they are made anew for every visit, cookies carry them
    too, and a report must be found again under the address that it had.
    """
    text = reference.strip().strip("\u3000\u00a0").replace("\\", "/")
    if not text or text.startswith("#"):
        return None
    text = _BREAKS.sub("", text)
    if not _ROOTED.match(text):
        return _joined(base, text)
    # What is named so means the same on every page of a host. Most needs nothing done to it.
    host = "/".join(base.split("/", 3)[:3])
    if _PLAIN_PATH.fullmatch(text) and _is_plain(host):
        return host + text
    if _PLAIN.fullmatch(text):
        return text
    return _joined_on_host(host, text)


def _joined(base: str, text: str) -> str | None:
    try:
        parts = urlsplit(urljoin(base, text))
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.port == 0:
            return None
    except ValueError:
        return None
    plain = parts._replace(
        fragment="", path=_SESSION.sub("", parts.path), query=_without_session(parts.query)
    )
    return safe_url_string(urlunsplit(plain))


_joined_on_host = lru_cache(maxsize=8192)(_joined)


@lru_cache(maxsize=1024)
def _is_plain(host: str) -> bool:
    """Whether a scheme with a host are written as they are asked for."""
    return _PLAIN.fullmatch(f"{host}/") is not None


@cache
def _session_parameters() -> re.Pattern[str]:
    """Whole parameters of a query, with the & after them, that addresses.toml wants dropped."""
    given = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    sessions, lots, stamps = ("|".join(given[key]) for key in ("sessions", "lots", "stamps"))
    named = rf"(?:{sessions})=[^&]*|(?:{lots})={_LOT}|(?:{stamps})={_STAMP}"
    return re.compile(rf"(?:^|(?<=&))(?:{named})(?:&|$)", re.IGNORECASE)


def _without_session(query: str) -> str:
    if not query:
        return query
    shorter = _session_parameters().sub("", query)
    return query if shorter == query else shorter.removesuffix("&")


@lru_cache(maxsize=8192)
def canonical(url: str) -> str:
    """What two addresses of one page share: scheme, www, default port, session id, fragment folded."""
    parts = urlsplit(url)
    host = bare_host(parts.hostname or "")
    port = parts.port if parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme)) else None
    path = _SESSION.sub("", parts.path) or "/"
    while "//" in path:
        path = path.replace("//", "/")
    query = _without_session(parts.query)
    return f"//{host}{f':{port}' if port else ''}{path}{f'?{query}' if query else ''}"


def is_start_page(url: str) -> bool:
    """Whether an address is that of a host's start page."""
    return bool(_START_PAGE.match(urlsplit(url).path))


def bare_host(host: str) -> str:
    """A host name in small letters, without `www.` and a closing dot."""
    return host.lower().rstrip(".").removeprefix("www.")


def slot_of(url: str) -> str:
    """The queue that a request waits in: its host, with the port where that is not the scheme's.

    The names with and without www, and both schemes, are one server to be polite to.
    """
    parts = urlsplit(url)
    port = parts.port if parts.port not in (None, *_DEFAULT_PORTS.values()) else None
    host = bare_host(parts.hostname or "")
    return f"{host}:{port}" if port else host


def private_literal(host: str) -> bool:
    """Whether a host is written as an address of a loopback, private, link-local or reserved network."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return not address.is_global or address.is_multicast


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: int | None
    portal: Portal


class Scope:
    """The hosts of a registry: which addresses may be fetched, and how."""

    def __init__(self, portals: Iterable[Portal]) -> None:
        self._places: list[_Place] = []
        for portal in portals:
            home = urlsplit(portal.home)
            self._places.append(_Place(bare_host(home.hostname or ""), home.port, portal))
            for given in portal.hosts:
                parts = urlsplit(f"//{given}")
                self._places.append(_Place(bare_host(parts.hostname or ""), parts.port, portal))
        self._on = lru_cache(maxsize=4096)(self._places_on)

    def _at(self, url: str) -> tuple[_Place, ...]:
        parts = urlsplit(url)
        return self._on(parts.scheme, parts.netloc)

    def _places_on(self, scheme: str, netloc: str) -> tuple[_Place, ...]:
        if scheme not in _DEFAULT_PORTS:
            return ()
        parts = urlsplit(f"//{netloc}")
        port = parts.port or _DEFAULT_PORTS[scheme]
        host = bare_host(parts.hostname or "")
        return tuple(place for place in self._places if place.host == host and place.port in (None, port))

    def admits(self, url: str) -> bool:
        """Whether the registry holds the host (and the port, where the entry names one)."""
        return bool(self._at(url))

    def owners(self, url: str) -> tuple[Portal, ...]:
        """The portals to which an address's host belongs, each once, in the registry's order."""
        found: dict[str, Portal] = {}
        for place in self._at(url):
            found.setdefault(place.portal.id, place.portal)
        return tuple(found.values())

    def reachable(self, url: str) -> str:
        """The address to ask for: https turned into http where the host's TLS does not work."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not any(portal.http_only for portal in self.owners(url)):
            return url
        netloc = parts.netloc.removesuffix(":443")
        return urlunsplit(parts._replace(scheme="http", netloc=netloc))

    def slot(self, url: str) -> str:
        """The queue that a request waits in; see `slot_of`.

        Where the registry names a host without a port, all its ports are one server to be polite to.
        """
        slot = slot_of(url)
        return slot.partition(":")[0] if any(place.port is None for place in self._at(url)) else slot

    def delays(self) -> dict[str, float]:
        """The longest delay in seconds that any entry asks for, by slot; hosts without one are left out."""
        delays: dict[str, float] = {}
        for place in self._places:
            if place.portal.delay is None:
                continue
            slot = self.slot(f"http://{place.host}:{place.port}/" if place.port else f"http://{place.host}/")
            delays[slot] = max(place.portal.delay, delays.get(slot, 0.0))
        return delays
