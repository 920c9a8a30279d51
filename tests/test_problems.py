"""Every problem code is documented, and every documented one has a test in which it fires."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.extract import read_file
from pipelines.forms import forms
from tests.pipelines import drawing, renderings, word

ROOT = Path(__file__).resolve().parents[1]
CODE = re.compile(
    r'(?:code="|UnreadableDocumentError\(\s*"|Trouble\(\s*(?:code=)?"|Cause\("|RefusedAddress\("'
    r'|_trouble\(\s*(?:\w+\.)?walk,\s*"|return "(?=\w+", f?"))([a-z_0-9]+)"'
)


def documented() -> set[str]:
    text = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([a-z_0-9]+)` \|", text, re.MULTILINE))


def raised() -> set[str]:
    rooms = ("pipelines", "crawler", "storage")
    paths = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    return {code for path in paths for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_the_codes_are_documented():
    assert {"missing_row", "http_error", "section_not_found", "copies_differ", "soft_404"} <= raised()
    assert raised() - documented() == set()


def test_the_documented_codes_exist():
    rooms = ("pipelines", "crawler", "storage")
    source = "\n".join(p.read_text(encoding="utf-8") for room in rooms for p in (ROOT / room).rglob("*.py"))
    assert [code for code in sorted(documented()) if f'"{code}"' not in source] == []


def test_each_code_fires_in_a_test():
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [code for code in sorted(documented()) if f'"{code}"' not in tests] == []


def test_no_code_of_the_reading_fires_on_a_report_that_is_as_it_should_be():
    form = forms()["f2021"]
    printed = renderings.distinct(form)
    sheets = drawing.report(drawing.tables(form, printed))
    bodies = (
        renderings.official(form, printed).encode(),
        word.report(form, printed),
        drawing.pdf(sheets),
        drawing.ofd(sheets),
    )
    for body in bodies:
        [reading] = read_file(body)
        assert reading.report is not None
        assert len(reading.report.figures) == len(printed)
        assert reading.problems == ()
