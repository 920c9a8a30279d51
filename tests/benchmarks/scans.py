"""Scans made to measure: a report set by a browser, its pages turned, blurred, soiled and squeezed as
scanners do, read again and compared cell by cell.

    python -m tests.benchmarks.scans [DOCUMENTS [FIRST_SEED]]

prints figures exact, refused, missing and wrong per resolution. Needs the extra `ocr` and Chromium.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2 as pdfium

from pipelines.extract import read_document
from pipelines.forms import TABLES, Form
from pipelines.records import Cell, Report
from pipelines.values import parsed
from tests.pipelines import renderings, scans

FONTS = ("Noto Serif CJK SC", "Noto Sans CJK SC", "DejaVu Serif, Noto Serif CJK SC", "Noto Sans Mono CJK SC")


def browser() -> str | None:
    """The program that sets pages, None where there is none."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def figures(form: Form, seed: int) -> dict[Cell, str]:
    """Distinct numbers of one to six digits; every fourth report is mostly small numbers, as real ones."""
    rng = random.Random(seed)
    cells = [cell for table in TABLES for cell in form.tables[table].cells()]
    if seed % 4 == 3:
        return {cell: str(rng.choice((0, 0, *range(10), rng.randint(10, 99)))) for cell in cells}
    pool = rng.sample(range(10), 8) + rng.sample(range(10, 100), 40) + rng.sample(range(100, 1000), 90)
    pool += rng.sample(range(1000, 10_000), 90) + rng.sample(range(10_000, 999_999), 12)
    rng.shuffle(pool)
    told = dict(zip(cells, (str(n) for n in pool), strict=False))
    for cell in cells:
        if cell.column == "amount":
            told[cell] = f"{rng.randint(1, 999)}.{rng.randint(1, 9999):04d}"
    return told


def set_pages(html: str, seed: int) -> bytes:
    """The PDF of a page as the browser prints it, in type and sizes that go with the seed."""
    rng = random.Random(seed * 7 + 1)
    font, size = FONTS[seed % len(FONTS)], rng.choice((9.5, 10.5, 10.5, 12))
    margin, leading = rng.choice((18, 22)), rng.choice((1.5, 1.8))
    line, padding = rng.choice((0.5, 0.75, 1)), rng.choice((1, 2, 4))
    style = (
        f"<style>@page{{size:A4;margin:{margin}mm}}body{{font-family:{font};font-size:{size}pt}}"
        f"p{{font-size:14pt;line-height:{leading};text-indent:2em}}h1{{font-size:20pt;text-align:center}}"
        f"table{{border-collapse:collapse;width:100%}}td,th{{border:{line}pt solid #000;"
        f"padding:{padding}pt;text-align:center}}</style></head>"
    )
    with TemporaryDirectory() as folder:
        page, made = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(html.replace("</head>", style).replace('border="1"', ""), encoding="utf-8")
        program = browser()
        assert program
        subprocess.run(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
             f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", str(page)],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        return made.read_bytes()


def compared(report: Report | None, truth: dict[Cell, str]) -> Counter[str]:
    """How many figures are exact, refused, missing or wrong."""
    outcome: Counter[str] = Counter()
    read = {figure.cell: figure for figure in report.figures} if report else {}
    for cell, printed in truth.items():
        figure = read.get(cell)
        if figure is None:
            outcome["missing"] += 1
        elif figure.status in ("unreadable", "merged"):
            outcome["refused"] += 1
        elif figure.value == parsed(printed).value:
            outcome["exact"] += 1
        else:
            outcome["wrong"] += 1
            print(f"  WRONG {cell}: {figure.printed!r} for {printed!r}", flush=True)
    return outcome


def measure(seeds: Iterable[int], dpi: int) -> tuple[Counter[str], float]:
    """What became of the figures of all documents, and seconds a page."""
    total: Counter[str] = Counter()
    pages = spent = 0.0
    forms = renderings.both_forms()
    for seed in seeds:
        truth = figures(forms[seed % len(forms)], seed)
        html = renderings.official(forms[seed % len(forms)], truth)
        printed = set_pages(html, seed)
        with pdfium.PdfDocument(printed) as document:
            count = len(document)
        body = scans.scanned(printed, dpi, seed)
        started = time.process_time()
        reading, _ = read_document(body)
        spent += time.process_time() - started
        pages += count
        outcome = compared(reading.report, truth)
        total += outcome
        codes = Counter(problem.code for problem in reading.problems)
        print(f"  {dpi} dpi, seed {seed}: {dict(outcome)} {dict(codes)}", flush=True)
        if "-v" in sys.argv:
            for problem in reading.problems:
                print("    ", problem.code, problem.detail)
    return total, spent / max(pages, 1)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    count, first = (numbers + [6, 0][len(numbers) :])[:2]
    for resolution in (200, 150):
        found, seconds = measure(range(first, first + count), resolution)
        print(f"{resolution} dpi: {dict(found)}, {seconds:.1f} s a page", flush=True)
