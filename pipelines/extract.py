"""The steps in order: bytes → Content → tables, chapters, identity, checks → a report or a reason.

Owns the sequence and the decision whether a document holds a report at all. `read_publication`
is what a crawl and a re-extraction both call; `read_document` serves `scrapy extract` as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from crawler.items import Document, Listing, Portal, Publication
from pipelines import pictured, prose, scanned
from pipelines.agencies import resolved
from pipelines.checks import attributed, misfilled_items, report_checks
from pipelines.claims import told
from pipelines.completed import completed, key_of, missing_table
from pipelines.content import Content
from pipelines.forms import TABLES, forms
from pipelines.forms.agreement import TOLD
from pipelines.forms.beside import beside
from pipelines.forms.match import found_rows
from pipelines.forms.reading import TablesRead, read_tables
from pipelines.forms.statistics import read_statistics
from pipelines.identity import Identity, host_of, identity, scope
from pipelines.overhead import tables_of_others
from pipelines.readers import UnreadableDocumentError, media_type, packed, read, scan
from pipelines.records import DocumentReading, Figure, Problem, PublicationReading, Report, Section
from pipelines.sections import sections

_LEAST_TEXT = 200
"""Characters of text that a report without tables has at least; shorter pages only announce one."""

_WITHOUT_REPORT = ("no_report", "report_in_attachment", "blank_form")

_LEAST_STATUTORY = 3
"""Cells of statutory tables that are told in a grid of indicators where such a table is a part of it."""

_MOST_NAMED = 10
"""Addresses that a problem names."""


@cache
def extractor_version() -> str:
    """The version of the reading: a digest of this package's code and data, so that records made by
    other rules can be told from those made by these.
    """
    digest = hashlib.sha256()
    root = Path(str(files("pipelines")))
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".toml", ".csv"):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def read_publication(publication: Publication) -> PublicationReading:
    """Everything that a publication's page and files hold, one reading a document, page first."""
    readings, page = _read(publication.page, publication, None)
    for part in parts(publication)[1:]:
        readings += _attached(part, page)
    return settled(publication, readings)


def parts(publication: Publication) -> list[Publication]:
    """What of a publication is read together, each as a publication of its own: the page alone, each
    file, all its pictures (they can be the pages of one report).
    """
    apart: list[tuple[Document, ...]] = []
    pictures: list[Document] = []
    for document in publication.attachments:
        if not media_type(document.body).startswith("image/"):
            apart.append((document,))
        elif pictures:
            pictures.append(document)
        else:
            pictures.append(document)
            apart.append(())
    found = [files or tuple(pictures) for files in apart]
    return [replace(publication, attachments=files) for files in ((), *found)]


def read_part(publication: Publication) -> list[DocumentReading]:
    """The readings of a publication's attachments, or of its page where it has none (see `parts`).

    So the parts of a publication can be read apart, each with a limit of its own; `settled` puts
    them together again. The page is read once more for the title and date that it lends its files.
    """
    if not publication.attachments:
        return _read(publication.page, publication, None)[0]
    with scan.pictures_left_out():
        page = _read(publication.page, publication, None)[1]
    return _attached(publication, page)


def _attached(part: Publication, page: Content | None) -> list[DocumentReading]:
    """The readings of a part's files."""
    if len(part.attachments) > 1:
        return [
            _of_picture(
                content,
                document.body,
                portal=part.portal,
                listing=part.listing,
                page=page,
                fetch_id=document.fetch.id,
                document_url=document.fetch.url,
                seen_on=document.fetch.fetched_at,
            )
            for document, content in pictured.documents(
                [(file, file.body) for file in part.attachments], part.portal, None
            )
        ]
    return [reading for document in part.attachments for reading in _read(document, part, page)[0]]


def settled(publication: Publication, readings: Sequence[DocumentReading]) -> PublicationReading:
    """The readings of a publication's documents as one.

    A page that only carries files is no failure where a file holds the report; a document with tables
    and no chapters takes those of the page; and figures that two of its documents give alike are verified.
    """
    page, *others = readings
    if page.report is None and any(other.report for other in others):
        kept = tuple(p for p in page.problems if p.code not in _WITHOUT_REPORT)
        page = replace(page, problems=kept)
    readings = completed([page, *others])
    documents = tuple(scanned.settled(_verified(reading, readings)) for reading in readings)
    documents = tuple(
        replace(reading, report=attributed(reading.report)) if reading.report else reading
        for reading in documents
    )
    return PublicationReading(
        publication=publication, documents=documents, extractor_version=extractor_version()
    )


