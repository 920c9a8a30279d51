"""A database and its archive made of real documents, read and stored as a crawl and its readers do it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlite_utils import Database

from crawler.items import Document, Listing, Portal, Publication
from pipelines import divisions
from pipelines.checks.stated import stated_rules
from pipelines.extract import read_publication
from pipelines.forms import layout
from pipelines.readers import media_type
from storage import findings
from storage.archive import Archive
from storage.database import open_database
from storage.ledger import Ledger
from storage.overrides import Override
from storage.reference import write_reference
from storage.reports import store

PORTAL = Portal(id="mudanjiang", name="牡丹江市人民政府", division="231000", home="http://www.mdj.example/")


class Shelf:
    """Documents are put in with `add`; `close` leaves two files that a site can be opened on."""

    def __init__(self, folder: Path, *, overrides: Sequence[Override] = ()) -> None:
        self.database, self.archive_file = folder / "nianbao.db", folder / "archive.db"
        self.db: Database = open_database(self.database)
        self.archive = Archive(self.archive_file)
        self.ledger = Ledger(self.db, self.archive)
        cells, derived = layout()
        write_reference(
            self.db,
            divisions=divisions.load(),
            form_cells=cells,
            derived=derived,
            portals=[PORTAL],
            overrides=overrides,
            rules=stated_rules(),
        )
        self.crawl()

    def crawl(self) -> None:
        """Begins a run."""
        self.run = self.ledger.open_crawl(
            spider="heilongjiang", arguments={}, sample=False, software_version="0.1"
        ).id

    def add(self, body: bytes, url: str, *files: tuple[str, bytes], title: str | None = None) -> list[str]:
        """Fetches, reads and stores a page and its files; gives the ids of the reports that came of it."""
        publication = Publication(
            portal=PORTAL,
            page=self._document(url, body, "article"),
            attachments=tuple(self._document(address, file, "attachment") for address, file in files),
            listing=Listing(title=title, date=None, path=("政务公开", "年报")),
        )
        return [outcome.report_id for outcome in store(self.db, read_publication(publication), self.run)]

    def _document(self, url: str, body: bytes, role: str) -> Document:
        kind = media_type(body)
        fetch = self.ledger.record(
            crawl_id=self.run,
            url=url,
            portal_id=PORTAL.id,
            role=role,
            found_on="http://www.mdj.example/list",
            link_text="年度报告",
            status=200,
            content_type=kind,
            body=body,
        )
        return Document(fetch=fetch, body=body, label="年度报告" if role == "attachment" else None)

    def close(self) -> None:
        """Makes the findings and lets the files go."""
        findings.refresh(self.db)
        self.archive.close()
        self.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.conn.close()
