"""Two readings of one table: equal is verified, different is a problem, one alone is not believed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.items import Document, Fetch, Listing, Portal, Publication
from pipelines.extract import read_document, read_publication
from pipelines.forms import Form, forms
from pipelines.forms.agreement import settled
from pipelines.records import Cell, DocumentReading, Figure
from tests.pipelines import drawing as d
from tests.pipelines import renderings as r
from tests.pipelines import word
from tests.pipelines.written import written

FORMS = r.both_forms()
F2021 = forms()["f2021"]
APPLICATIONS = F2021.tables["applications"]
COLUMNS = APPLICATIONS.blocks[0].columns
KINDS = COLUMNS[1:6]
KEPT = Path(__file__).parent / "documents"
TOLD = ("number", "blank", "not_applicable")


def reading(document: str | bytes) -> DocumentReading:
    return read_document(document if isinstance(document, bytes) else document.encode())[0]


def told(found: DocumentReading) -> dict[Cell, Figure]:
    assert found.report is not None, found.problems
    return {figure.cell: figure for figure in found.report.figures if figure.status in TOLD}


def named(found: DocumentReading, *codes: str) -> set[Cell]:
    return {cell for p in found.problems if not codes or p.code in codes for cell in p.cells}


def never_silently_wrong(found: DocumentReading, printed: r.Printed) -> set[Cell]:
    """The cells whose figure is not the printed one: none of them verified, each named in a problem."""
    wrong = {cell: f for cell, f in told(found).items() if f.printed != printed.get(cell)}
    assert [cell for cell, figure in wrong.items() if figure.verified] == []
    assert set(wrong) <= named(found)
    return set(wrong)


@pytest.fixture(params=FORMS, ids=lambda form: form.id)
def form(request):
    return request.param


@pytest.fixture
def printed(form):
    return r.distinct(form)


# Tables with cells ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "render",
    [r.official, word.report, lambda form, printed: d.pdf(d.report(d.tables(form, printed)))],
    ids=["html", "docx", "pdf"],
)
def test_every_figure_of_a_sound_document_is_verified(form, render: Callable[[Form, r.Printed], bytes]):
    chosen = random.Random(1)
    printed = {c: "" if chosen.random() < 0.1 else text for c, text in r.distinct(form).items()}
    found = reading(render(form, printed))
    assert {cell: figure.printed for cell, figure in told(found).items()} == printed
    verified = [cell for cell, figure in told(found).items() if figure.verified]
    assert len(verified) >= 0.95 * len(printed)
    assert named(found, "readings_differ") == set()


@pytest.mark.parametrize("name", ["official-{}.doc", "official-{}.xls", "official-{}.xlsx"])
def test_the_kept_documents_are_verified(form, name):
    found = reading((KEPT / name.format(form.id)).read_bytes())
    assert all(figure.verified for figure in told(found).values())


def test_columns_in_another_order_are_verified(printed, form):
    head, shown = in_order(form, printed, ["total", "org", "natural_person"], list(reversed(KINDS)))
    rows = r.applications_rows(form, shown, head=head)
    found = reading(r.official(form, printed, applications=r.table(rows)))
    assert {cell: figure.printed for cell, figure in told(found).items()} == printed
    assert all(figure.verified for figure in told(found).values())


def test_a_label_of_a_column_over_two_lines_of_cells(printed, form):
    head = r.applications_head()
    head[1] = head[1].replace('rowspan="2"', 'rowspan="3"')
    head[0] = head[0].replace('rowspan="3"', 'rowspan="4"')
    kinds = [r.td("科研机构", rowspan=2), r.td("社会公益组织", rowspan=2), r.td("法律服务机构", rowspan=2)]
    head[2:] = [r.tr(r.td("商业"), *kinds, r.td("其他", rowspan=2)), r.tr(r.td("企业"))]
    found = reading(
        r.official(form, printed, applications=r.table(r.applications_rows(form, printed, head=head)))
    )
    assert all(figure.verified for figure in told(found).values())
    assert named(found, "readings_differ") == set()


def in_order(
    form: Form, printed: r.Printed, tops: list[str], kinds: list[str]
) -> tuple[list[str], dict[Cell, str]]:
    """A head of table 三 with its columns in another order, and what then stands in the form's columns."""
    layout = form.tables["applications"]
    label = {code: column.label for code, column in layout.columns.items()}
    top = [
        r.td("法人或其他组织", colspan=5) if code == "org" else r.td(label[code], rowspan=2) for code in tops
    ]
    head = [
        r.tr(r.td(r.REMARK, colspan=3, rowspan=3), r.td("申请人情况", colspan=7)),
        r.tr(*top),
        r.tr(*(r.td(label[code]) for code in kinds)),
    ]
    order = [code for top in tops for code in (kinds if top == "org" else [top])]
    shown = dict(printed)
    for row in layout.blocks[0].rows:
        for stands, code in zip(layout.blocks[0].columns, order, strict=True):
            shown[Cell("applications", row, stands)] = printed[Cell("applications", row, code)]
    return head, shown


