"""The archive as WARC files (ISO 28500), for programs that keep or replay pages of the web.

Owns what a kept answer looks like there. The archive holds bodies as they were read, unpacked, and of
the headers only those that the ledger names: the records say no more than that. An answer that brought
bytes kept before, or none because nothing had changed, is a revisit of the first.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from storage.archive import ArchiveReader
from storage.database import StorageError, is_writable, one_line_errors, open_to_read
from storage.export import ExportError, Written, _put, prepare_folder

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord
    from warcio.warcwriter import WARCWriter

FILE_BYTES = 1_000_000_000
"""A file is closed when it has grown past this."""

_FETCHES = """
    SELECT id, crawl_id, url, final_url, found_on, link_text, role, method, request_body, status,
        content_type, etag, last_modified, fetched_at, sha256
    FROM fetches WHERE sha256 IS NOT NULL AND status IS NOT NULL ORDER BY id
"""
_SAME_BYTES = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


def export_warc(
    database: Path,
    archive_path: Path,
    folder: Path,
    *,
    version: str,
    force: bool,
    tell: Callable[[str], None] = lambda _line: None,
) -> list[Written]:
    """Writes every kept answer as `archive-00001.warc.gz` and so on into `folder`.

    An answer whose bytes the archive has lost is left out; `tell` is handed a line that names it. Raises
    `ExportError` for the folder and where nothing is left to write, `StorageError` for database and
    archive.
    """
    prepare_folder(folder, ["archive-00001.warc.gz"], force=force)
    conn = open_to_read(database)
    archive = ArchiveReader(archive_path, immutable=not is_writable(archive_path))
    written: list[Written] = []
    try:
        with one_line_errors(database):
            cursor = conn.execute(_FETCHES)
            names = [column[0] for column in cursor.description]
            answers = (dict(zip(names, row, strict=True)) for row in cursor)
            first: dict[str, tuple[str, str]] = {}
            pending = next(answers, None)
            while pending is not None:
                path = folder / f"archive-{len(written) + 1:05}.warc.gz"
                file = _File(answers, pending, archive, first, version, tell)
                records = _put(path, file.write)
                written.append(Written(path.name, path, records))
                pending = file.pending
    finally:
        conn.close()
    if not written:
        raise ExportError(f"{database}: holds no answer with a body; crawl first")
    if not any(one.rows for one in written):
        for empty in written:
            empty.path.unlink()
        raise ExportError(
            f"{archive_path}: holds the bytes of no answer of {database};"
            " name the archive of this database with -s ARCHIVE=FILE"
        )
    _clear_later(folder, len(written))
    return written


def _clear_later(folder: Path, last: int) -> None:
    """Takes away the further files of a longer export before this one."""
    number = last + 1
    while (path := folder / f"archive-{number:05}.warc.gz").is_file():
        try:
            path.unlink()
        except OSError as error:
            raise ExportError(
                f"{path}: of an earlier export, cannot be removed ({error.strerror})"
            ) from error
        number += 1


class _File:
    """One file: takes answers until it is large enough, and keeps the one that comes next."""

    def __init__(
        self,
        answers: Iterator[dict[str, Any]],
        pending: dict[str, Any],
        archive: ArchiveReader,
        first: dict[str, tuple[str, str]],
        version: str,
        tell: Callable[[str], None],
    ) -> None:
        self.answers = answers
        self.pending: dict[str, Any] | None = pending
        self.archive = archive
        self.first = first
        self.version = version
        self.tell = tell

    def write(self, path: Path) -> int:
        """Writes the file and says how many answers are in it."""
        from warcio.warcwriter import WARCWriter  # noqa: PLC0415 needed by this one command

        assert self.pending is not None
        records = 0
        with path.open("wb") as out:
            writer = WARCWriter(out, gzip=True, warc_version="WARC/1.1")
            writer.write_record(self._information(writer, path, self.pending["fetched_at"]))
            # At least one, however small the limit.
            while self.pending is not None and (not records or out.tell() < FILE_BYTES):
                try:
                    found = list(self._records(writer, self.pending))
                except StorageError as error:
                    self.tell(f"left out: {self.pending['final_url']} (fetch {self.pending['id']}): {error}")
                    found = []
                for record in found:
                    writer.write_record(record)
                records += bool(found)
                self.pending = next(self.answers, None)
        return records

    def _information(self, writer: WARCWriter, path: Path, date: str) -> ArcWarcRecord:
        told = {
            "software": f"nianbao/{self.version}",
            "format": "WARC File Format 1.1",
            "description": "Bodies are kept unpacked (no Content-Encoding), and of the headers of an answer"
            " only its type, ETag and Last-Modified.",
        }
        body = "".join(f"{name}: {value}\r\n" for name, value in told.items()).encode("utf-8")
        headers = {
            "WARC-Record-ID": _record_id(f"info {date} {len(self.first)}"),
            "WARC-Date": date,
            "WARC-Filename": path.name.removesuffix(".part"),
        }
        return writer.create_warc_record(
            "",
            "warcinfo",
            payload=BytesIO(body),
            length=len(body),
            warc_content_type="application/warc-fields",
            warc_headers_dict=headers,
        )

    def _records(self, writer: WARCWriter, fetch: dict[str, Any]) -> Iterator[ArcWarcRecord]:
        """The answer, what was asked where that was no GET, and where the address came from."""
        number = _record_id(f"{fetch['crawl_id']} {fetch['id']} {fetch['final_url']} {fetch['fetched_at']}")
        yield self._answer(writer, fetch, number)
        if fetch["method"] != "GET":
            yield self._request(writer, fetch, number)
        fields = {
            "fetch": f"{fetch['id']}",
            "run": f"{fetch['crawl_id']}",
            "requested-uri": fetch["url"],
            "via": fetch["found_on"],
            "link-text": fetch["link_text"],
            "role": fetch["role"],
        }
        told = "".join(
            f"{name}: {' '.join(str(value).split())}\r\n" for name, value in fields.items() if value
        ).encode("utf-8")
        yield writer.create_warc_record(
            urldefrag(fetch["final_url"]).url,
            "metadata",
            payload=BytesIO(told),
            length=len(told),
            warc_content_type="application/warc-fields",
            warc_headers_dict={
                "WARC-Record-ID": _record_id(f"metadata {number}"),
                "WARC-Date": fetch["fetched_at"],
                "WARC-Concurrent-To": number,
            },
        )

    def _answer(self, writer: WARCWriter, fetch: dict[str, Any], number: str) -> ArcWarcRecord:
        from warcio.statusandheaders import StatusAndHeaders  # noqa: PLC0415

        # What was posted may be told in the fragment of an address, which is never sent.
        sha256, url, date = fetch["sha256"], urldefrag(fetch["final_url"]).url, fetch["fetched_at"]
        headers = {
            "WARC-Record-ID": number,
            "WARC-Date": date,
            "WARC-Payload-Digest": f"sha256:{sha256}",
        }
        http = [
            (name, fetch[column])
            for name, column in (
                ("Content-Type", "content_type"),
                ("ETag", "etag"),
                ("Last-Modified", "last_modified"),
            )
            if fetch[column]
        ]
        earlier = self.first.get(sha256)
        if earlier is not None:
            headers["WARC-Profile"] = _NOT_MODIFIED if fetch["status"] == 304 else _SAME_BYTES
            headers["WARC-Refers-To-Target-URI"], headers["WARC-Refers-To-Date"] = earlier
            return writer.create_warc_record(
                url,
                "revisit",
                http_headers=StatusAndHeaders(_status_line(fetch["status"]), http, protocol="HTTP/1.1"),
                warc_headers_dict=headers,
            )
        body = self.archive.get(sha256)
        self.first[sha256] = (url, date)
        http.append(("Content-Length", str(len(body))))
        return writer.create_warc_record(
            url,
            "response",
            payload=BytesIO(body),
            length=len(body),
            http_headers=StatusAndHeaders(_status_line(fetch["status"]), http, protocol="HTTP/1.1"),
            warc_headers_dict=headers,
        )

    def _request(self, writer: WARCWriter, fetch: dict[str, Any], number: str) -> ArcWarcRecord:
        from warcio.statusandheaders import StatusAndHeaders  # noqa: PLC0415

        body = (fetch["request_body"] or "").encode("utf-8")
        url = urldefrag(fetch["url"]).url
        parts = urlsplit(url)
        return writer.create_warc_record(
            url,
            "request",
            payload=BytesIO(body),
            length=len(body),
            http_headers=StatusAndHeaders(
                f"{fetch['method']} {parts._replace(scheme='', netloc='').geturl() or '/'} HTTP/1.1",
                [("Host", parts.netloc), ("Content-Length", str(len(body)))],
                is_http_request=True,
            ),
            warc_headers_dict={
                "WARC-Record-ID": _record_id(f"request {number}"),
                "WARC-Date": fetch["fetched_at"],
                "WARC-Concurrent-To": number,
            },
        )


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} "


def _record_id(name: str) -> str:
    """The same record has the same id in every export."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'nianbao {name}')}>"
