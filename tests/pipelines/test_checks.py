"""The accounting rules: each fires, holds, and cannot be told where cells are blank or merged."""

import random

import pytest

from pipelines.checks import checks, sums
from pipelines.forms import Form, forms
from pipelines.records import Cell, Figure

F2019, F2021 = forms()["f2019"], forms()["f2021"]


def zeros(form: Form) -> dict[Cell, Figure]:
    cells = [cell for table in form.tables.values() for cell in table.cells()]
    return {cell: figure(cell, 0) for cell in cells}


def figure(cell: Cell, value: float | None, status: str = "number", note: str | None = None) -> Figure:
    printed = None if status == "merged" else "" if value is None else str(value)
    return Figure(
        cell=cell,
        printed=printed,
        value=value,
        unit="件",
        status=status,
        note=note,
        locator={},
        method="grid",
    )


def put(
    figures: dict[Cell, Figure], row: str, value: float | None, *columns: str, table="applications", **more
) -> None:
    for column in columns or ("natural_person", "total"):
        cell = Cell(table, row, column)
        figures[cell] = figure(cell, value, **more)


def outcomes(figures: dict[Cell, Figure], form: Form = F2021) -> dict[tuple[str, str], object]:
    return {
        (c.rule, c.subject): c for c in checks(tuple(figures.values()), dict.fromkeys(form.tables, form.id))
    }


def test_a_report_that_adds_up_passes_every_rule():
    for form in (F2019, F2021):
        found = outcomes(zeros(form), form)
        assert {check.outcome for check in found.values()} == {"pass"}
        assert {check.zero_filled for check in found.values()} == {"pass"}
        plausible = {"P4"} if form is F2019 else {"P2"}
        assert {rule for rule, _ in found} == {"A1", "A2", "A3", "A5", "A6", "R1", "R2", "R3"} | plausible


def test_a1_fails_where_applications_go_missing():
    figures = zeros(F2021)
    put(figures, "received_new", 4)
    check = outcomes(figures)["A1", "total"]
    assert (check.outcome, check.left, check.right) == ("fail", 4, 0)
    assert check.severity == "hard"
    assert "4 = 0" in check.detail


def test_a2_fails_where_results_do_not_sum_up():
    figures = zeros(F2021)
    put(figures, "processed_total", 4)
    put(figures, "carried_in", 4)
    put(figures, "disclosed_full", 3)
    check = outcomes(figures)["A2", "natural_person"]
    assert (check.outcome, check.left, check.right) == ("fail", 4, 3)


def test_a2_of_the_older_form_counts_its_one_row_of_other():
    figures = zeros(F2019)
    put(figures, "received_new", 2)
    put(figures, "processed_total", 2)
    put(figures, "other_total", 2)
    found = outcomes(figures, F2019)
    assert {check.outcome for check in found.values()} == {"pass"}


def test_a3_fails_where_a_total_is_not_its_applicants():
    figures = zeros(F2021)
    put(figures, "received_new", 5, "total")
    put(figures, "received_new", 4, "natural_person")
    assert outcomes(figures)["A3", "received_new"].outcome == "fail"


@pytest.mark.parametrize("value", [-1, 2.5])
def test_a5_fails_for_a_count_that_is_none(value):
    figures = zeros(F2021)
    put(figures, "denied_state_secret", value, "org_other")
    check = outcomes(figures)["A5", "report"]
    assert check.outcome == "fail"
    assert check.suspect == Cell("applications", "denied_state_secret", "org_other")


def test_a5_lets_money_and_changes_be():
    figures = zeros(F2021)
    put(figures, "administrative_fees", 17.586, "amount_wanyuan", table="proactive")
    assert outcomes(figures)["A5", "report"].outcome == "pass"
    figures = zeros(F2019)
    put(figures, "administrative_licensing", -424, "items_change", table="proactive")
    assert outcomes(figures, F2019)["A5", "report"].outcome == "pass"


def test_a6_fails_where_nothing_came_of_what_came_in():
    figures = zeros(F2021)
    put(figures, "received_new", 3)
    assert outcomes(figures)["A6", "total"].outcome == "fail"


@pytest.mark.parametrize(
    ("rule", "group"),
    [("R1", "reconsideration"), ("R2", "litigation_direct"), ("R3", "litigation_after_reconsideration")],
)
def test_totals_of_reviews_and_lawsuits(rule, group):
    figures = zeros(F2021)
    put(figures, group, 2, "total", table="review_litigation")
    put(figures, group, 1, "upheld", table="review_litigation")
    check = outcomes(figures)[rule, group]
    assert (check.outcome, check.left, check.right) == ("fail", 2, 1)


def test_blank_cells_make_a_rule_not_assessable_but_count_zero_when_filled():
    figures = zeros(F2021)
    put(figures, "carried_in", None, *F2021.tables["applications"].columns, status="blank")
    found = outcomes(figures)
    for column in F2021.tables["applications"].columns:
        assert (found["A1", column].outcome, found["A1", column].zero_filled) == ("not_assessable", "pass")
    assert found["A1", "total"].left is None
    assert "carried_in/total is blank" in found["A1", "total"].detail


def test_a_zero_filled_rule_can_fail_where_the_strict_one_cannot_be_told():
    figures = zeros(F2021)
    put(figures, "carried_in", None, status="blank")
    put(figures, "received_new", 3)
    check = outcomes(figures)["A1", "total"]
    assert (check.outcome, check.zero_filled) == ("not_assessable", "fail")


@pytest.mark.parametrize("status", ["not_applicable", "unreadable"])
def test_other_states_cannot_be_told_either_way(status):
    figures = zeros(F2021)
    put(figures, "carried_in", None, status=status)
    check = outcomes(figures)["A1", "total"]
    assert (check.outcome, check.zero_filled) == ("not_assessable", "not_assessable")