def with_damaged_spans(page: str, rng: random.Random) -> str:
    cells = list(re.finditer(r"<td([^>]*)>", page))
    at = rng.choice(cells)
    kind = rng.choice(["colspan", "rowspan", "none"])
    spans = re.sub(r' (?:col|row)span="\d+"', "", at[1], count=1)
    if kind != "none":
        spans = re.sub(rf' {kind}="\d+"', "", at[1]) + f' {kind}="{rng.choice([2, 2, 2, 3, 4, 5, 7, 60])}"'
    return page[: at.start()] + f"<td{spans}>" + page[at.end() :]


def spanned(seed: int) -> tuple[str, dict[Cell, str]]:
    """A page with damaged spans, its columns now and then in another order."""
    rng = random.Random(seed)
    form = rng.choice(FORMS)
    printed = dict(r.distinct(form))
    for cell in rng.sample(sorted(printed), rng.choice([0, 0, 5, 40])):
        printed[cell] = ""
    changed = {}
    if rng.random() < 0.4:
        tops, kinds = ["natural_person", "org", "total"], list(KINDS)
        rng.shuffle(tops)
        if rng.random() < 0.5:
            rng.shuffle(kinds)
        head, shown = in_order(form, printed, tops, kinds)
        changed["applications"] = r.table(r.applications_rows(form, shown, head=head))
    page = r.official(form, printed, **changed)
    for _ in range(rng.choice([0, 1, 1, 2, 3, 5])):
        page = with_damaged_spans(page, rng)
    return page, printed


@pytest.mark.parametrize("seed", range(80))
def test_damaged_spans_never_make_a_silently_wrong_figure(seed):
    page, printed = spanned(seed)
    never_silently_wrong(reading(page), printed)


def test_a_head_whose_spans_mislead_the_grid():
    """Found by fuzzing: by the grid alone 86 figures were wrong here, and nothing said so."""
    printed = r.distinct(F2021)
    kinds = ["org_research", "org_public_interest", "org_legal_service", "org_other", "org_business"]
    head, shown = in_order(F2021, printed, ["total", "org", "natural_person"], kinds)
    head[1] = head[1].replace('colspan="5"', 'colspan="2"')
    table = r.table(r.applications_rows(F2021, shown, head=head))
    found = reading(r.official(F2021, printed, applications=table))
    wrong = never_silently_wrong(found, printed)
    assert len(wrong) > 50
    assert wrong <= named(found, "readings_differ")


@pytest.mark.parametrize("lost", ["自然人", "总计", "法人或其他组织"])
@pytest.mark.parametrize(
    "tops", [["total", "natural_person", "org"], ["natural_person", "total", "org"]], ids=["total", "natural"]
)
def test_a_label_that_fell_out_of_a_head_in_another_order(lost, tops):
    """Found by fuzzing: what was left of the head fitted the order of the form."""
    printed = r.distinct(F2021)
    head, shown = in_order(F2021, printed, tops, list(KINDS))
    head[1] = re.sub(rf"<td[^>]*>{lost}</td>", "", head[1])
    table = r.table(r.applications_rows(F2021, shown, head=head))
    found = reading(r.official(F2021, printed, applications=table))
    assert never_silently_wrong(found, printed) == set()
    assert set(printed) <= set(told(found)) | named(found)


def doubled(row: str, text: str) -> str:
    return row.replace(f"<td>{text}</td>", f"<td>{text}</td>" * 2, 1)


