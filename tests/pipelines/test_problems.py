"""Every problem code is documented, and every documented one has a test in which it fires."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r'(?:code="|UnreadableDocumentError\(\s*"|Trouble\(\s*(?:code=)?")([a-z_0-9]+)"')


def documented() -> set[str]:
    text = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([a-z_0-9]+)` \|", text, re.MULTILINE))


def raised() -> set[str]:
    paths = [*(ROOT / "pipelines").rglob("*.py")]
    return {code for path in paths for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_the_readings_codes_are_documented():
    assert raised() <= documented()


def test_each_code_fires_in_a_test():
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [code for code in sorted(documented()) if f'"{code}"' not in tests] == []
