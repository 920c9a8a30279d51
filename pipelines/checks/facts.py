"""The rules of a report as a whole: P3 (who makes rules), C1 and C2 (its parts), D1 to D4 (its dates).

Owns their evaluation; what they say and the patterns are data (`rules.toml`). Dates as left and right
values are whole numbers YYYYMMDD.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pipelines.checks.sums import Cells
from pipelines.forms import forms
from pipelines.records import Cell, Check, Number, Outcome, Report, Section

Rules = Mapping[str, Mapping[str, Any]]

_ORDINALS = "一二三四五六七八九十"
_NUMBERED = re.compile(
    rf"\s*(?:第\s*)?([{_ORDINALS}壹贰叁肆伍陆])\s*(?:[、.．,，:： ]|部分|章|(?=[\u4e00-\u9fff]))"
)
_FORMAL = str.maketrans("壹贰叁肆伍陆", "一二三四五六")
_PART = re.compile(rf"^\s*[（(]?\s*([{_ORDINALS}])\s*[）)](?!\s*[项款条])", re.MULTILINE)
_UNNUMBERED = re.compile(
    r"^\s*(?![一二三四五六七八九十\d（(])[\u4e00-\u9fff]{4,16}(?:情况|方面)\s*$", re.MULTILINE
)
_CARRIED = frozenset({"number", "blank", "not_applicable", "unreadable"})


def fact_checks(report: Report, cells: Cells, rules: Rules) -> Iterator[Check]:
    """P3, C1, C2 and D1 to D4 of a report."""
    if report.forms.get("proactive"):
        yield _rules_made(report, cells, rules["P3"])
    yield from _chapters(report, rules["C1"])
    if report.forms.get("applications"):
        yield _rows(report, cells, rules["C2"])
    yield _in_time(report, rules["D1"])
    yield _after_period(report, rules["D2"])
    yield _period(report, rules["D3"])
    yield _citations(report, rules["D4"])


def _made(
    rule: str,
    subject: str,
    outcome: Outcome,
    words: Mapping[str, Any],
    why: str,
    *,
    left: Number | None = None,
    right: Number | None = None,
    zero_filled: Outcome | None = None,
    cells: tuple[Cell, ...] = (),
    says: str = "says",
) -> Check:
    verdict = {"pass": "holds", "fail": "fails", "not_assessable": "cannot be told"}[outcome]
    return Check(
        rule=rule,
        subject=subject,
        outcome=outcome,
        zero_filled=zero_filled or outcome,
        severity=words["severity"],
        left=left,
        right=right,
        suspect=None,
        cells=cells if outcome == "fail" else (),
        detail=f"{words[says]}: {verdict}, {why}",
    )


# P3 ---------------------------------------------------------------------------------------------


def _rules_made(report: Report, cells: Cells, words: Mapping[str, Any]) -> Check:
    row = words["row"]
    table = words["table"]
    own = [cell for cell in cells.figures if cell[1] == row and cell[0] == table]
    known = [cells.amounts[cell] for cell in own if cell in cells.amounts]
    most = max((int(value) for value in known), default=0)
    zero_filled: Outcome = "pass"
    if most > 0:
        outcome, why = _entitled(report, words)
        zero_filled = outcome
        why = f"{most} of them, {why}"
    elif not own or len(known) < len(own):
        outcome, why = "not_assessable", "a cell of the row holds no number"
        blank = own and all(cells.figures[cell].status in ("number", "blank", "merged") for cell in own)
        zero_filled = "pass" if blank else "not_assessable"
    else:
        outcome, why = "pass", "there are none"
    return _made(
        "P3",
        row,
        outcome,
        words,
        why,
        left=most if known else None,
        zero_filled=zero_filled,
        cells=tuple(own),
    )


def _entitled(report: Report, words: Mapping[str, Any]) -> tuple[Outcome, str]:
    """Whether the body can make government rules."""
    agency = report.agency
    outcome: Outcome = "not_assessable"
    if agency is None or agency.level is None:
        return outcome, "and the level of the body is not known"
    kind = agency.agency_type in words["agency_types"] or agency.level in words["any_type_at"]
    outcome = "pass" if kind and agency.level in words["levels"] else "fail"
    return outcome, f"by a {agency.agency_type} at the level {agency.level}"


# C1, C2 -----------------------------------------------------------------------------------------


def _chapters(report: Report, words: Mapping[str, Any]) -> Iterator[Check]:
    """C1 on the chapters, and on the parts of chapters where they are numbered."""
    statutory = any(form in forms() for form in report.forms.values() if form)
    if not statutory and (report.year is None or report.year < words["first_year"]):
        return
    numbered, lost = 0, []
    for section in report.sections:
        found = (
            _NUMBERED.match(section.heading.replace("#", "").translate(_FORMAL)) if section.number else None
        )
        if found and _ORDINALS.index(found[1]) + 1 == section.number:
            numbered += 1
        elif section.number:
            lost.append(section.heading)
    present = {section.number for section in report.sections if section.number}
    missing = [_ORDINALS[number - 1] for number in range(1, words["chapters"] + 1) if number not in present]
    why = f"{numbered} of {words['chapters']} chapters are numbered"
    why += f"; missing: {'、'.join(missing)}" if missing else ""
    why += f"; without its ordinal: {'、'.join(lost)}" if lost else ""
    outcome: Outcome = "pass" if numbered == words["chapters"] and not missing else "fail"
    yield _made("C1", "chapters", outcome, words, why, left=numbered, right=words["chapters"])
    gaps = [gap for section in report.sections if section.number for gap in _gaps(section)]
    parts = any(_PART.search(section.text) for section in report.sections if section.number)
    if parts:
        why = "; ".join(gaps) if gaps else "there is no gap"
        yield _made("C1", "parts", "fail" if gaps else "pass", words, why, says="parts_say")


def _gaps(section: Section) -> Iterator[str]:
    """Ordinals that a chapter's parts skip, and headings among its parts that have none.

    A list that begins anew is another list; an ordinal within a line is there, if not at its place.
    """
    chapter = f"chapter {_ORDINALS[section.number - 1]}"
    expected = end = 0
    for found in _PART.finditer(section.text):
        number = _ORDINALS.index(found[1]) + 1
        between = section.text[end : found.start()]
        lost = [_ORDINALS[one - 1] for one in range(expected, number) if expected]
        lost = [one for one in lost if not re.search(rf"[（(]\s*{one}\s*[）)]", between)]
        if lost:
            yield f"{chapter} skips {'、'.join(f'（{one}）' for one in lost)}"
        expected, end = number + 1, found.end()
    if expected > 2:
        for heading in _UNNUMBERED.finditer(section.text, end):
            if section.text[heading.end() :].strip():
                yield f"{chapter}: {heading.group().strip()} has no ordinal"


def _rows(report: Report, cells: Cells, words: Mapping[str, Any]) -> Check:
    """C2: the rows with a cell in each column against those of the form that the report's year uses."""
    found = report.forms["applications"] or ""
    due = _form_of_year(report.year) or found
    layout = forms()[found].tables["applications"]
    columns = layout.columns
    own = [(cell, figure) for cell, figure in cells.figures.items() if cell[0] == "applications"]
    carried = Counter([row for (_, row, column), f in own if f.status in _CARRIED and column in columns])
    whole = sum([carried[row] == len(columns) for row in layout.rows])
    wanted = len(forms()[due].tables["applications"].rows)
    why = f"{whole} rows of {len(columns)} columns, {due} has {wanted}"
    why += "" if due == found else f" (the rows are those of {found})"
    outcome: Outcome = "pass" if whole == wanted and due == found else "fail"
    return _made("C2", "applications", outcome, words, why, left=whole, right=wanted)