@pytest.mark.parametrize("blank", ["natural_person", "total"])
def test_a_value_too_many_beside_a_blank_is_no_row_of_seven(form, blank):
    """Found by fuzzing: eight cells of which one is empty were taken for a row with a stray cell."""
    row = Cell("applications", "denied_security_stability", blank)
    printed = {**r.distinct(form), row: ""}
    twice = printed[row._replace(column="org_research")]
    table = r.table([doubled(line, twice) for line in r.applications_rows(form, printed)])
    found = reading(r.official(form, printed, applications=table))
    assert never_silently_wrong(found, printed) == set()
    assert row in named(found, "surplus_values")


@pytest.mark.parametrize("blank", ["upheld", "total"])
def test_a_value_too_many_beside_a_blank_in_chapter_four(form, blank):
    group = "reconsideration" if blank == "upheld" else "litigation_after_reconsideration"
    cell = Cell("review_litigation", group, blank)
    printed = {**r.distinct(form), cell: ""}
    twice = printed[Cell("review_litigation", "litigation_direct", "upheld")]
    table = r.table([doubled(line, twice) for line in r.review_rows(form, printed)])
    found = reading(r.official(form, printed, review_litigation=table))
    assert never_silently_wrong(found, printed) == set()
    assert cell in named(found)


def test_values_without_a_label_under_a_misprinted_one():
    """Found by fuzzing: the values of one row, beside the misprinted label of the next."""
    printed = r.distinct(F2021)
    rows = r.applications_rows(F2021, printed)
    rows[-2] = rows[-2].replace("（七）总计", "四、结转下年度继续办埋")
    rows[-1] = rows[-1].replace("四、结转下年度继续办理", "")
    found = reading(r.official(F2021, printed, applications=r.table(rows)))
    assert never_silently_wrong(found, printed) == set()


def test_a_column_beside_the_forms_is_passed_over_in_every_row(form, printed):
    rows = [row.replace("</tr>", "<td></td></tr>") for row in r.applications_rows(form, printed)]
    found = reading(r.official(form, printed, applications=r.table(rows)))
    assert {cell: figure.printed for cell, figure in told(found).items()} == printed
    assert sum(figure.verified for figure in told(found).values()) >= 0.95 * len(printed)


# Text without cells -----------------------------------------------------------------------------


def unruled(report_seed: int) -> tuple[bytes, r.Printed]:
    """A report as PDF without a single ruling, its figures narrow, low or with blanks now and then."""
    report, rng = written(report_seed), random.Random(report_seed)
    printed = dict(report.printed)
    for cell in rng.sample(sorted(printed), rng.choice([0, 0, 3, 20])):
        printed[cell] = ""
    tables = d.tables(report.form, printed, narrow=rng.random() < 0.3, centred=rng.random() < 0.7)
    sheets = d.report(tables)
    for sheet in sheets:
        sheet.lines = []
    return d.pdf(sheets), printed


def test_unruled_pages():
    """No wrong figure, and most of the right ones; what is refused is named."""
    right = cells = 0
    for seed in range(500, 530):
        body, printed = unruled(seed)
        found = reading(body)
        assert never_silently_wrong(found, printed) == set()
        assert set(printed) <= set(told(found)) | named(found)
        right += len(told(found))
        cells += len(printed)
    assert right > 0.6 * cells


def test_glued_digits_are_given_to_no_cell():
    """行政许可396442278 can be 396, 442 and 278, or other numbers."""
    form = forms()["f2019"]
    printed = r.distinct(form)
    columns = form.tables["proactive"].columns_of("administrative_licensing")
    row = [Cell("proactive", "administrative_licensing", column) for column in columns]
    sheets = d.report(d.tables(form, printed))
    for sheet in sheets:
        sheet.lines = []
        values = [printed[cell] for cell in row]
        texts = [piece for piece in sheet.texts if piece[3] not in values]
        sheet.texts = [
            (x, y, size, "行政许可" + "".join(values) if text == "行政许可" else text)
            for x, y, size, text in texts
        ]
    found = reading(d.pdf(sheets))
    assert never_silently_wrong(found, printed) == set()
    assert set(row) & set(told(found)) == set()
    assert set(row) <= named(found)


