"""The sample reports as publications, for measures that need neither network nor crawl."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from crawler.items import Document, Listing, Portal, Publication
from pipelines import divisions, forms
from storage.archive import Archive
from storage.database import checkpoint, open_database
from storage.ledger import Ledger
from storage.reference import write_reference
from tests.province import portals
from tests.province.pages import Answer, Pages


def fetched(folder: Path) -> tuple[Path, int, list[Publication]]:
    """A database in `folder` in which every report page was fetched and none was read.

    Returns it with the id of its run and the publications.
    """
    path = folder / "fetched.db"
    db = open_database(path)
    cells, derived = forms.layout()
    entries = {portal.id: _registered(portal) for portal in portals.load()}
    write_reference(
        db, divisions=divisions.load(), form_cells=cells, derived=derived, portals=entries.values()
    )
    archive = Archive(folder / "archive.db")
    ledger = Ledger(db, archive)
    crawl_id = ledger.open_crawl(spider="bench", arguments={}, sample=False, software_version="bench").id
    publications = []
    for portal, path_, entry, answer in _answers():
        fetch = ledger.record(
            crawl_id=crawl_id,
            url=entries[portal.id].home.rstrip("/") + path_,
            role="article",
            portal_id=portal.id,
            status=200,
            content_type=answer.content_type,
            body=answer.body,
        )
        publications.append(
            Publication(
                portal=entries[portal.id],
                page=Document(fetch=fetch, body=answer.body, label=entry.title),
                listing=Listing(title=entry.title, date=entry.date[:10] or None),
            )
        )
    archive.close()
    _close(db)
    return path, crawl_id, publications


def _close(db: Database) -> None:
    checkpoint(db)
    db.close()


def _answers() -> list[tuple[portals.Portal, str, portals.Entry, Answer]]:
    found = []
    for portal in portals.load():
        pages = Pages(portal, "127.0.0.1")
        for entry in portal.entry:
            if entry.report:
                path = portal.path(entry)
                found.append((portal, path, entry, pages.answer(path, "", None)))
    return found


def _registered(portal: portals.Portal) -> Portal:
    return Portal(
        id=portal.id,
        name=portal.name,
        division=portal.division,
        home=f"http://127.0.0.1:{portal.port}/",
        agency=portal.agency,
    )
