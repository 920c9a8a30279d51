"""`scrapy extract` as users run it: output, order, exit codes, bad input in one line."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.forms import forms
from tests.pipelines import renderings as r

ROOT = Path(__file__).resolve().parents[2]
FORM = forms()["f2021"]
PRINTED = r.distinct(FORM)


def extract(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", "extract", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def report(tmp_path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(r.official(FORM, PRINTED), encoding="utf-8")
    return path


def test_one_object_with_the_keys_of_the_contract(report):
    done = extract(report)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert list(found) == [
        "file",
        "member",
        "media_type",
        "sha256",
        "extractor_version",
        "report",
        "problems",
    ]
    assert found["file"] == str(report)
    assert found["sha256"] == hashlib.sha256(report.read_bytes()).hexdigest()
    assert list(found["report"]) == [
        "title",
        "agency",
        "agency_as_printed",
        "agency_type",
        "level",
        "division_code",
        "family",
        "scope",
        "year",
        "published_on",
        "forms",
        "sections",
        "figures",
        "checks",
        "claims",
        "attachments",
    ]
    first = found["report"]["figures"][0]
    assert first == {
        "table": "proactive",
        "row": "government_rules",
        "column": "issued",
        "printed": "1001",
        "value": 1001,
        "unit": "件",
        "status": "number",
        "note": None,
        "locator": {"table": 1, "row": 3, "cell": 2},
        "method": "grid",
        "verified": True,
    }
    assert {len(found["report"]["figures"])} == {200}
    assert set(found["report"]["checks"][0]) == {
        "rule",
        "subject",
        "outcome",
        "zero_filled",
        "severity",
        "left",
        "right",
        "suspect",
        "detail",
    }


def test_objects_come_in_the_order_of_the_files_whatever_reads_them(tmp_path):
    paths = []
    for number in range(9):
        path = tmp_path / f"{9 - number}.html"
        path.write_text(r.official(FORM, r.distinct(FORM, 1000 * (number + 1))), encoding="utf-8")
        paths.append(path)
    done = extract(*paths, "--jobs", "2")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [entry["file"] for entry in found] == [str(path) for path in paths]
    assert [entry["report"]["figures"][0]["value"] for entry in found] == [1000 * (n + 1) for n in range(9)]


def test_a_file_without_a_report_gives_an_object_a_reason_and_exit_1(report, tmp_path):
    empty = tmp_path / "empty.html"
    empty.touch()
    done = extract(report, empty)
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found[0]["report"]
    assert found[1]["report"] is None
    assert [problem["code"] for problem in found[1]["problems"]] == ["empty_document"]
    assert done.stderr.count("\n") == 1
    assert str(empty) in done.stderr


def test_a_page_cut_in_the_middle_is_read_as_far_as_it_goes_and_said_to_be_incomplete(report):
    text = report.read_text(encoding="utf-8")
    report.write_text(text[: text.index("（六）其他处理")], encoding="utf-8")
    done = extract(report)
    assert done.returncode == 1
    assert json.loads(done.stdout)["report"]["figures"]
    assert done.stderr.count("\n") == 1
    assert "incomplete" in done.stderr
    assert str(report) in done.stderr


def test_the_address_places_a_short_name_and_resolves_links(tmp_path):
    path = tmp_path / "a.html"
    text = r.official(FORM, PRINTED).replace(r.TITLE, "市财政局2021年政府信息公开工作年度报告")
    path.write_text(text.replace("<p>无。</p>", '<p><a href="9/files/a.pdf">附件</a></p>'), encoding="utf-8")
    report = json.loads(
        extract(path, "--url", "http://www.mdj.gov.cn/mdjsrmzf/c1/202201/c03_9.shtml").stdout
    )["report"]
    assert (report["agency"], report["division_code"]) == ("牡丹江市财政局", "231000")
    assert report["attachments"] == [
        {"url": "http://www.mdj.gov.cn/mdjsrmzf/c1/202201/9/files/a.pdf", "label": "附件"}
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "needs one FILE"),
        (("nowhere.html",), "nowhere.html"),
        ((".",), "is a folder"),
        (("pyproject.toml", "--colour"), "--colour"),
        (("a.html", "b.html", "--url", "http://www.x.gov.cn/"), "--url goes with one FILE"),
        (("pyproject.toml", "--url", "www.x.gov.cn"), "http://"),
        (("pyproject.toml", "--jobs", "0"), "--jobs 0"),
        (("pyproject.toml", "--jobs", "two"), "--jobs two"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(arguments, said):
    done = extract(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