def test_lines_of_a_page_are_read_as_text(form, printed):
    """Text in `<br>` lines has no positions: the order of labels with exact counts is all there is."""
    lines = r.flowing(form, printed).replace("\n", "<br>")
    found = reading(f"<html><body><div>{lines}</div></body></html>")
    assert {cell: figure.printed for cell, figure in told(found).items()} == printed
    assert not any(figure.verified for figure in told(found).values())


# The rule for text without cells, on figures alone ----------------------------------------------


def figures(values: dict[str, list[str]], method: str) -> dict[Cell, Figure]:
    """Rows of table 三 with the values of their columns; "?" is one that the reading cannot tell."""
    made = {}
    for row, texts in values.items():
        for column, text in zip(COLUMNS, texts, strict=True):
            cell = Cell("applications", row, column)
            status = "unreadable" if text == "?" else "number" if text else "blank"
            value = int(text) if status == "number" else None
            made[cell] = Figure(
                cell=cell, printed=text, value=value, unit="件", status=status, note=None,
                locator={"page": 1}, method=method,
            )  # fmt: skip
    return made


def whole() -> dict[str, list[str]]:
    """Table 三 in which every sum holds."""
    rows = {row: ["0"] * 7 for row in APPLICATIONS.blocks[0].rows}
    rows["received_new"] = ["4", "2", "0", "0", "0", "0", "6"]
    rows["disclosed_full"] = ["3", "2", "0", "0", "0", "0", "5"]
    rows["denied_third_party"] = ["1", "0", "0", "0", "0", "0", "1"]
    rows["processed_total"] = ["4", "2", "0", "0", "0", "0", "6"]
    return rows


def opinion(order: dict[str, list[str]], positions: dict[str, list[str]]):
    by_order = figures(order, "label_order")
    found, problems = settled(F2021, "applications", list(by_order.values()), figures(positions, "positions"))
    cells = {figure.cell: figure for figure in found}
    return cells, {problem.code for problem in problems}, {c for p in problems for c in p.cells}


def cells_of(row: str) -> list[Cell]:
    return [Cell("applications", row, column) for column in COLUMNS]


def test_what_both_readings_say_is_verified():
    found, codes, _ = opinion(whole(), whole())
    assert codes == set()
    assert all(figure.verified and figure.status == "number" for figure in found.values())


def test_what_they_read_differently_is_refused_with_both_texts():
    other = {**whole(), "disclosed_full": ["2", "3", "0", "0", "0", "0", "5"]}
    found, codes, named_cells = opinion(whole(), other)
    natural, business = cells_of("disclosed_full")[:2]
    assert codes == {"readings_differ"}
    assert named_cells == {natural, business}
    assert found[natural].status == "unreadable"
    assert found[natural].note == '{"label_order": "3", "positions": "2"}'


def test_one_reading_is_believed_where_row_and_column_add_up():
    positions = {**whole(), "disclosed_full": ["?"] * 7}
    found, codes, _ = opinion(whole(), positions)
    row = [found[cell] for cell in cells_of("disclosed_full")]
    assert codes == set()
    assert [figure.value for figure in row] == [3, 2, 0, 0, 0, 0, 5]
    assert not any(figure.verified for figure in row)


@pytest.mark.parametrize("wrong", [["3", "2", "0", "0", "0", "0", "6"], ["2", "3", "0", "0", "0", "0", "5"]])
def test_one_reading_is_not_believed_where_a_sum_fails(wrong):
    order = {**whole(), "disclosed_full": wrong}
    positions = {**whole(), "disclosed_full": ["?"] * 7}
    found, codes, named_cells = opinion(order, positions)
    assert codes == {"unconfirmed_text"}
    assert {cell for cell, figure in found.items() if figure.status == "unreadable"} == named_cells
    assert cells_of("disclosed_full")[0] in named_cells


@pytest.mark.parametrize("total", ["1", "2"])
def test_blanks_are_placed_by_position_where_the_row_adds_up(total):
    placed = {**whole(), "denied_third_party": ["1", "", "", "", "", "", total]}
    order = figures(whole(), "label_order")
    refused = {
        cell: replace(order[cell], printed=None, value=None, status="merged", note=f'["1", "{total}"]')
        for cell in cells_of("denied_third_party")
    }
    found, _ = settled(
        F2021, "applications", list({**order, **refused}.values()), figures(placed, "positions")
    )
    row = [f for f in found if f.cell.row == "denied_third_party"]
    taken = ["number", "blank", "blank", "blank", "blank", "blank", "number"]
    assert [figure.status for figure in row] == (taken if total == "1" else ["merged"] * 7)


