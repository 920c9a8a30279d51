"""Bad input of every kind: each ends in time as a problem that says what it was; nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pipelines.extract import read_file
from pipelines.pool import ReadingPool
from pipelines.readers import libreoffice, scan
from pipelines.records import DocumentReading
from tests.pipelines import fuzz, word
from tests.pipelines import hostile_documents as h
from tests.pipelines import renderings as r
from tests.pipelines.archives import rar, seven_zip, zipped

SECONDS = 20


def children() -> set[str]:
    """The processes that this one has started and that have not ended."""
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of temporary files, for this test alone."""
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


@pytest.fixture(scope="module")
def pool():
    with ReadingPool(1, seconds=SECONDS) as opened:
        yield opened


def said(found: list[DocumentReading]) -> list[tuple[str, str]]:
    return [(problem.code, problem.detail) for reading in found for problem in reading.problems]


@pytest.mark.parametrize("name", h.HOSTILE)
def test_each_is_a_problem_that_says_what_it_was(pool, name):
    """In the process of a crawl, with its limits of time and memory."""
    if name == "vast.png":
        try:
            scan.require()
        except Exception as error:  # noqa: BLE001
            pytest.skip(str(error))
    hostile = h.HOSTILE[name]
    body = hostile.make()
    begun = time.monotonic()
    found = pool.collected_file(body, pool.submit_file(body))
    assert time.monotonic() - begun < SECONDS
    assert all(reading.report is None for reading in found)
    problems = said(found)
    assert {hostile.code} <= {code for code, _ in problems} <= {hostile.code, "no_report", "empty_document"}
    assert any(hostile.says in detail for code, detail in problems if code == hostile.code), problems


@pytest.mark.parametrize(
    "make", [h.vast_dimension, h.of_text(h.nested_tables), *map(h.often_in_a_cell, h.OFTEN_IN_A_CELL)]
)
def test_what_is_only_strange_is_read(pool, make):
    begun = time.monotonic()
    body = make()
    (found,) = pool.collected_file(body, pool.submit_file(body))
    assert time.monotonic() - begun < SECONDS
    assert {problem.code for problem in found.problems} <= {"no_report"}


@pytest.mark.parametrize("make", [h.outside_zip, h.outside_rar], ids=["zip", "rar"])
def test_names_that_lead_outside_lead_nowhere(make, folder, tmp_path, monkeypatch):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    before = set(tmp_path.rglob("*")) | set(Path("/tmp").glob("nianbao-outside*"))
    found = read_file(make())
    assert len(found) == len(h.OUTSIDE)
    assert {reading.problems[0].code for reading in found} == {"no_report"}
    assert set(tmp_path.rglob("*")) | set(Path("/tmp").glob("nianbao-outside*")) == before


def test_a_link_in_a_7z_is_no_file(folder, tmp_path):
    source = tmp_path / "files"
    source.mkdir()
    (source / "link.txt").symlink_to("/etc/passwd")
    (source / "年报.html").write_bytes(r.official(h.NEWEST, h.PRINTED).encode())
    found = read_file(seven_zip_of(tmp_path, source))
    by_name = {reading.member.rpartition("/")[2]: reading for reading in found}
    assert "link" in by_name["link.txt"].problems[0].detail
    assert len(by_name["年报.html"].report.figures) == 200
    assert list(folder.iterdir()) == []


def seven_zip_of(tmp_path: Path, source: Path) -> bytes:
    from pipelines.readers import packed

    made = tmp_path / "made.7z"
    subprocess.run([packed._program(), "a", "-snl", made, source], check=True, capture_output=True)
    return made.read_bytes()


