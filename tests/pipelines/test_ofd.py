"""OFD: the same ruled tables as in PDF, out of its XML; damage and hostile files end in a reason."""

from __future__ import annotations

import io
import json
import random
import re
import time
import zipfile
from pathlib import Path

import pytest

from pipelines.extract import read_document
from pipelines.forms import forms
from pipelines.readers import UnreadableDocumentError, media_type, ofd
from pipelines.records import Cell
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


# As other writers set it ------------------------------------------------------------------------

_NUMBERED = '<ofd:{0}><ofd:{1} ID="{2}"{3}>{4}</ofd:{1}></ofd:{0}>'


def with_members(body: bytes, members: dict[str, bytes | str]) -> bytes:
    packed = io.BytesIO(body)
    with zipfile.ZipFile(packed, "a") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return packed.getvalue()


def with_resources(body: bytes, resources: str, *, place: str = "DocumentRes.xml") -> bytes:
    """The package with a list of resources that its document names."""
    named = repacked(
        body,
        lambda n, t: (
            t.replace("</ofd:CommonData>", f"<ofd:DocumentRes>{place}</ofd:DocumentRes></ofd:CommonData>")
            if n.endswith("Document.xml")
            else t
        ),
    )
    return with_members(
        named, {"Doc_0/DocumentRes.xml": f'<ofd:Res {d._OFD} BaseLoc="Res">{resources}</ofd:Res>'}
    )


def in_a_unit(body: bytes, page: str) -> bytes:
    """The drawing of a page kept as a composite unit, moved by 10 mm there and back."""
    kept: list[str] = []

    def change(name: str, text: str) -> str:
        if page not in name:
            return text
        head, _, rest = text.partition('<ofd:Layer ID="99">')
        drawn, _, tail = rest.partition("</ofd:Layer>")
        kept.append(drawn)
        use = '<ofd:CompositeObject ID="7" ResourceID="70" Boundary="10 0 210 420" CTM="1 0 0 1 -10 0"/>'
        return f'{head}<ofd:Layer ID="99" Type="Body">{use}</ofd:Layer>{tail}'

    moved = repacked(body, change)
    unit = f'<ofd:Content><ofd:PageBlock ID="71">{kept[0]}</ofd:PageBlock></ofd:Content>'
    return with_resources(
        moved,
        _NUMBERED.format(
            "CompositeGraphicUnits", "CompositeGraphicUnit", 70, ' Width="210" Height="420"', unit
        ),
    )


def test_a_page_kept_as_a_composite_unit():
    body, printed = plain()
    exact(in_a_unit(body, "Page_2"), printed)


def test_a_unit_that_is_missing_is_named():
    body, printed = plain()
    lost = repacked(
        in_a_unit(body, "Page_2"), lambda n, t: t.replace('ID="70"', 'ID="69"') if "Res.xml" in n else t
    )
    never_wrong(lost, printed)
    [problem] = [p for p in read_document(lost)[0].problems if p.code == "page_not_read"]
    assert problem.where == {"page": 3}
    assert "drawing 70" in problem.detail


def test_units_that_draw_themselves_end():
    body, printed = plain()
    use = '<ofd:CompositeObject ID="7" ResourceID="70" Boundary="0 0 210 420"/>'
    unit = _NUMBERED.format("CompositeGraphicUnits", "CompositeGraphicUnit", 70, "", use * 20)
    page = repacked(
        body, lambda n, t: t.replace("</ofd:Layer>", use + "</ofd:Layer>", 1) if "Page_2" in n else t
    )
    started = time.monotonic()
    looped = with_resources(page, unit)
    never_wrong(looped, printed)
    assert "page_not_read" in {problem.code for problem in read_document(looped)[0].problems}
    assert time.monotonic() - started < 20


def test_letters_of_size_one_scaled_by_their_matrix():
    """As some writers do: the size of the letters stands in the matrix, steps are in letters."""
    body, printed = plain()

    def scaled(found: re.Match[str]) -> str:
        size, x, y = float(found[2]), float(found[3]), float(found[4])
        steps = " ".join(f"{float(step) / size:.5f}" for step in (found[6] or "").split())
        delta = f' DeltaX="{steps}"' if steps else ""
        return (
            f'{found[1]} Size="1" CTM="{size} 0 0 {size} 0 0">'
            f'<ofd:TextCode X="{x / size:.5f}" Y="{y / size:.5f}"{delta}>'
        )

    pattern = (
        r'(<ofd:TextObject [^>]*) Size="([\d.]+)">'
        r'<ofd:TextCode X="([\d.]+)" Y="([\d.]+)"( DeltaX="([^"]*)")?>'
    )
    exact(repacked(body, lambda n, t: re.sub(pattern, scaled, t)), printed)


