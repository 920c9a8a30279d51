"""OFD: the same ruled tables as in PDF, out of its XML; damage and hostile files end in a reason."""

from __future__ import annotations

import io
import random
import time
import zipfile

import pytest

from pipelines.extract import read_document
from pipelines.forms import forms
from pipelines.readers import UnreadableDocumentError, media_type, ofd
from tests.pipelines import drawing as d
from tests.pipelines import renderings as r
from tests.pipelines.test_pdf import exact, named, never_wrong, told

F2021 = forms()["f2021"]


def fails(body: bytes, code: str) -> str:
    with pytest.raises(UnreadableDocumentError) as error:
        ofd.read(body)
    assert error.value.code == code
    return str(error.value)


def repacked(body: bytes, change) -> bytes:
    """The package with each member's text passed through `change(name, text)`; None leaves it out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = change(name, old.read(name).decode())
            if text is not None:
                new.writestr(name, text)
    return packed.getvalue()


def plain() -> tuple[bytes, r.Printed]:
    printed = r.distinct(F2021)
    return d.ofd(d.report(d.tables(F2021, printed))), printed


@pytest.mark.parametrize("form", r.both_forms(), ids=lambda form: form.id)
def test_ruled_tables(form):
    printed = r.distinct(form)
    body = d.ofd(d.report(d.tables(form, printed)))
    assert media_type(body) == ofd.MEDIA_TYPE
    exact(body, printed)


def test_wrapped_figures_and_a_break_inside_a_row():
    printed = r.distinct(F2021, 12345678)
    tables = d.tables(F2021, printed, narrow=True)
    for at in d.cuts(tables["applications"])[::25]:
        exact(d.ofd(d.report(tables, "applications", at)), printed)


def test_places_are_points_of_the_page():
    body, _ = plain()
    figure = next(f for f in read_document(body)[0].report.figures if f.cell.table == "applications")
    where = figure.locator
    assert {key: where[key] for key in ("page", "table", "row", "cell")} == {
        "page": 3,
        "table": 2,
        "row": 4,
        "cell": 2,
    }
    assert where["bbox"][0] == pytest.approx(281.0, abs=0.11)


def test_steps_written_short_and_a_matrix():
    """`g n d` repeats a step; a matrix moves and scales what stands in a box."""
    body, printed = plain()
    step = d.SIZE * 0.5 * 25.4 / 72

    def change(name: str, text: str) -> str:
        text = text.replace(f'DeltaX="{step:.4f} {step:.4f} {step:.4f}"', f'DeltaX="g 3 {step / 2:.4f}"')
        text = text.replace(f"g 3 {step / 2:.4f}", f"g 3 {step:.4f}")
        return text.replace("<ofd:PathObject ", '<ofd:PathObject CTM="1 0 0 1 0 0" ')

    short = repacked(body, change)
    assert "g 3" in zipfile.ZipFile(io.BytesIO(short)).read("Doc_0/Pages/Page_2/Content.xml").decode()
    exact(short, printed)


def test_rulings_as_filled_shapes_and_templates():
    body, printed = plain()
    page = "Doc_0/Pages/Page_2/Content.xml"
    rulings: list[str] = []

    def change(name: str, text: str) -> str:
        if name == page:
            head, *objects = text.split("<ofd:PathObject ")
            last, _, tail = objects[-1].partition("</ofd:PathObject>")
            rulings.extend([*objects[:-1], last + "</ofd:PathObject>"])
            return (
                head.replace(
                    "<ofd:Content>", '<ofd:Template TemplateID="50" ZOrder="Background"/><ofd:Content>'
                )
                + tail
            )
        if name.endswith("Document.xml"):
            common = '<ofd:TemplatePage ID="50" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData>'
            return text.replace("</ofd:CommonData>", common)
        return text

    moved = repacked(body, change)
    packed = io.BytesIO(moved)
    with zipfile.ZipFile(packed, "a") as file:
        drawn = "".join(f"<ofd:PathObject {ruling}" for ruling in rulings)
        layer = f'<ofd:Layer ID="1"><ofd:PageBlock ID="2">{drawn}</ofd:PageBlock></ofd:Layer>'
        template = f"<ofd:Page {d._OFD}><ofd:Content>{layer}</ofd:Content></ofd:Page>"
        file.writestr("Doc_0/Tpls/Tpl_0/Content.xml", template)
    exact(packed.getvalue(), printed)


def test_turned_figures_are_refused():
    body, printed = plain()
    cell = next(c for c in printed if c.table == "applications")
    turned = repacked(body, lambda name, text: _turn(text, printed[cell]) if "Page_2" in name else text)
    found = read_document(turned)[0]
    assert cell not in told(found)
    assert cell in named(found)


def _turn(text: str, number: str) -> str:
    start = text.rindex("<ofd:TextObject", 0, text.index(f">{number}<"))
    return text[:start] + text[start:].replace("<ofd:TextObject", '<ofd:TextObject ReadDirection="90"', 1)


# Documents that cannot be read ------------------------------------------------------------------


def test_cut_files():
    body, _ = plain()
    for share in (0.2, 0.6, 0.97):
        fails(body[: int(len(body) * share)], "damaged_document")


def test_missing_members():
    body, _ = plain()
    assert "OFD.xml" in fails(repacked(body, lambda n, t: None if n == "OFD.xml" else t), "damaged_document")
    assert "Page_2" in fails(repacked(body, lambda n, t: None if "Page_2" in n else t), "damaged_document")
    assert "names no" in fails(
        repacked(body, lambda n, t: t.replace("DocRoot", "Root") if n == "OFD.xml" else t), "damaged_document"
    )
    fails(repacked(body, lambda n, t: t[:-20] if "Page_1" in n else t), "damaged_document")


def test_a_scan_and_an_empty_page():
    image = '<ofd:ImageObject ID="1" Boundary="0 0 210 420" ResourceID="3"/>'
    page = f'<ofd:Page {d._OFD}><ofd:Content><ofd:Layer ID="9">{{}}</ofd:Layer></ofd:Content></ofd:Page>'
    fails(d.ofd_file([page.format(image)]), "scan_not_read")
    fails(d.ofd_file([page.format("")]), "empty_document")


def test_too_many_pages():
    page = f"<ofd:Page {d._OFD}/>"
    fails(d.ofd_file([page] * 401), "too_many_pages")


def test_an_encrypted_package():
    body, _ = plain()
    packed = io.BytesIO(body)
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr("Encryptions.xml", "<Encryptions/>")
    fails(packed.getvalue(), "encrypted_document")


def test_a_bomb_and_entities():
    body, _ = plain()
    started = time.monotonic()
    big = repacked(body, lambda n, t: t + " " * (70 * 1024 * 1024) if "Page_0" in n else t)
    assert "unpacks" in fails(big, "damaged_document")
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    evil = repacked(
        body,
        lambda n, t: (
            t.replace("?>", "?>" + entities, 1).replace("<ofd:Content>", "<ofd:Content>&b;")
            if "Page_0" in n
            else t
        ),
    )
    read_document(evil)
    assert time.monotonic() - started < 10


def test_blocks_within_blocks_end():
    body, printed = plain()
    deep = repacked(
        body,
        lambda n, t: (
            t.replace("<ofd:Layer ID", "<ofd:PageBlock>" * 200 + "<ofd:Layer ID").replace(
                "</ofd:Layer>", "</ofd:Layer>" + "</ofd:PageBlock>" * 200
            )
            if "Page_2" in n
            else t
        ),
    )
    never_wrong(deep, printed)


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_never_make_a_wrong_figure(seed):
    chance = random.Random(seed)
    body, printed = plain()
    damaged = bytearray(body)
    for _ in range(chance.choice((1, 3, 30))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    try:
        ofd.read(bytes(damaged))
    except UnreadableDocumentError:
        return
    never_wrong(bytes(damaged), printed)