def test_a_7z_whose_list_is_locked(folder, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (problem,) = read_file(seven_zip(files, {"a.txt": b"a"}, "-psecret", "-mhe=on"))[0].problems
    assert (problem.code, "password" in problem.detail) == ("encrypted_document", True)


def test_nothing_is_left_of_archives(folder):
    before = children()
    read_file(rar({"a.html": r.official(h.NEWEST, h.PRINTED).encode(), "b.txt": b""}))
    read_file(b"Rar!\x1a\x07\x01\x00" + bytes(300))
    assert list(folder.iterdir()) == []
    assert children() == before


def test_an_archive_that_takes_too_long_is_given_up(folder, monkeypatch):
    from pipelines.readers import packed

    program = folder.parent / "slow"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(packed, "_program", lambda: str(program))
    monkeypatch.setattr(packed, "SECONDS", 0.3)
    before = children()
    ((problem,),) = [reading.problems for reading in read_file(rar({"a.txt": b"a"}))]
    assert (problem.code, "0.3 seconds" in problem.detail) == ("damaged_document", True)
    assert list(folder.iterdir()) == []
    assert children() == before


def test_archives_inside_archives_are_read_and_named_by_their_way():
    printed = {first: r.distinct(h.NEWEST, first) for first in (1001, 5001)}
    first = word.report(h.NEWEST, printed[1001])
    other = r.official(h.NEWEST, printed[5001]).replace(r.TITLE, r.TITLE.replace("样例", "试验")).encode()
    found = read_file(zipped({"甲.docx": first, "一.zip": zipped({"二.zip": zipped({"乙.html": other})})}))
    assert [reading.member for reading in found] == ["甲.docx", "一.zip/二.zip/乙.html"]
    assert [f.printed for f in found[0].report.figures] == list(printed[1001].values())
    assert [f.printed for f in found[1].report.figures] == list(printed[5001].values())
    assert {reading.report.agency.name for reading in found} == {"牡丹江市样例局", "牡丹江市试验局"}


def test_a_word_file_stored_in_an_archive_does_not_pass_for_the_archive():
    """A package is told by the names of its own members, not by names somewhere in its bytes."""
    from zipfile import ZIP_STORED

    stored = fuzz.zipped({"甲.docx": h.docx(), "乙.xlsx": h.kept("official-f2021.xlsx")}, ZIP_STORED)
    found = read_file(stored)
    assert [reading.member for reading in found] == ["甲.docx", "乙.xlsx"]
    assert [len(reading.report.figures) for reading in found] == [200, 200]


@pytest.mark.parametrize("name", ["new.docx", "new.pdf", "new.ofd", "new.html", "official-f2021.doc"])
def test_the_bytes_say_what_a_document_is(name):
    """Nothing that a server or a name claims is asked: a page served as PDF is read as a page."""
    body = fuzz.sources()[name]
    for url in ("http://x/a.pdf", "http://x/a.html", "http://x/a.doc", "http://x/a.zip"):
        assert len(read_file(body, url)[0].report.figures) == 200


def test_notes_in_xml_do_not_cut_a_number():
    body = h.repacked(
        h.docx(), {"word/document.xml": lambda text: text.replace(">1001<", ">10<!-- a note -->0<?a b?>1<")}
    )
    assert {f.cell: f.printed for f in read_file(body)[0].report.figures} == h.PRINTED


# Programs that readers start ---------------------------------------------------------------------------


@pytest.fixture
def slow_office(tmp_path, monkeypatch):
    """A LibreOffice that starts another process and does not end; the file that holds their numbers."""
    program = tmp_path / "bin" / "soffice"
    program.parent.mkdir()
    numbers = tmp_path / "numbers"
    program.write_text(f"#!/bin/sh\nsleep 60 &\necho $! $$ > {numbers}\nwait\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return numbers


def are_gone(numbers: Path) -> bool:
    def is_running(number: str) -> bool:
        try:
            return (
                Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
            )
        except OSError:
            return False

    return not any(map(is_running, numbers.read_text(encoding="ascii").split()))


def test_libreoffice_has_a_time_limit_and_leaves_nothing(slow_office, folder, monkeypatch):
    monkeypatch.setattr(libreoffice, "SECONDS", 1)
    (problem,) = read_file(h.header_of_word(2, b"\x68\x00")())[0].problems
    assert (problem.code, "in 1 seconds" in problem.detail) == ("damaged_document", True)
    assert are_gone(slow_office)
    assert list(folder.iterdir()) == []


READ = """
import sys
from pathlib import Path
from pipelines.extract import read_file
read_file(Path(sys.argv[1]).read_bytes())
"""


def test_a_reading_that_is_told_to_end_takes_libreoffice_with_it(slow_office, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "old.doc").write_bytes(h.header_of_word(2, b"\x68\x00")())
    reading = subprocess.Popen(
        [sys.executable, "-c", READ, tmp_path / "old.doc"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    for _ in range(200):
        if slow_office.exists() and slow_office.read_text(encoding="ascii"):
            break
        time.sleep(0.05)
    assert not are_gone(slow_office)
    reading.terminate()
    assert reading.wait(10) == -signal.SIGTERM
    assert are_gone(slow_office)
    assert list(temporary.iterdir()) == []


# Text without an end ----------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["lines.txt", "tabs.txt", "flow.txt"])
def test_a_number_at_the_end_of_a_cut_text_is_in_doubt(source):
    body = fuzz.sources()[source]
    whole = read_file(body)[0]
    assert not {"document_cut"} & {problem.code for problem in whole.problems}
    for at in range(len(body) // 4, len(body), 97):
        found = read_file(body[:at])[0]
        damaged = fuzz.Case(source, 0, at, fuzz.Mutation("truncated", lambda rng, body: body), body[:at])
        assert fuzz.finding([found], damaged) is None, at


def test_utf_8_cut_inside_a_character_stays_utf_8():
    body = fuzz.sources()["flow.txt"]
    at = body.rindex("其他".encode()) + 1
    found = read_file(body[:at])[0]
    assert found.report.agency.name == "牡丹江市样例局"
    assert "document_cut" in {problem.code for problem in found.problems}


@pytest.mark.parametrize("size", [8, 512, 3000])
def test_a_hole_of_zeros_in_a_page_is_told(size):
    """A disk lost a block: a row's label may come to stand beside another row's figures."""
    body = fuzz.sources()["new.html"]
    at = body.index("本机关不掌握相关政府信息".encode()) + 36
    found = read_file(body[:at] + bytes(size) + body[at + size :])[0]
    assert any("hole" in p.detail for p in found.problems if p.code == "damaged_document")
    assert not any(p.code == "damaged_document" for p in read_file(body + bytes(size))[0].problems)


@pytest.mark.parametrize("number", [43, 90])
def test_parts_of_an_archive_that_look_like_a_page_are_told(number):
    """Two reports lie in it unpacked; with its beginning moved it would pass for one page of both."""
    damaged = fuzz.case("two.rar", 8, number)
    found = read_file(damaged.body)
    assert damaged.mutation.name == "swapped"
    assert fuzz.finding(found, damaged) is None
    assert "damaged_document" in {problem.code for reading in found for problem in reading.problems}


def test_an_archive_is_opened_as_what_it_begins_as(tmp_path):
    """The end of a workbook behind the beginning of a 7z file is no archive of the workbook's parts."""
    begun = seven_zip(tmp_path, {"a.html": fuzz.sources()["new.html"]})[:500]
    (found,) = read_file(begun + h.kept("official-f2021.xlsx")[700:])
    assert [problem.code for problem in found.problems] == ["damaged_document"]


@pytest.mark.parametrize("changed", [b"\x0b", b"\x08", b"\x1f"])
def test_control_characters_in_a_text_are_told(changed):
    """A changed end of line would make a row of its own of each cell."""
    body = fuzz.sources()["lines.txt"]
    mark = "规章".encode() + b"\n\t1001"
    assert body.count(mark) == 1
    found = read_file(body.replace(mark, "规章".encode() + changed + b"\t1001"))[0]
    assert "damaged_document" in {p.code for p in found.problems}
    named = {(cell.table, cell.row) for p in found.problems for cell in p.cells}
    told = {f.cell: f.printed for f in found.report.figures if f.status == "number"}
    assert {c for c, text in told.items() if text != h.PRINTED[c] and (c.table, c.row) not in named} == set()


def test_a_line_that_goes_on_from_nothing():
    found = read_file("\n\n\t\n续\n\t1\n\t2\n".encode())[0]
    assert [p.code for p in found.problems] == ["no_report"]


# Random damage ----------------------------------------------------------------------------------------


def test_a_round_of_random_damage():
    """The same documents on every machine; `python -m tests.pipelines.fuzz` goes on where this stops."""
    names = (
        "new.docx",
        "official-f2021.doc",
        "official-f2021.xls",
        "official-f2021.xlsx",
        "two.zip",
        "tabs.txt",
    )
    damaged = (fuzz.case(name, 20240601, number) for number in range(12) for name in names)
    found = [(str(one), reason) for one, reason, _ in fuzz.findings(damaged) if reason]
    assert found == []


# Through the command ----------------------------------------------------------------------------------


def test_the_command_prints_a_line_for_each_and_no_traceback(tmp_path):
    import json

    names = [name for name in h.HOSTILE if not name.endswith(".png")]
    for name in names:
        (tmp_path / name).write_bytes(h.HOSTILE[name].make())
    (tmp_path / "good.docx").write_bytes(h.docx())
    paths = [str(tmp_path / name) for name in (*names, "good.docx")]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "extract", *paths, "--jobs", "2"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(dict.fromkeys(entry["file"] for entry in found)) == paths
    assert [entry["file"] for entry in found if entry["report"]] == paths[-1:]
    assert all(entry["report"] or entry["problems"] for entry in found)
    assert len(done.stderr.splitlines()) == len(found) - 1
    assert [path for path in temporary.iterdir() if "nianbao" in path.name] == []