def _form_of_year(year: int | None) -> str | None:
    used = [form for form in forms().values() if year is not None and form.first_year <= year]
    return max(used, key=lambda form: form.first_year).id if used else None


# D1 to D4 ---------------------------------------------------------------------------------------


def _day(date: str) -> int:
    return int(date.replace("-", ""))


def _in_time(report: Report, words: Mapping[str, Any]) -> Check:
    dates = report.dates
    if dates.due_on is None:
        return _made("D1", "published_on", "not_assessable", words, "no rule names a day for this body")
    due = _day(dates.due_on)
    if report.published_on is None:
        why = "no date of publication is stated"
        return _made("D1", "published_on", "not_assessable", words, why, right=due)
    late = report.published_on > dates.due_on
    why = f"{report.published_on}, due on {dates.due_on}"
    outcome: Outcome = "fail" if late else "pass"
    if late and dates.late_confidence == "low":
        outcome, why = "not_assessable", f"{why}; the dates contradict each other or look like a migration's"
    return _made("D1", "published_on", outcome, words, why, left=_day(report.published_on), right=due)


def _after_period(report: Report, words: Mapping[str, Any]) -> Check:
    """D2 on each stated date: one that lies before the period's end was refused, and is wrong."""
    dates = report.dates
    end = dates.period_to or (f"{report.year}-12-31" if report.year else None)
    known = {"printed": dates.printed_on, "of the page": dates.page_date}
    stated = {name: date for name, date in known.items() if date}
    if end is None or not stated:
        why = "no date of publication is stated" if not stated else "the period is not known"
        return _made("D2", "published_on", "not_assessable", words, why)
    name, first = min(stated.items(), key=lambda item: item[1])
    why = f"{first} ({name}), the period ends on {end}"
    outcome: Outcome = "pass" if first > end else "fail"
    return _made("D2", "published_on", outcome, words, why, left=_day(first), right=_day(end))


