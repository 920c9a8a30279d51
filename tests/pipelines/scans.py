"""Scans made of real PDFs: what a scanner, its fax-like squeezing and its dusty glass do to a page.

`scanned` turns the pages of a PDF into pictures and binds them again; `pictures` gives the pages as
files; `report_pdf` has LibreOffice set a report's tables; `balanced` are figures whose sums hold.
Needs the extra `ocr` (and LibreOffice for `report_pdf`), imported when called.
"""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.forms import Form
from pipelines.records import Cell
from tests.pipelines import drawing, word
from tests.pipelines import renderings as r

_QUALITY = 48
_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="{{width}}" w:space="0" w:color="000000"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_FONTS = ("Noto Serif CJK SC", "Noto Sans CJK SC", "Noto Sans Mono CJK SC")


def balanced(form: Form, seed: int) -> dict[Cell, str]:
    """Figures of one to five digits in which every sum of the form holds."""
    rng = random.Random(seed)

    def number() -> int:
        # Distinct more often than not; small numbers and naughts are what real reports are made of.
        return rng.choice((0, rng.randint(0, 9), rng.randint(10, 99), rng.randint(100, 999)))

    told: dict[Cell, int] = {}
    table = form.tables["applications"]
    block = table.blocks[0]
    people = [column for column in block.columns if column != "total"]
    own = ("received_new", "carried_in", "processed_total", "carried_out")
    for column in people:
        results = {row: number() for row in block.rows if row not in own}
        handled, out = sum(results.values()), number()
        carried = rng.randint(0, handled + out)
        results |= {"processed_total": handled, "carried_out": out}
        results |= {"carried_in": carried, "received_new": handled + out - carried}
        told |= {Cell("applications", row, column): results[row] for row in block.rows}
    for row in block.rows:
        told[Cell("applications", row, "total")] = sum(told[Cell("applications", row, c)] for c in people)
    for review in form.tables["review_litigation"].blocks:
        for row in review.rows:
            kinds = {c: number() for c in review.columns if c != "total"}
            kinds["total"] = sum(kinds.values())
            told |= {Cell("review_litigation", row, c): n for c, n in kinds.items()}
    printed = {cell: str(n) for cell, n in told.items()}
    for cell in form.tables["proactive"].cells():
        money = form.tables["proactive"].columns[cell.column].money
        printed[cell] = f"{rng.randint(1, 9999)}.{rng.randint(1, 9999):04d}" if money else str(number())
    return printed


def office() -> str | None:
    """The program that sets documents, None where there is none."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def report_pdf(form: Form, printed: r.Printed, seed: int = 0) -> bytes:
    """A report as LibreOffice prints it; typeface, size and rulings go with the seed."""
    rng = random.Random(seed)
    font, size = _FONTS[seed % len(_FONTS)], rng.choice((18, 20, 21))
    lines = _BORDERS.format(width=rng.choice((4, 6, 8)))
    kind = f'<w:rFonts w:eastAsia="{font}" w:ascii="{font}" w:hAnsi="{font}"/><w:sz w:val="{size}"/>'
    body = word.body(form, printed)
    head = f'<w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{lines}</w:tblBorders></w:tblPr>'
    for widths in (drawing.PROACTIVE, drawing.APPLICATIONS, drawing.REVIEW):
        columns = "".join(f'<w:gridCol w:w="{round(20 * width)}"/>' for width in widths)
        body = body.replace("<w:tbl><w:tr>", f"<w:tbl>{head}<w:tblGrid>{columns}</w:tblGrid><w:tr>", 1)
    body = body.replace("<w:r><w:t ", f"<w:r><w:rPr>{kind}</w:rPr><w:t ")
    with TemporaryDirectory() as folder:
        document = Path(folder) / "report.docx"
        document.write_bytes(_packed(body))
        program = office()
        assert program
        subprocess.run(
            [program, f"-env:UserInstallation=file://{folder}/profile", "--headless",
             "--convert-to", "pdf", "--outdir", folder, str(document)],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
        return document.with_suffix(".pdf").read_bytes()


def _packed(body: str) -> bytes:
    """A .docx with what LibreOffice asks of one; A4 with narrow margins."""
    types, office_types = "application/vnd.openxmlformats-", "http://schemas.openxmlformats.org/"
    page = (
        '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1134" w:right="1020" w:bottom="1134" w:left="1020"/></w:sectPr>'
    )
    members = {
        "[Content_Types].xml": (
            f'<Types xmlns="{office_types}package/2006/content-types"><Default Extension="rels" '
            f'ContentType="{types}package.relationships+xml"/><Override PartName="/word/document.xml" '
            f'ContentType="{types}officedocument.wordprocessingml.document.main+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{office_types}package/2006/relationships"><Relationship Id="r1" '
            f'Type="{office_types}officeDocument/2006/relationships/officeDocument" '
            'Target="word/document.xml"/></Relationships>'
        ),
        "word/document.xml": f"<w:document {word.NAMESPACES}><w:body>{body}{page}</w:body></w:document>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return file.getvalue()


def pictures(pdf_bytes: bytes, dpi: int, seed: int, *, form: str = "JPEG") -> list[bytes]:
    """The pages of a PDF as the picture files that a scanner makes of them."""
    import numpy as np
    import pypdfium2 as pdfium
    from PIL import Image

    rng = np.random.default_rng(seed * 1000 + dpi)
    made = []
    with pdfium.PdfDocument(pdf_bytes) as document:
        for page in document:
            drawn = page.render(scale=dpi / 72, grayscale=True).to_numpy()
            file = io.BytesIO()
            kind = {"quality": _QUALITY} if form == "JPEG" else {}
            Image.fromarray(_soiled(drawn, rng)).save(file, form, dpi=(dpi, dpi), **kind)
            made.append(file.getvalue())
    return made


def scanned(pdf_bytes: bytes, dpi: int, seed: int) -> bytes:
    """A PDF turned into a scan of itself: askew by up to 0.9°, blurred, noisy, specked, squeezed as JPEG."""
    from PIL import Image

    pages = [Image.open(io.BytesIO(page)) for page in pictures(pdf_bytes, dpi, seed, form="PNG")]
    made = io.BytesIO()
    pages[0].save(made, "PDF", save_all=True, append_images=pages[1:], resolution=dpi, quality=_QUALITY)
    return made.getvalue()


def _soiled(drawn, rng):
    import cv2
    import numpy as np

    page = drawn.reshape(drawn.shape[0], drawn.shape[1]).astype(np.float32)
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-0.9, 0.9)), 1.0)
    page = cv2.warpAffine(page, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=255)
    page = cv2.GaussianBlur(page, (0, 0), float(rng.uniform(0.5, 0.8)))
    page = page * float(rng.uniform(0.85, 0.95)) + float(rng.uniform(5, 15))
    page += rng.normal(0, 6, page.shape).astype(np.float32)
    page[rng.random(page.shape) < 2e-5] = 60
    return np.clip(page, 0, 255).astype(np.uint8)
