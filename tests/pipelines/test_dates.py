"""The dates of a report: from addresses, the day it is due, lateness as far as the dates bear it out."""

from __future__ import annotations

import pytest

from pipelines.dates import address_date, dates, day_in_china, due_on, period, troubles


@pytest.mark.parametrize(
    ("url", "date"),
    [
        ("http://x.gov.cn/zwgk/202202/t20220210_12345.html", "2022-02-10"),
        ("http://x.gov.cn/art/2022/2/10/art_123_456.html", "2022-02-10"),
        ("http://x.gov.cn/2022-02-10/1.html", "2022-02-10"),
        ("http://x.gov.cn/20220210/1.html", "2022-02-10"),
        ("http://x.gov.cn/20220231/1.html", None),
        ("http://x.gov.cn/202202/1.html", None),
        ("http://x.gov.cn/article?date=2022-02-10", None),
        ("http://x.gov.cn/c105122/172811.shtml", None),
    ],
)
def test_the_day_in_an_address(url, date):
    assert address_date(url) == date


@pytest.mark.parametrize(
    ("kind", "year", "due"),
    [
        ("department", 2021, "2022-01-31"),
        ("government", 2021, "2022-03-31"),
        ("management_committee", 2021, "2022-03-31"),
        # Before the revision of 2019 all were due on the same day.
        ("department", 2018, "2019-03-31"),
        ("department", 2019, "2020-01-31"),
        ("township", 2021, None),
        ("university", 2021, None),
        (None, 2021, None),
        ("department", None, None),
    ],
)
def test_when_a_report_is_due(kind, year, due):
    assert due_on(kind, year) == due


def said(printed: str | None, page: str | None, kind: str = "department"):
    return dates(kind, 2021, printed_on=printed, page_date=page, url_date=None, period=None)


@pytest.mark.parametrize(
    ("printed", "page", "confidence"),
    [
        ("2022-01-20", "2022-01-21", "high"),
        ("2022-03-01", "2022-03-02", "high"),
        ("2022-01-20", None, "medium"),
        (None, "2022-03-02", "medium"),
        # Printed in time, page late: the page was moved.
        ("2022-01-20", "2023-06-01", "low"),
        # Nothing but a page's date years later.
        (None, "2024-06-01", "low"),
        (None, None, None),
        # A date before the end of the year says nothing.
        ("2021-06-01", None, None),
    ],
)
def test_how_far_the_dates_bear_out_lateness(printed, page, confidence):
    assert said(printed, page).late_confidence == confidence


def test_a_page_filed_under_a_migrated_date_is_told():
    assert [problem.code for problem in troubles(said("2022-01-20", "2023-06-01"))] == ["date_migrated"]
    assert [problem.code for problem in troubles(said(None, "2024-06-01"))] == ["date_migrated"]
    assert troubles(said("2022-01-20", "2022-01-25")) == []
    assert troubles(said("2022-03-01", "2022-03-02")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("统计期限自2021年1月1日起至2021年12月31日止", ("2021-01-01", "2021-12-31")),
        ("数据统计期限为2018年1月1日至12月7日", ("2018-01-01", "2018-12-07")),
        ("统计时间为2018年9月1日至2019年8月31日", ("2018-09-01", "2019-08-31")),
        ("统计期限自2021年2月30日起至2021年12月31日止", None),
        ("2021年1月1日召开会议", None),
    ],
)
def test_the_stated_period(text, found):
    assert period(text) == found


def test_the_day_of_a_fetch_is_that_in_china():
    assert day_in_china("2022-01-31T17:00:00Z") == "2022-02-01"
    assert day_in_china("2022-01-31") == "2022-01-31"