def test_a_text_code_for_each_letter_and_labels_set_downwards():
    body, printed = plain()

    def change(name: str, text: str) -> str:
        if "Page_2" not in name:
            return text
        found = re.search(r'<ofd:TextCode X="0" Y="([\d.]+)" DeltaX="([^"]*)">(\d{4})</ofd:TextCode>', text)
        assert found is not None
        places = [0.0]
        for step in found[2].split():
            places.append(places[-1] + float(step))
        codes = "".join(
            f'<ofd:TextCode X="{x:.4f}" Y="{found[1]}">{letter}</ofd:TextCode>'
            for x, letter in zip(places, found[3], strict=True)
        )
        return text.replace(found[0], codes)

    exact(repacked(body, change), printed)
    size = d.SIZE * 25.4 / 72
    text = (
        f'<ofd:TextObject ID="1" Boundary="20 20 40 40" Size="{size}">'
        f'<ofd:TextCode X="0" Y="{size}" DeltaY="g 2 {size}">总计数</ofd:TextCode></ofd:TextObject>'
    )
    page = f'<ofd:Page {d._OFD}><ofd:Content><ofd:Layer ID="9">{text}</ofd:Layer></ofd:Content></ofd:Page>'
    assert [p.text for p in ofd.read(d.ofd_file([page])).paragraphs] == ["总", "计", "数"]


def test_rulings_as_rectangles_and_places_with_backslashes():
    """A cell's outline as one closed path; paths within the package as Windows writes them."""
    body, printed = plain()

    def change(name: str, text: str) -> str:
        if name.endswith("Document.xml"):
            return text.replace("Pages/Page_2/", "Pages\\Page_2\\")
        pattern = (
            r'Boundary="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)" LineWidth="0.18"><ofd:AbbreviatedData>[^<]*'
        )

        def outline(found: re.Match[str]) -> str:
            w, h = max(float(found[3]), 0.2), max(float(found[4]), 0.2)
            return (
                f'Boundary="{found[1]} {found[2]} {w} {h}" Stroke="false" Fill="true">'
                f"<ofd:AbbreviatedData>M 0 0 L {w} 0 L {w} {h} L 0 {h} C"
            )

        return re.sub(pattern, outline, text)

    exact(repacked(body, change), printed)


def test_text_that_is_not_painted_is_not_taken():
    body, printed = plain()
    hidden = (
        '<ofd:TextObject ID="1" Boundary="100 60 40 5" Size="3" Fill="false">'
        '<ofd:TextCode X="0" Y="3">4711</ofd:TextCode></ofd:TextObject>'
    )
    exact(
        repacked(
            body, lambda n, t: t.replace("</ofd:Layer>", hidden + "</ofd:Layer>", 1) if "Page_2" in n else t
        ),
        printed,
    )


@pytest.mark.parametrize(
    ("colour", "told_as_printed"),
    [
        ('Value="255 255 255"', False),
        ('Value="#FF #FF #FF"', False),
        ('Value="255"', False),
        ('Value="0 0 0 0"', False),
        ('Value="0 0 0" Alpha="0"', False),
        ('Value="0 0 0"', True),
        ('Value="255 0 0"', True),
        ('Value="0 0 0 255"', True),
        ('Index="3"', True),
    ],
)
def test_a_white_number_is_no_number(colour, told_as_printed):
    body, printed = plain()
    cell = Cell("applications", "received_new", "natural_person")
    coloured = f"<ofd:FillColor {colour}/>"
    number = re.compile(rf"(<ofd:TextObject[^>]*>)(<ofd:TextCode[^>]*>{printed[cell]}<)")
    found = repacked(body, lambda _, text: number.sub(rf"\1{coloured}\2", text))
    assert found != body
    read = told(read_document(found)[0])
    assert (cell in read) == told_as_printed
    assert {**printed, **read} == printed


def test_a_white_number_on_a_painted_ground_is_one():
    body, printed = plain()
    number = re.compile(
        rf'(<ofd:TextObject[^>]*Boundary="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"[^>]*>)'
        rf"(<ofd:TextCode[^>]*>{printed[Cell('applications', 'received_new', 'natural_person')]}<)"
    )

    def grounded(found: re.Match[str]) -> str:
        x, y, w, h = (float(part) for part in found.groups()[1:5])
        path = f"M 0 0 L {w} 0 L {w} {h} L 0 {h} C"
        ground = f'<ofd:PathObject ID="9" Boundary="{x} {y} {w} {h}" Stroke="false" Fill="true">'
        ground += f'<ofd:FillColor Value="0 0 128"/><ofd:AbbreviatedData>{path}</ofd:AbbreviatedData>'
        return f'{ground}</ofd:PathObject>{found[1]}<ofd:FillColor Value="255 255 255"/>{found[6]}'

    exact(repacked(body, lambda _, text: number.sub(grounded, text)), printed)


