"""The rules of a report as plain data, for whoever tells them again from stored figures.

Owns their list: every sum and comparison of every form, the sums of printed subtotals, the rule of
whole numbers, and the rules that are told when a document is read, which need more than its figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal

from pipelines.checks import rules_of_reading
from pipelines.checks.sums import Test, subtotal_test, tests_of
from pipelines.forms import Form, every_form, subtotals_of
from pipelines.records import FormRule


@cache
def stated_rules() -> tuple[FormRule, ...]:
    """All rules within a report: those of the forms, oldest first, then those of the reading."""
    told = [rule for form in every_form().values() for table in form.tables for rule in _rules(form, table)]
    return (*told, *_rules_of_reading())


def _rules(form: Form, table: str) -> Iterator[FormRule]:
    for test in tests_of(form.id, table):
        yield _stated(form.id, table, test, "printed" if test.rule == "A4" else "always")
    columns = form.tables[table].blocks[0].columns
    for total in subtotals_of(table, form.id).values():
        for column in columns:
            yield _stated(form.id, table, subtotal_test(total, column), "beside")
    yield FormRule(
        form=form.id,
        table=table,
        rule=form.counts.rule,
        subject="report",
        relation="whole",
        severity="hard",
        told="always",
        exempt=tuple(sorted(code for own, code in form.counts.not_counts if own == table)),
        says=form.counts.says,
    )


def _stated(form: str, table: str, test: Test, told: Literal["always", "printed", "beside"]) -> FormRule:
    return FormRule(
        form=form,
        table=table,
        rule=test.rule,
        subject=test.subject,
        relation=test.sign,
        severity=test.severity,
        told=told,
        left=test.left,
        right=test.right,
        says=test.says,
    )


def _rules_of_reading() -> Iterator[FormRule]:
    for rule, words in rules_of_reading().items():
        yield FormRule(
            form="any",
            table="any",
            rule=rule,
            subject="any",
            relation="read",
            severity=words["severity"],
            told="always",
            says=words["says"],
        )
