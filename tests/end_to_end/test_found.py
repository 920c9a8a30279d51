"""The bodies of the sample that were made to be found are found, by the queries that the docs quote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.end_to_end.harvest import ROOT, Harvest, crawl, rows
from tests.province.server import Province

DOCUMENT = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"```sql\n(.*?)\n-- ([^\n]*)\n```", DOCUMENT, re.DOTALL)
CORRECTED = "双鸭山市样例住房局, 2022"


def named(answer: str) -> set[str]:
    """The bodies and years that a quoted answer names."""
    return set(re.findall(r"[\u4e00-\u9fff]{6,}|20\d\d", answer))


def test_the_document_quotes_a_query_for_each() -> None:
    assert len(QUOTED) == 9


@pytest.mark.parametrize(("sql", "answer"), [quoted for quoted in QUOTED if quoted[1] != CORRECTED])
def test_each_is_found(harvest: Harvest, sql: str, answer: str) -> None:
    found = {str(value) for row in harvest.rows(sql) for value in row.values()}
    assert named(answer) <= found


def test_only_the_late_one_is_late(harvest: Harvest) -> None:
    late = [sql for sql, answer in QUOTED if "late_reports" in sql]
    assert len(late) == 1
    assert len(harvest.rows(late[0])) == 1


def test_a_corrected_one_is_found_by_a_second_crawl(tmp_path: Path) -> None:
    ((sql, answer),) = [quoted for quoted in QUOTED if quoted[1] == CORRECTED]
    with Province(prefer=False, only=("shuangyashan",)) as province:
        crawl(tmp_path, province)
        assert rows(tmp_path / "nianbao.db", sql) == []
        assert province.correct()
        crawl(tmp_path, province)
    found = {str(value) for row in rows(tmp_path / "nianbao.db", sql) for value in row.values()}
    assert named(answer) <= found
    changed = rows(
        tmp_path / "nianbao.db",
        "SELECT outcome FROM checks_across_years WHERE rule = 'Y3' AND subject = 'versions' AND agency = ?"
        " AND year = 2022",
        "双鸭山市样例住房局",
    )
    assert [row["outcome"] for row in changed] == ["fail"]