def _period(report: Report, words: Mapping[str, Any]) -> Check:
    dates = report.dates
    if dates.period_from is None or dates.period_to is None or report.year is None:
        return _made("D3", "period", "not_assessable", words, "no period is stated")
    whole = (dates.period_from, dates.period_to) == (f"{report.year}-01-01", f"{report.year}-12-31")
    why = f"{dates.period_from} to {dates.period_to}"
    right = report.year * 10000 + 1231
    outcome: Outcome = "pass" if whole else "fail"
    return _made("D3", "period", outcome, words, why, left=_day(dates.period_to), right=right)


_Citations = tuple[re.Pattern[str], re.Pattern[str], dict[str, re.Pattern[str]]]


@cache
def _citation_patterns(yearly: str, regulation: str, instruments: tuple[tuple[str, str], ...]) -> _Citations:
    compiled = {form: re.compile(pattern) for form, pattern in instruments}
    return re.compile(yearly), re.compile(regulation), compiled


def _citations(report: Report, words: Mapping[str, Any]) -> Check:
    """D4: the number of the form, and yearly plans whose title and number name different years."""
    yearly, regulation, instruments = _citation_patterns(
        words["yearly"], words["regulation"], tuple(words["instruments"].items())
    )
    text = "".join("\n".join([section.text for section in report.sections]).split())
    found = {form for form in report.forms.values() if form and form in forms()}
    prescribing = {
        form: match.group() for form, pattern in instruments.items() if (match := pattern.search(text))
    }
    right = [cited for form, cited in prescribing.items() if form in found]
    # Beside its own form a report may name the one that it replaced.
    wrong = [cited for cited in prescribing.values() if found and not right]
    for cited in yearly.finditer(text):
        (right if cited["year"] == cited["number"] else wrong).append(cited.group())
    if not wrong and not right and (law := regulation.search(text)):
        right.append(law.group())
    if not wrong and not right:
        return _made("D4", "citations", "not_assessable", words, "no document is cited by its number")
    why = "、".join(wrong or right)
    if wrong and found and any(pattern.search(why) for pattern in instruments.values()):
        why += f"; the tables are of {'/'.join(sorted(found))}"
    return _made("D4", "citations", "fail" if wrong else "pass", words, why)