@pytest.mark.parametrize("same", [True, False])
def test_white_numbers_over_ten_thousand_grounds(same):
    """They are looked for on a bounded number of grounds; on more they are not known."""
    body, printed = plain()
    cell = Cell("applications", "received_new", "natural_person")
    number = re.compile(rf"(<ofd:TextObject[^>]*>)(<ofd:TextCode[^>]*>{printed[cell]}<)")
    white = '<ofd:FillColor Value="255 255 255"/>'

    def ground(index: int) -> str:
        path = '<ofd:FillColor Value="0 0 128"/><ofd:AbbreviatedData>M 0 0 L 210 0 L 210 297 L 0 297 C'
        box = f"{0 if same else -index / 1000} 0 210 297"
        own = f'<ofd:PathObject Boundary="{box}" Stroke="false" Fill="true">'
        return f"{own}{path}</ofd:AbbreviatedData></ofd:PathObject>"

    grounds = "".join(map(ground, range(10_000)))
    digits = '<ofd:TextCode X="0" Y="-40" DeltaX="g 49 4">' + "1" * 50 + "</ofd:TextCode>"
    aside = f'<ofd:TextObject Boundary="10 -40 190 5" Size="4">{white}{digits}</ofd:TextObject>'

    def painted(more: str) -> bytes:
        return repacked(body, lambda _, text: number.sub(rf"{grounds}{more}\1{white}\2", text))

    assert (cell in told(read_document(painted(""))[0])) == same
    fails(painted(aside * 200), "unreadable_text")


def test_seals_and_notes_are_no_text():
    body, printed = plain()
    note = (
        f'<ofd:PageAnnot {d._OFD}><ofd:Annot ID="1" Type="Stamp"><ofd:Appearance Boundary="100 60 40 5">'
        '<ofd:TextObject ID="2" Boundary="0 0 40 5" Size="3"><ofd:TextCode X="0" Y="3">4711</ofd:TextCode>'
        "</ofd:TextObject></ofd:Appearance></ofd:Annot></ofd:PageAnnot>"
    )
    listed = (
        f'<ofd:Annotations {d._OFD}><ofd:Page PageID="3"><ofd:FileLoc>Page_2/Annotation.xml</ofd:FileLoc>'
        "</ofd:Page></ofd:Annotations>"
    )
    named = repacked(
        body,
        lambda n, t: (
            t.replace(
                "</ofd:Document>", "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations></ofd:Document>"
            )
            if n.endswith("Document.xml")
            else t
        ),
    )
    members: dict[str, bytes | str] = {
        "Doc_0/Annots/Annotations.xml": listed,
        "Doc_0/Annots/Page_2/Annotation.xml": note,
        "Doc_0/Signs/Sign_0/Seal.esl": b"\x00" * 400,
    }
    exact(with_members(named, members), printed)


def test_a_scan_is_recognised():
    """A page that is one picture, named among the resources, is read like any scan."""
    pytest.importorskip("rapidocr")
    documents = Path(__file__).parent / "documents"
    picture = (documents / "scan-table.jpg").read_bytes()  # the table of chapter 四
    truth = json.loads((documents / "scan-pages.json").read_text("utf-8"))
    shown = '<ofd:ImageObject ID="1" Boundary="0 0 190 29.5" CTM="190 0 0 29.5 0 0" ResourceID="3"/>'
    page = f'<ofd:Page {d._OFD}><ofd:Content><ofd:Layer ID="9">{shown}</ofd:Layer></ofd:Content></ofd:Page>'
    media = "<ofd:MediaFile>scan.jpg</ofd:MediaFile>"
    listed = _NUMBERED.format("MultiMedias", "MultiMedia", 3, ' Type="Image"', media)
    body = with_resources(d.ofd_file([page], area="0 0 190 29.5"), listed)
    content = ofd.read(with_members(body, {"Doc_0/Res/scan.jpg": picture}))
    assert content.scanned == frozenset({1})
    assert content.by_position == ()
    shown = {cell.text for grid in content.grids for row in grid.rows for cell in row}
    numbers = {text for table, *_, text in truth if table == "review_litigation"}
    assert len(numbers & shown) >= 0.9 * len(numbers)
    fails(with_members(body, {"Doc_0/Res/scan.jpg": picture[:200]}), "damaged_document")