def test_a_missing_cell_cannot_be_told():
    figures = zeros(F2021)
    del figures[Cell("applications", "carried_in", "total")]
    check = outcomes(figures)["A1", "total"]
    assert (check.outcome, check.zero_filled) == ("not_assessable", "not_assessable")
    assert "not in the document" in check.detail


def merged_row_four(total_handled: int) -> dict[Cell, Figure]:
    """Row 四 prints 0 and 0 for seven cells, as a real report does; three applications came in."""
    figures = zeros(F2019)
    put(figures, "received_new", 3)
    put(figures, "disclosed_full", 3)
    put(figures, "processed_total", total_handled)
    columns = F2019.tables["applications"].columns
    put(figures, "carried_out", None, *columns, status="merged", note='["0", "0"]')
    return figures


def test_merged_values_fail_a_rule_that_none_of_them_satisfies():
    found = outcomes(merged_row_four(0), F2019)
    for column in ("natural_person", "total"):
        for rule in ("A1", "A2"):
            assert found[rule, column].outcome == "fail"
            assert found[rule, column].suspect == Cell("applications", "processed_total", column)
    assert found["A1", "org_business"].outcome == "not_assessable"
    assert found["A1", "org_business"].zero_filled == "pass"
    assert found["A3", "carried_out"].outcome == "not_assessable"
    assert found["A6", "total"].outcome == "fail"


def test_merged_values_that_could_satisfy_a_rule_leave_it_open():
    found = outcomes(merged_row_four(3), F2019)
    assert found["A1", "natural_person"].outcome == "not_assessable"
    assert found["A2", "natural_person"].outcome == "pass"


def test_one_wrong_cell_is_the_suspect_of_all_that_it_breaks():
    figures = zeros(F2021)
    for row in ("received_new", "disclosed_full", "processed_total"):
        put(figures, row, 7)
    put(figures, "processed_total", 9, "total")
    found = outcomes(figures)
    broken = {key: check for key, check in found.items() if check.outcome == "fail"}
    assert set(broken) == {("A1", "total"), ("A2", "total"), ("A3", "processed_total")}
    assert {check.suspect for check in broken.values()} == {Cell("applications", "processed_total", "total")}


def test_a_single_failure_has_no_suspect():
    figures = zeros(F2021)
    put(figures, "reconsideration", 2, "total", table="review_litigation")
    assert outcomes(figures)["R1", "reconsideration"].suspect is None


def test_rules_of_a_table_that_is_absent_are_not_tested():
    found = checks(
        tuple(zeros(F2021).values()), {"proactive": None, "applications": None, "review_litigation": "f2021"}
    )
    assert {check.rule for check in found} == {"R1", "R2", "R3", "A5"}


def test_of_equal_candidates_none_is_named():
    figures = zeros(F2021)
    for row in ("received_new", "processed_total"):
        put(figures, row, 7)
    put(figures, "disclosed_full", 4)
    put(figures, "disclosed_partial", 3)
    # Either of the two printed one too high repairs its own row and the column.
    put(figures, "disclosed_full", 5, "total")
    put(figures, "disclosed_partial", 4, "total")
    put(figures, "processed_total", 8, "total")
    found = outcomes(figures)
    broken = {key: check.suspect for key, check in found.items() if check.outcome == "fail"}
    handled = Cell("applications", "processed_total", "total")
    assert broken == {
        ("A1", "total"): handled,
        ("A3", "processed_total"): handled,
        ("A2", "total"): None,
        ("A3", "disclosed_full"): None,
        ("A3", "disclosed_partial"): None,
    }


def test_blanks_are_never_named():
    figures = zeros(F2021)
    put(figures, "received_new", 7)
    put(figures, "disclosed_full", 7)
    put(figures, "processed_total", None, status="blank")
    found = outcomes(figures)
    assert {check.suspect for check in found.values()} == {None}
    assert found["A2", "total"].zero_filled == "fail"


def made_up(rng: random.Random) -> dict[tuple[str, str], int]:
    """A table of applications that adds up."""
    table = F2021.tables["applications"]
    results = sums.tests_of("f2021", "applications")
    leaves = next(test.right for test in results if test.rule == "A2")
    made: dict[tuple[str, str], int] = {}
    for column in table.columns:
        if column == "total":
            continue
        for cell in leaves:
            made[cell.row, column] = rng.choice((0, 0, 0, 1, 2, rng.randint(0, 60)))
        handled = sum(made[cell.row, column] for cell in leaves)
        out = rng.choice((0, 0, 2))
        before = min(handled + out, rng.choice((0, 0, 3)))
        made |= {("processed_total", column): handled, ("carried_out", column): out}
        made |= {("carried_in", column): before, ("received_new", column): handled + out - before}
    for row in table.rows:
        made[row, "total"] = sum(made[row, column] for column in table.columns if column != "total")
    return made


@pytest.mark.parametrize("wrong", [1, 2, 3])
def test_no_cell_is_named_that_is_right(wrong):
    rng = random.Random(wrong)
    named = 0
    for _ in range(40):
        amounts = made_up(rng)
        changed = rng.sample(sorted(amounts), wrong)
        figures = zeros(F2021)
        for (row, column), value in amounts.items():
            value += rng.choice((1, 3, 10 * value + 5)) if (row, column) in changed else 0
            put(figures, row, value, column)
        suspects = {check.suspect for check in outcomes(figures).values()} - {None}
        assert suspects <= {Cell("applications", *cell) for cell in changed}
        named += len(suspects)
    assert named >= 40 * wrong * 0.6
