"""Each rule between reports fails on reports made to break it, holds on others, and is open on blanks.

The rules and their subjects are taken from `crosschecks.toml` itself: all that two forms have are broken,
kept or left blank at once, by three bodies, and looked up one by one. A rule without a case fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pipelines.forms import forms, layout
from pipelines.records import Figure, Fingerprint, Report
from storage import crosschecks, findings
from storage.crosschecks import Term, YearRule
from storage.reference import write_reference
from tests.storage.conftest import DIVISIONS, PORTALS
from tests.storage.test_crosschecks import GOVERNMENT, department, hashes, keep

ERAS = {"f2021": (2021, 2022), "f2019": (2019, 2020)}
OUTCOMES = ("pass", "fail", "not_assessable")
RULES = {"Y1", "Y2", "Y3", "P1", "P7", "P9", "R6", "L1", "L2"}
BLANK = ""

Amounts = dict[tuple[str, str, str], float | str]


def figures(form: str, amounts: Mapping[tuple[str, str, str], float | str]) -> tuple[Figure, ...]:
    """Every cell of a form: 0 or what is given, `BLANK` for a blank."""
    return tuple(
        Figure(
            cell=cell,
            printed=str(value),
            value=None if value == BLANK else value,  # type: ignore[arg-type]
            unit="件",
            status="blank" if value == BLANK else "number",
            note=None,
            locator={"table": 1},
            method="grid",
        )
        for table in forms()[form].tables.values()
        for cell in table.cells()
        for value in [amounts.get(tuple(cell), 0)]
    )


def of_form(world: Any, form: str, year: int, amounts: Amounts, **changes: Any) -> Report:
    tables = dict.fromkeys(forms()[form].tables, form)
    return replace(world.dongfeng(), year=year, forms=tables, figures=figures(form, amounts), **changes)


def applies(rule: YearRule, form: str) -> bool:
    return all(not allowed or form in allowed for allowed in rule.forms.values())


def amounts_of(rule: YearRule, outcome: str) -> Iterator[tuple[Term, float | str]]:
    """What the first cell of either side holds, all others 0, so that the rule has the outcome."""
    left, right = rule.left[0], rule.right[0]
    if outcome == "not_assessable":
        yield left, BLANK
    elif rule.relation == "within":
        least = max(rule.floor, 1)
        yield right, least
        yield left, least * (rule.factor or 1) if outcome == "fail" else least
    elif outcome == "fail":
        yield left, 3


@pytest.fixture
def whole(world: Any) -> Any:
    cells, derived = layout()
    write_reference(world.db, divisions=DIVISIONS, form_cells=cells, derived=derived, portals=PORTALS)
    return world


def outcomes(world: Any, rule: str, subject: str) -> dict[str, tuple[str, str]]:
    """The strict and the zero-filled outcome, by body."""
    asked = (
        "SELECT agency_id, outcome, zero_filled FROM cross_checks JOIN reports ON reports.id = report_id"
        " WHERE rule = ? AND subject = ?"
    )
    rows = world.rows(asked, rule, subject)
    assert len(rows) == len({agency for agency, *_ in rows})
    return {agency.partition("-")[2]: (outcome, filled) for agency, outcome, filled in rows}


@pytest.mark.parametrize("form", ERAS)
def test_each_rule_between_years(whole, form):
    before, after = ERAS[form]
    told = [rule for rule in crosschecks.rules().years if applies(rule, form)]
    for outcome in OUTCOMES:
        by_year: dict[bool, Amounts] = {True: {}, False: {}}
        for rule in told:
            for term, amount in amounts_of(rule, outcome):
                assert term.cell not in by_year[term.before], "two rules break one cell"
                by_year[term.before][term.cell] = amount
        for year, earlier in ((before, True), (after, False)):
            agency = department(f"{outcome}局")
            keep(whole, of_form(whole, form, year, by_year[earlier], agency=agency))
    findings.refresh(whole.db)
    for rule in told:
        found = outcomes(whole, rule.rule, rule.subject)
        assert {name: found[f"{name}局"][0] for name in OUTCOMES} == {name: name for name in OUTCOMES}
        assert found["fail局"][1] == "fail"
        assert found["pass局"][1] == found["not_assessable局"][1] == "pass"
    known = {(rule.rule, rule.subject) for rule in told}
    asked = "SELECT DISTINCT rule, subject FROM cross_checks WHERE rule NOT IN ('Y2', 'Y3')"
    assert set(whole.rows(asked)) == known


def test_the_cases_cover_every_rule_between_years():
    told = crosschecks.rules().years
    assert all(any(applies(rule, form) for form in ERAS) for rule in told)
    assert {rule.rule for rule in told} | {"L1", "L2", "Y2", "Y3"} == RULES


def test_each_cell_of_the_levels(whole):
    cells = crosschecks.rules().level_cells
    fewest = crosschecks.rules().fewest
    for outcome in OUTCOMES:
        amount = {"pass": fewest, "fail": fewest - 1, "not_assessable": BLANK}[outcome]
        city = replace(GOVERNMENT, id=f"2308-{outcome}", name=f"{outcome}市人民政府")
        report = of_form(whole, "f2021", 2021, dict.fromkeys(cells, amount), agency=city, scope="whole_area")
        keep(whole, report)
        for number in range(fewest):
            agency = department(f"{outcome}{number}局", parent=city)
            keep(whole, of_form(whole, "f2021", 2021, dict.fromkeys(cells, 1), agency=agency))
    findings.refresh(whole.db)
    for cell in cells:
        for rule in ("L1", "L2"):
            found = {name: outcome for name, (outcome, _) in outcomes(whole, rule, "/".join(cell)).items()}
            assert found == {name: name for name in OUTCOMES}, (rule, cell)


def test_each_chapter_whose_wording_is_compared(whole):
    chapters = crosschecks.rules().chapters
    wordings = {
        ("样例局", 2021): 1,
        ("样例局", 2022): 1,  # as in the year before
        ("范本局", 2021): 2,
        ("范本局", 2022): 3,
        ("抄写局", 2022): 3,  # as another body's
    }
    for number, ((name, year), start) in enumerate(wordings.items()):
        prints = tuple(Fingerprint(chapter, hashes(start)) for chapter in chapters)
        day = f"{year + 1}-01-{10 + number}"
        agency = department(name)
        keep(
            whole,
            of_form(whole, "f2021", year, {}, agency=agency, fingerprints=prints, published_on=day),
        )
    findings.refresh(whole.db)
    asked = "SELECT report_id, outcome FROM cross_checks WHERE rule = 'Y2' AND subject = ?"
    for chapter in chapters:
        assert dict(whole.rows(asked, f"chapter_{chapter}/year_before")) == {
            "230800-样例局-2022": "fail",
            "230800-范本局-2022": "pass",
        }
        others = dict(whole.rows(asked, f"chapter_{chapter}/other_agency"))
        assert {key for key, outcome in others.items() if outcome == "fail"} == {"230800-抄写局-2022"}
        assert len(others) == len(wordings)


def test_versions_and_copies(whole):
    def seen(name: str, received: float, url: str | None = None, portal: str = "jiamusi") -> None:
        amounts: Amounts = {("applications", "received_new", "total"): received}
        keep(
            whole,
            of_form(whole, "f2021", 2021, amounts, agency=department(name)),
            url=url,
            portal=portal,
        )

    for name, first, second in (("不变局", 4, 4), ("更正局", 4, 7)):
        seen(name, first)
        seen(f"两处{name}", first)
        seen(f"两处{name}", second, url=f"http://hrb.example/{name}", portal="harbin")
    whole.begin_crawl()
    for name, second in (("不变局", 4), ("更正局", 7)):
        agency = department(name)
        report = of_form(
            whole, "f2021", 2021, {("applications", "received_new", "total"): second}, agency=agency
        )
        keep(whole, replace(report, title=f"{report.title}（更新）"))
    findings.refresh(whole.db)
    assert {name: outcome for name, (outcome, _) in outcomes(whole, "Y3", "versions").items()} == {
        "不变局": "pass",
        "更正局": "fail",
    }
    assert {name: outcome for name, (outcome, _) in outcomes(whole, "Y3", "copies").items()} == {
        "两处不变局": "pass",
        "两处更正局": "fail",
    }
