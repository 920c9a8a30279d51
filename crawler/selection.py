"""What a run was asked for: the -a arguments, parsed and checked before anything is fetched.

Owns portal, division, years and limit; the registry file itself is `crawler.registry`'s.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler import registry
from crawler.items import Portal

PROVINCE_KEYS = frozenset({"portal", "division", "years", "limit", "registry"})
PORTAL_KEYS = frozenset({"url", "years", "limit"})


class SelectionError(ValueError):
    """An argument of the run cannot be used; the message is one line for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A checked run: the registry in use, the portals to walk, the report years, the limit a portal."""

    registry: tuple[Portal, ...]
    portals: tuple[Portal, ...]
    years: frozenset[int] | None = None
    limit: int | None = None


def of_province(name: str, arguments: Mapping[str, str]) -> Selection:
    """The selection of a province's spider. Raises SelectionError or RegistryError."""
    _refuse_unknown(arguments, PROVINCE_KEYS)
    path = Path(arguments["registry"]) if "registry" in arguments else registry.bundled(name)
    portals = registry.load(path)
    chosen = portals
    if "portal" in arguments:
        chosen = _with_ids(chosen, arguments["portal"])
    if "division" in arguments:
        chosen = _in_division(chosen, arguments["division"])
    if not chosen:
        raise SelectionError(f"no portal of {path.name} is selected by {_given(arguments)}")
    if all(portal.disabled for portal in chosen):
        raise SelectionError(f"every selected portal is disabled: {chosen[0].id}: {chosen[0].note}")
    return Selection(registry=portals, portals=chosen, years=_years(arguments), limit=_limit(arguments))


def of_address(arguments: Mapping[str, str]) -> Selection:
    """The selection of the spider that takes any portal by its address."""
    _refuse_unknown(arguments, PORTAL_KEYS)
    if "url" not in arguments:
        raise SelectionError("the spider portal needs -a url=ADDRESS, e.g. -a url=http://www.example.gov.cn/")
    portal = registry.single(arguments["url"])
    return Selection(registry=(portal,), portals=(portal,), years=_years(arguments), limit=_limit(arguments))


def _given(arguments: Mapping[str, str]) -> str:
    return " ".join(f"{key}={arguments[key]}" for key in ("portal", "division") if key in arguments)


def _refuse_unknown(arguments: Mapping[str, str], known: frozenset[str]) -> None:
    for key in arguments:
        if key not in known:
            raise SelectionError(f"unknown argument -a {key}=…; known are {', '.join(sorted(known))}")


def _with_ids(portals: Sequence[Portal], given: str) -> tuple[Portal, ...]:
    known = registry.by_id(portals)
    wanted = [part.strip() for part in given.split(",") if part.strip()]
    if not wanted:
        raise SelectionError("portal= names no portal")
    for identifier in wanted:
        if identifier not in known:
            near = difflib.get_close_matches(identifier, known, n=3)
            hint = (
                f"; near: {', '.join(near)}"
                if near
                else f"; there are {len(known)}, e.g. {next(iter(known))}"
            )
            raise SelectionError(f"unknown portal {identifier!r}{hint}")
    return tuple(portal for portal in portals if portal.id in wanted)


def _in_division(portals: Sequence[Portal], given: str) -> tuple[Portal, ...]:
    if not re.fullmatch(r"[0-9]{2,6}", given):
        raise SelectionError(f"division={given}: must be two to six digits of a division code, e.g. 2310")
    return tuple(portal for portal in portals if portal.division.startswith(given))


def _years(arguments: Mapping[str, str]) -> frozenset[int] | None:
    """Report years of `years=2021` or `years=2019-2022`, both ends included; None is every year."""
    if "years" not in arguments:
        return None
    given = arguments["years"]
    match = re.fullmatch(r"\s*([0-9]{4})\s*(?:-\s*([0-9]{4})\s*)?", given)
    if not match:
        raise SelectionError(f"years={given}: must be a year or a span, e.g. 2021 or 2019-2022")
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1990 <= first <= last <= 2100:
        raise SelectionError(f"years={given}: must run upwards between 1990 and 2100, e.g. 2019-2022")
    return frozenset(range(first, last + 1))


def _limit(arguments: Mapping[str, str]) -> int | None:
    if "limit" not in arguments:
        return None
    given = arguments["limit"]
    if not re.fullmatch(r"[0-9]{1,9}", given) or int(given) < 1:
        raise SelectionError(f"limit={given}: must be a whole number above 0")
    return int(given)