def _verified(reading: DocumentReading, readings: Sequence[DocumentReading]) -> DocumentReading:
    """A reading whose figures are marked where another document of the publication gives the same."""
    report = reading.report
    key = key_of(report)
    copies = [
        other.report for other in readings if other is not reading and key and key_of(other.report) == key
    ]
    if report is None or not copies:
        return reading
    told = [{f.cell: (f.status, f.value) for f in copy.figures} for copy in copies if copy]
    figures = tuple(
        figure.as_verified()
        if figure.status in ("number", "blank")
        and any(copy.get(figure.cell) == (figure.status, figure.value) for copy in told)
        else figure
        for figure in report.figures
    )
    return replace(reading, report=replace(report, figures=figures))


def _read(
    document: Document, publication: Publication, page: Content | None
) -> tuple[list[DocumentReading], Content | None]:
    """The readings of a document (several where it packs others) and its content."""
    listing = publication.listing
    if page is not None and document.label:
        listing = replace(listing, title=document.label)
    return _documents(
        document.body,
        url=document.fetch.final_url,
        portal=publication.portal,
        listing=listing,
        page=page,
        fetch_id=document.fetch.id,
        document_url=document.fetch.url,
        seen_on=document.fetch.fetched_at,
    )


def read_file(body: bytes, url: str | None = None, portal: Portal | None = None) -> list[DocumentReading]:
    """What one file holds, one entry a document in it (a file that packs others has several)."""
    return _documents(body, url=url, portal=portal, listing=Listing())[0]


def _documents(
    body: bytes,
    *,
    url: str | None,
    portal: Portal | None,
    listing: Listing,
    page: Content | None = None,
    fetch_id: int | None = None,
    document_url: str | None = None,
    seen_on: str | None = None,
) -> tuple[list[DocumentReading], Content | None]:
    kind = media_type(body)
    if kind not in packed.MEDIA_TYPES:
        reading, content = read_document(
            body,
            kind=kind,
            url=url,
            portal=portal,
            listing=listing,
            page=page,
            fetch_id=fetch_id,
            document_url=document_url,
            seen_on=seen_on,
        )
        return [reading], content
    try:
        inside = packed.members(body)
    except UnreadableDocumentError as error:
        failed = failed_document(body, error.code, str(error), fetch_id=fetch_id, document_url=document_url)
        return [failed], None
    readings = []
    pictures = [m for m in inside if not m.trouble and media_type(m.body).startswith("image/")]
    together = pictures if len(pictures) > 1 else []
    for member in inside:
        if member in together:
            continue
        if member.trouble:
            reading = failed_document(
                member.body,
                member.code,
                f"{member.name}: {member.trouble}",
                fetch_id=fetch_id,
                document_url=document_url,
            )
        else:
            reading, _ = read_document(
                member.body,
                url=url,
                portal=portal,
                listing=replace(listing, title=member.name.rpartition("/")[2]),
                page=page,
                fetch_id=fetch_id,
                document_url=document_url,
                seen_on=seen_on,
            )
        readings.append(replace(reading, member=member.name))
    for first, shown in pictured.documents([(m, m.body) for m in together], portal, url):
        reading = _of_picture(
            shown,
            first.body,
            portal=portal,
            listing=listing,
            page=page,
            fetch_id=fetch_id,
            document_url=document_url,
            seen_on=seen_on,
        )
        readings.append(replace(reading, member=first.name))
    if not readings:
        empty = failed_document(
            body,
            "empty_document",
            "the archive file holds no file",
            fetch_id=fetch_id,
            document_url=document_url,
        )
        return [empty], None
    return readings, None


def failed_document(
    body: bytes, code: str, detail: str, *, fetch_id: int | None = None, document_url: str | None = None
) -> DocumentReading:
    """What stands for a document that could not be read: no report, and the reason."""
    return DocumentReading(
        media_type=media_type(body),
        sha256=hashlib.sha256(body).hexdigest(),
        report=None,
        problems=(Problem(code=code, detail=detail[:300]),),
        fetch_id=fetch_id,
        document_url=document_url,
    )


def read_document(
    body: bytes,
    *,
    kind: str | None = None,
    url: str | None = None,
    portal: Portal | None = None,
    listing: Listing | None = None,
    page: Content | None = None,
    fetch_id: int | None = None,
    document_url: str | None = None,
    seen_on: str | None = None,
) -> tuple[DocumentReading, Content | None]:
    """What one document holds, and its content (None where no reader could read it); `kind` as for
    `readers.read`.
    """
    kind = kind or media_type(body)
    try:
        content = read(body, url, kind)
    except UnreadableDocumentError as error:
        failed = failed_document(body, error.code, str(error), fetch_id=fetch_id, document_url=document_url)
        return failed, None
    reading = _reading(
        content,
        body,
        kind=kind,
        portal=portal,
        listing=listing or Listing(),
        page=page,
        fetch_id=fetch_id,
        document_url=document_url,
        seen_on=seen_on,
    )
    return reading, content


