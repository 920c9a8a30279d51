"""The registry of portals: TOML files, one entry a portal, read strictly.

Owns the reading and checking of `portals/*.toml`; the shape of an entry is `crawler.items.Portal`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from crawler import platforms
from crawler.addresses import canonical, slot_of
from crawler.items import Portal

DIRECTORY = Path(__file__).with_name("portals")

_TEXT = ("id", "name", "division", "home", "platform", "agency", "note")
_LISTS = ("sections", "hosts")
_REQUIRED = ("id", "name", "division", "home")
_ODD = ("delay", "http_only", "disabled", "hosts")
_KEYS = {*_TEXT, *_LISTS, "since", "delay", "http_only", "disabled"}
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


class RegistryError(ValueError):
    """A registry file cannot be used; the message names file, entry and key."""


def bundled(name: str) -> Path:
    """The bundled registry of a province by the name of its spider."""
    return DIRECTORY / f"{name}.toml"


def load(path: Path) -> tuple[Portal, ...]:
    """The entries of a registry file, in its order.

    Raises RegistryError, with file, entry and key in the message, where the file cannot be read,
    is no TOML, holds no portal, or an entry has an unknown key, a wrong value or a used id.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path}: no valid TOML: {error}") from error
    for key in given:
        if key != "portal":
            raise RegistryError(f"{path}: unknown key {key!r}; entries are tables [[portal]]")
    entries = given.get("portal")
    if not isinstance(entries, list) or not entries:
        raise RegistryError(f"{path}: holds no [[portal]] entry")
    portals: list[Portal] = []
    for number, entry in enumerate(entries, start=1):
        portal = _portal(path, number, entry)
        if any(portal.id == known.id for known in portals):
            raise RegistryError(f"{path}: entry {number} ({portal.id}): key 'id': already used above")
        twin = next((known for known in portals if canonical(known.home) == canonical(portal.home)), None)
        if twin is not None and not (twin.sections and portal.sections):
            # With sections each has a place of its own on the host that they share.
            raise RegistryError(
                f"{path}: entry {number} ({portal.id}): key 'home': already that of {twin.id}; entries that"
                " share a home page need `sections` each"
            )
        portals.append(portal)
    return _beside_each_other(portals)


def _beside_each_other(portals: Sequence[Portal]) -> tuple[Portal, ...]:
    """The entries, each with the divisions of others on its hosts."""
    users: dict[str, list[Portal]] = {}
    for portal in portals:
        for host in _hosts(portal):
            users.setdefault(host, []).append(portal)
    return tuple(
        replace(
            portal,
            shared=tuple(
                sorted(
                    {
                        (host, other.division)
                        for host in _hosts(portal)
                        for other in users[host]
                        if other.division != portal.division
                    }
                )
            ),
        )
        for portal in portals
    )


def _hosts(portal: Portal) -> set[str]:
    """The hosts of an entry, without www, with their ports where they are not the scheme's."""
    return {slot_of(portal.home), *(slot_of(f"http://{host}/") for host in portal.hosts)}


def _portal(path: Path, number: int, entry: object) -> Portal:
    if not isinstance(entry, dict):
        raise RegistryError(f"{path}: entry {number}: must be a table [[portal]]")
    where = f"{path}: entry {number} ({entry.get('id', 'without id')})"
    for key in entry:
        if key not in _KEYS:
            raise RegistryError(f"{where}: unknown key {key!r}")
    for key in _REQUIRED:
        if key not in entry:
            raise RegistryError(f"{where}: key {key!r} is missing")
    for key, value in entry.items():
        fault = _fault(key, value)
        if fault:
            raise RegistryError(f"{where}: key {key!r}: {fault}, not {value!r}")
    odd = [key for key in _ODD if entry.get(key)] + (["delay"] if entry.get("delay") == 0 else [])
    if odd and not entry.get("note"):
        raise RegistryError(f"{where}: key 'note' is missing: it must say why {odd[0]!r} is given")
    lists = {key: tuple(entry[key]) for key in _LISTS if key in entry}
    return Portal(**{**entry, **lists})


def _fault(key: str, value: object) -> str | None:
    """What is wrong with a value, or None."""
    if key in _LISTS:
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            return "must be a list of texts"
        if key == "sections" and not all(_is_address(part) for part in value):
            return "must be http or https addresses"
        if key == "hosts" and not all(_HOST.fullmatch(part) for part in value):
            return "must be host names (with a port where it matters), no addresses"
        return None
    if key in ("http_only", "disabled"):
        return None if isinstance(value, bool) else "must be true or false"
    if key == "since":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole and 1990 <= int(str(value)) <= 2100 else "must be a year"
    if key == "delay":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if number and 0 <= float(str(value)) <= 3600 else "must be seconds, 0 to 3600"
    if not isinstance(value, str) or not value.strip():
        return "must be a text"
    return _text_fault(key, value)


def _text_fault(key: str, value: str) -> str | None:
    if key == "id" and not _ID.fullmatch(value):
        return "must be small letters, digits, - and _"
    if key == "division" and not re.fullmatch(r"[0-9]{6}", value):
        return "must be six digits"
    if key == "home" and not _is_address(value):
        return "must be an http or https address"
    if key == "platform" and value not in platforms.NAMES:
        return f"must be one of {', '.join(platforms.NAMES)}"
    return None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def single(url: str) -> Portal:
    """A registry entry for an address that is in no registry; id and name come from its host.

    Raises RegistryError where the address is no http or https address.
    """
    if not _is_address(url):
        raise RegistryError(f"url={url}: must be an http or https address, e.g. http://www.example.gov.cn/")
    host = urlsplit(url).hostname or ""
    identifier = re.sub(r"[^a-z0-9]+", "-", host.lower().removeprefix("www.")).strip("-")
    return Portal(id=identifier or "portal", name=host, division="000000", home=url)


def by_id(portals: Iterable[Portal]) -> Mapping[str, Portal]:
    """The entries by their id."""
    return {portal.id: portal for portal in portals}
