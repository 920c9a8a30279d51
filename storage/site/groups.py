"""Groups of reports that may be added up: the same scope, level and kind of body, and no others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from datasette.utils.asgi import BadRequest

from storage.site.language import coded, words

Group: TypeAlias = tuple[str, str | None, str]
"""`scope`, `level`, `agency_type`, as `year_totals` has them."""


def group_of(row: Mapping[str, Any]) -> Group:
    """The group that a row of `year_totals` is in."""
    return (row["scope"], row["level"], row["agency_type"])


def main_groups(rows: Iterable[Mapping[str, Any]], most: int | None = None) -> list[Group]:
    """The groups of the rows, those with most reports first."""
    reports: Counter[Group] = Counter()
    for row in rows:
        reports[group_of(row)] += row["reports"]
    return [group for group, _ in sorted(reports.items(), key=lambda each: (-each[1], str(each[0])))][:most]


def group_label(group: Group, lang: str) -> str:
    """What the group is called: county governments, whole area."""
    scope, level, kind = group
    above = coded(lang, "level", level) if level else words().text(lang, "group.any_level")
    return (
        words()
        .text(
            lang,
            "group.name",
            # A township is of one level only.
            level="" if level == kind else above,
            kind=coded(lang, "agency_types", kind),
            scope=coded(lang, "scope", scope),
        )
        .strip()
    )


def group_code(group: Group) -> str:
    """The group as it stands in an address."""
    return ".".join(part or "" for part in group)


def chosen_group(given: str | None, groups: list[Group], lang: str) -> Group | None:
    """The group that was asked for, else the first. Raises BadRequest for one that is not there."""
    if not given:
        return groups[0] if groups else None
    for group in groups:
        if group_code(group) == given:
            return group
    raise BadRequest(words().text(lang, "error.unknown_group", given=given[:60]))
