"""How often an address is asked for again: the rules of `schedule.toml`, and what they say of one address.

Pure functions over times as text; no SQL, no clock. What is known of an address is `storage.answers`'.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from storage.database import StorageError

BUNDLED = Path(__file__).with_name("schedule.toml")
ROLES = ("robots", "home", "hub", "list", "article", "attachment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """One rule: addresses of these roles are asked for again after so many days."""

    roles: tuple[str, ...]
    every_days: int
    months: tuple[int, ...] = tuple(range(1, 13))
    younger_than_days: int | None = None

    def fits(self, role: str, today: date, given_on: date) -> bool:
        """Whether it holds for an address of that role whose report was given on that day."""
        young = self.younger_than_days is None or (today - given_on).days < self.younger_than_days
        return role in self.roles and today.month in self.months and young


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The rules; see the comments of `schedule.toml` for what each part means."""

    again: tuple[Again, ...]
    whole_answer: Mapping[str, int]
    spread: float
    suspect: frozenset[str]

    def due(self, role: str, url: str, *, answered_at: str, given_at: str, now: str) -> bool:
        """Whether an address is to be asked for again; times and dates as the database has them."""
        today = _day(now)
        try:
            given_on = _day(given_at)
        except ValueError:
            # Printed dates may name a day that no calendar has; such a report counts as young.
            given_on = today
        rule = next((rule for rule in self.again if rule.fits(role, today, given_on)), None)
        return rule is None or self._passed(rule.every_days, url, answered_at, now)

    def whole_due(self, role: str, url: str, *, whole_at: str, now: str) -> bool:
        """Whether "not modified" is no longer believed of an address whose last whole answer came then."""
        return self._passed(self.whole_answer[role], url, whole_at, now)

    def _passed(self, days: int, url: str, since: str, now: str) -> bool:
        early = int.from_bytes(hashlib.sha256(url.encode("utf-8")).digest()[:4]) / 2**32
        return (_day(now) - _day(since)).days >= days * (1 - self.spread * early)


def load(path: Path = BUNDLED) -> Schedule:
    """The schedule in a file; `StorageError` names the file and the key that cannot be used."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        _refuse_unknown(path, "the file", data, ("again", "spread", "whole_answer", "suspect"))
        _refuse_unknown(path, "spread", data["spread"], ("part",))
        _refuse_unknown(path, "whole_answer", data["whole_answer"], ROLES)
        _refuse_unknown(path, "suspect", data["suspect"], ("problems",))
        return Schedule(
            again=tuple(_rule(path, rule) for rule in data["again"]),
            whole_answer={role: int(data["whole_answer"][role]) for role in ROLES},
            spread=float(data["spread"]["part"]),
            suspect=frozenset(data["suspect"]["problems"]),
        )
    except KeyError as error:
        raise StorageError(f"{path}: the key {error} is missing") from error
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"{path}: cannot be used: {error}") from error


def _rule(path: Path, data: Mapping[str, Any]) -> Again:
    _refuse_unknown(path, "again", data, [field.name for field in fields(Again)])
    _refuse_unknown(path, "again.roles", dict.fromkeys(data["roles"]), ROLES)
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return Again(**{**data, **lists})


def _refuse_unknown(path: Path, place: str, given: Mapping[str, Any], known: Any) -> None:  # noqa: ANN401 any container
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise StorageError(f"{path}: {place}: unknown key {unknown[0]!r}; known are {', '.join(known)}")


def _day(time: str) -> date:
    return date.fromisoformat(time[:10])
