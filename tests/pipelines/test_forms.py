"""The form files: complete, strict, and in agreement with each other."""

import pytest

from pipelines import forms as forms_module
from pipelines.forms import FormError, forms, layout, read_form


def test_forms_have_the_cells_that_the_notices_prescribe():
    counts = {
        form.id: {code: len(table.cells()) for code, table in form.tables.items()}
        for form in forms().values()
    }
    assert counts == {
        "f2019": {"proactive": 22, "applications": 23 * 7, "review_litigation": 15},
        "f2021": {"proactive": 10, "applications": 25 * 7, "review_litigation": 15},
    }


def test_the_sum_of_results_names_every_result_of_its_form():
    for form in forms().values():
        rule = next(identity for identity in form.identities if identity.rule == "A2")
        results = [
            c for c, row in form.tables["applications"].rows.items() if row.group and c != "processed_total"
        ]
        assert list(rule.right) == results


def test_layout_merges_cells_of_both_forms_once():
    cells, totals = layout()
    assert len({cell[:3] for cell in cells}) == len(cells)
    by_place = {cell[:3]: cell.forms for cell in cells}
    assert by_place["applications", "received_new", "total"] == ("f2019", "f2021")
    assert by_place["applications", "other_total", "total"] == ("f2019",)
    assert by_place["proactive", "administrative_licensing", "decisions"] == ("f2019", "f2021")
    assert {total.code for total in totals} == {
        "denied_total",
        "unable_total",
        "not_processed_total",
        "other_total",
        "org_total",
        "litigation_total",
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda entry: entry.update(colour="red"), "colour"),
        (lambda entry: entry["tables"].update(claims={}), "claims"),
        (lambda entry: entry["tables"]["proactive"]["rows"]["government_rules"].update(lable="x"), "lable"),
        (lambda entry: entry["tables"]["proactive"]["blocks"][0]["rows"].append("decrees"), "decrees"),
        (lambda entry: entry["identities"][0]["left"].append("received_old"), "received_old"),
    ],
)
def test_what_a_form_file_must_not_say_is_refused_by_name(change, named):
    entry = forms_module._parsed("f2021.toml")
    change(entry)
    with pytest.raises(FormError, match=named) as error:
        read_form("f2021.toml", entry)
    assert "f2021.toml" in str(error.value)