# Money, whole tables twice ----------------------------------------------------------------------

FEES = Cell("proactive", "administrative_fees", "amount_wanyuan")


@pytest.mark.parametrize(
    ("text", "head", "value"),
    [
        ("￥12.5", "（单位：万元）", 12.5),
        ("￥125000", "（单位：元）", 12.5),
        ("12.5万", "（单位：元）", 12.5),
        ("12.5 万元", "（单位：元）", 12.5),
        ("￥12.5", "", None),
    ],
)
def test_signs_and_units_of_money(text, head, value):
    printed = {**r.distinct(F2021), FEES: text}
    found = reading(r.official(F2021, printed).replace("（单位：万元）", head))
    figure = next(figure for figure in found.report.figures if figure.cell == FEES)
    assert (figure.value, figure.printed) == (value, text)
    assert (FEES in named(found)) == (value is None)


def test_money_in_a_column_of_counts_is_unreadable():
    cell = Cell("applications", "received_new", "total")
    for text in ("￥12", "12万"):
        found = reading(r.official(F2021, {**r.distinct(F2021), cell: text}))
        assert cell not in told(found)
        assert cell in named(found, "cell_not_a_number")


def test_two_reports_on_one_page_are_named_as_such(form, printed):
    other = r.distinct(form, 7001)
    tables = "".join(r.table(r.applications_rows(form, p)) for p in (printed, other))
    found = reading(r.official(form, printed, applications=tables))
    (problem,) = [p for p in found.problems if p.code == "conflicting_rows"]
    assert set(problem.cells) == {cell for cell in printed if cell.table == "applications"}
    assert "two reports" in problem.detail
    assert "table 2" in problem.detail
    assert "table 3" in problem.detail


# Documents of one publication -------------------------------------------------------------------


def publication(*files: tuple[str, bytes]) -> Publication:
    documents = []
    for number, (label, body) in enumerate(files, 1):
        url = f"http://x/{number}"
        fetch = Fetch(
            id=number, url=url, final_url=url, found_on=None, link_text=label, status=200, content_type=None,
            fetched_at="2022-01-20T00:00:00Z", sha256=None,
        )  # fmt: skip
        documents.append(Document(fetch=fetch, body=body, label=label))
    portal = Portal(id="x", name="牡丹江市人民政府", division="231000", home="http://x/")
    return Publication(
        portal=portal, page=documents[0], attachments=tuple(documents[1:]), listing=Listing(title=files[0][0])
    )


def test_two_attachments_of_two_agencies_are_two_reports():
    first, second = r.distinct(F2021), r.distinct(F2021, 5001)
    page = "<html><body><p>牡丹江市各部门2021年政府信息公开工作年度报告</p><p>见附件。</p></body></html>"
    other = d.pdf(d.report(d.tables(F2021, second), title=r.TITLE.replace("样例局", "气象局")))
    found = read_publication(
        publication(
            ("各部门年度报告", page.encode()),
            ("样例局", r.official(F2021, first).encode()),
            ("气象局", other),
        )
    )
    reports = [document.report for document in found.documents if document.report]
    assert len({report.agency.id for report in reports}) == len(reports) == 2
    for report, printed in zip(reports, (first, second), strict=True):
        assert {figure.cell: figure.printed for figure in report.figures} == printed
    assert "no_report" not in {p.code for document in found.documents for p in document.problems}


def test_a_copy_as_pdf_confirms_the_text_of_the_page():
    printed = r.distinct(F2021)
    lines = r.flowing(F2021, printed).replace("\n", "<br>")
    page = f"<html><head><title>{r.TITLE}</title></head><body><div>{lines}</div></body></html>".encode()
    alone = read_publication(publication(("年度报告", page))).documents[0].report
    assert not any(figure.verified for figure in alone.figures)
    copy = d.pdf(d.report(d.tables(F2021, {**printed, FEES: "9"})))
    confirmed = read_publication(publication(("年度报告", page), ("年度报告.pdf", copy))).documents[0].report
    assert {figure.cell for figure in confirmed.figures if not figure.verified} == {FEES}