def _of_picture(
    content: Content | UnreadableDocumentError,
    body: bytes,
    *,
    portal: Portal | None,
    listing: Listing,
    page: Content | None,
    fetch_id: int | None,
    document_url: str | None,
    seen_on: str | None,
) -> DocumentReading:
    """What stands for pictures read together: the bytes are those of the first."""
    if isinstance(content, UnreadableDocumentError):
        return failed_document(body, content.code, str(content), fetch_id=fetch_id, document_url=document_url)
    return _reading(
        content,
        body,
        kind=media_type(body),
        portal=portal,
        listing=listing,
        page=page,
        fetch_id=fetch_id,
        document_url=document_url,
        seen_on=seen_on,
    )


def _reading(
    content: Content,
    body: bytes,
    *,
    kind: str,
    portal: Portal | None,
    listing: Listing,
    page: Content | None,
    fetch_id: int | None,
    document_url: str | None,
    seen_on: str | None,
) -> DocumentReading:
    judged, problems = scanned.judged(
        *_report(content, portal, listing, page, document_url=document_url, seen_on=seen_on)
    )
    return DocumentReading(
        media_type=kind,
        sha256=hashlib.sha256(body).hexdigest(),
        report=attributed(judged) if judged else None,
        problems=problems,
        fetch_id=fetch_id,
        document_url=document_url,
    )


def _report(
    content: Content,
    portal: Portal | None,
    listing: Listing,
    page: Content | None,
    *,
    document_url: str | None,
    seen_on: str | None,
) -> tuple[Report | None, tuple[Problem, ...]]:
    tables = _tables(content)
    chapters = sections(content, tables.lines)
    addresses = [url for url in (document_url, content.base_url, page.base_url if page else None) if url]
    # A page's own address: the one that it declares for its links may be another.
    host = host_of((page.base_url if page else None) or document_url or content.base_url)
    found = identity(content, chapters, portal, listing, page, addresses, seen_on, host)
    reason = _no_report(tables, chapters, found, content)
    if reason:
        cut = (
            (Problem(code="document_cut", detail=f"{content.cut}: what followed is not known"),)
            if content.cut
            else ()
        )
        return None, (reason, *cut, *content.problems)
    of_other_years = _year_problems(tables, found.year)
    doubted = {cell for problem in of_other_years for cell in problem.cells}
    problems = [
        *tables.problems,
        *found.problems,
        *_identity_problems(found),
        *_table_problems(tables, found.year),
        *of_other_years,
        *tables_of_others(
            content,
            [figure for figure in tables.figures if figure.cell not in doubted],
            found,
            lambda name: resolved(name, portal, found.year, [], host=host),
        ),
        *misfilled_items(tables.figures, tables.forms),
        *content.problems,
    ]
    if content.cut:
        problems.append(Problem(code="document_cut", detail=f"{content.cut}: what followed is not known"))
    names = (found.agency.name, found.agency.printed) if found.agency else ()
    said = told(chapters, found.year, names)
    report = Report(
        title=found.title,
        agency=found.agency,
        year=found.year,
        family=_family(tables, found),
        scope=scope(found.agency, chapters),
        published_on=found.published_on,
        dates=found.dates,
        doubt=found.doubt,
        forms=tables.forms,
        sections=chapters,
        figures=tables.figures,
        claims=said.claims,
        attachments=content.links,
        themes=prose.themes(chapters),
        fingerprints=prose.fingerprints(chapters),
        beside=beside(tables.figures, tables.subtotals),
    )
    return replace(report, checks=report_checks(report, said, tables.subtotals)), tuple(problems)


def _tables(content: Content) -> TablesRead:
    """The statutory tables of a document, and the statistics tables of older reports."""
    older = read_statistics(content)
    if not older.forms:
        return read_tables(content)
    # Heads in a table of indicators (行政复议) are none of a statutory table's, unless one stands there too.
    others = tuple(
        block
        for block in content.blocks
        if id(block) not in older.grids or _holds_statutory_rows(replace(content, blocks=(block,)))
    )
    tables = read_tables(replace(content, blocks=others) if older.grids else content)
    return replace(
        tables,
        forms={**tables.forms, **older.forms},
        figures=(*tables.figures, *older.figures),
        problems=(*tables.problems, *older.problems),
        lines=tables.lines | older.lines,
        years={**tables.years, **older.years},
    )


def _holds_statutory_rows(grid: Content) -> bool:
    """Whether rows of statutory tables stand in a grid with their values: more than single words that
    indicators share.
    """
    rows = found_rows(grid).rows
    told = {(row.table, row.row, column) for row in rows if row.values is not None for column in row.columns}
    return len(told) >= _LEAST_STATUTORY


def _no_report(
    tables: TablesRead, chapters: Sequence[Section], found: Identity, content: Content
) -> Problem | None:
    """Why the document holds no report, or None."""
    filled = any(figure.status not in ("blank", "not_applicable") for figure in tables.figures)
    called = found.title and found.is_report
    if tables.figures and not filled and found.agency is None and found.year is None:
        return Problem(
            code="blank_form",
            detail="the tables are there, but no cell is filled and neither body nor year is named",
        )
    if tables.figures and filled and not found.is_notice:
        return None
    written = sum(len(chapter.text) for chapter in chapters)
    numbered = sum(1 for chapter in chapters if chapter.number)
    if called and (numbered >= 3 or tables.figures) and written >= _LEAST_TEXT:
        return None
    what = (
        "is not called a report of this kind"
        if not called
        else f"has {numbered} chapters, {written} characters of text and no statutory table"
    )
    detail = f"the document {found.title[:80]!r} {what}"
    elsewhere = [*(link.url for link in content.links), *content.shown]
    if not elsewhere:
        return Problem(code="no_report", detail=detail)
    more = " …" if len(elsewhere) > _MOST_NAMED else ""
    detail = f"{detail}; it shows or links {', '.join(elsewhere[:_MOST_NAMED])}{more}"
    return Problem(code="report_in_attachment" if called else "no_report", detail=detail)


def _identity_problems(found: Identity) -> list[Problem]:
    if found.agency is None and found.year is None:
        return [Problem(code="unidentified", detail="neither the body nor the report year could be told")]
    if found.agency is None:
        return [
            Problem(code="agency_unknown", detail=f"the body could not be told from {found.title[:80]!r}")
        ]
    if found.year is None:
        return [
            Problem(
                code="year_unknown", detail=f"the report year could not be told from {found.title[:80]!r}"
            )
        ]
    return []


def _table_problems(tables: TablesRead, year: int | None) -> list[Problem]:
    """Tables that a report of the year owes and does not have, and forms that its year did not use."""
    problems = []
    first = min(form.first_year for form in forms().values())
    if year is None or year >= first:
        for table, form in tables.forms.items():
            if form is None:
                problems.append(missing_table(table))
    elif not any(tables.forms.values()):
        detail = f"reports of {year} had no statutory tables, and no table of statistics is appended"
        problems.append(Problem(code="no_statutory_tables", detail=f"{detail}: there are chapters only"))
    proactive = tables.forms.get("proactive")
    if year is not None and proactive:
        current = max(
            (f for f in forms().values() if f.first_year <= year), key=lambda f: f.first_year, default=None
        )
        if current is None or current.id != proactive:
            due = current.id if current else "an older form"
            problems.append(
                Problem(
                    code="unusual_form",
                    detail=f"the table proactive is of {proactive}, reports of {year} use {due}",
                )
            )
    return problems


def _year_problems(tables: TablesRead, year: int | None) -> list[Problem]:
    """Figures whose row or table is headed with other years than the report's."""
    doubted: dict[tuple[str, frozenset[int]], list[Figure]] = {}
    for figure in tables.figures if tables.years else ():
        named = tables.years.get(figure.cell, frozenset())
        if year is not None and named and year not in named and figure.status in TOLD:
            doubted.setdefault((figure.cell.table, named), []).append(figure)
    return [
        Problem(
            code="other_year",
            where=figures[0].locator,
            cells=tuple(figure.cell for figure in figures),
            detail=f"the report is of {year}, and over or beside {len(figures)} cells of {table} stands "
            + (", ".join(f"{other}年" for other in sorted(named) if other) or "the year before"),
        )
        for (table, named), figures in doubted.items()
    ]


def _family(tables: TablesRead, found: Identity) -> str:
    if any(tables.forms.get(table) for table in TABLES):
        return "gov_form"
    if any(tables.forms.values()):
        return "gov_stat"
    kind = found.agency.agency_type if found.agency else ""
    return {"university": "edu", "public_institution": "public_institution"}.get(kind, "gov_prose")
