"""What browsers and caches may keep of a site whose database nobody writes to.

Owns the headers for that: how long an answer is good, and a tag that changes with the database, the site
and the language, so that what a reader has already is not made again. A site over a database that is
being written to has none of this.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from storage.site.frame import Application, Message, Receive, Scope, Send, own_cookie
from storage.site.language import PARAMETER, chosen_language

SECONDS = 600
"""A new database is put in place of the old one and the site is started anew: readers see it then."""

KEPT = f"max-age={SECONDS}"
"""After `public`, or after `private` where the reader chose a language, which is the cookie's."""

VARY = b"Cookie, Authorization, Accept-Language"


def stamp(database: Path, site: Path) -> str:
    """What changes whenever the database or the site does: sizes and times of their files, as 16 digits."""
    files = [database, *sorted(path for path in site.rglob("*") if path.is_file() and path.suffix != ".pyc")]
    told = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def inspected(database: Path, name: str, mark: str) -> dict[str, Any]:
    """The rows of every table, counted once, in the shape that Datasette keeps of an immutable database."""
    uri = f"file:{database.resolve().as_posix()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        # Tables of an index of words are Datasette's to hide; some of them cannot be counted.
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        )
        counts = {
            table: {"count": connection.execute(f"SELECT count(*) FROM [{table}]").fetchone()[0]}
            for (table,) in tables.fetchall()
        }
    return {name: {"hash": mark, "size": database.stat().st_size, "tables": counts}}


def kept(app: Application, mark: str) -> Application:
    """The application with answers that may be kept; one that the reader has is not made again."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        tag = _tag(scope, mark)
        if tag is None:
            await app(scope, receive, send)
            return
        whose = "private" if own_cookie(scope) else "public"
        keeping = [(b"etag", tag), (b"cache-control", f"{whose}, {KEPT}".encode())]
        if tag in _given(scope):
            headers = [*keeping, (b"vary", VARY)]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and _can_be_kept(message):
                others = [(name, value) for name, value in message["headers"] if name != b"cache-control"]
                message = {**message, "headers": [*others, *keeping]}
            await send(message)

        await app(scope, receive, with_headers)

    return asgi


def _can_be_kept(message: Message) -> bool:
    """A page that was found and says nothing of its own on being kept: Datasette says a few seconds, or
    nothing at all where there is a cookie.
    """
    headers = {name.lower(): value for name, value in message.get("headers", [])}
    said = headers.get(b"cache-control", b"")
    is_ours = said.startswith((b"private, max-age", b"public"))
    return message["status"] == 200 and not is_ours and not {b"set-cookie", b"etag"} & set(headers)


def _tag(scope: Scope, mark: str) -> bytes | None:
    """The tag of the answer to a request; None where nothing is to be kept."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    asked = scope.get("query_string", b"").decode("latin-1")
    if parse_qs(asked).get(PARAMETER):
        return None
    accepted = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept-language")
    lang = chosen_language(None, own_cookie(scope), accepted.decode("latin-1"))
    path = scope.get("raw_path") or scope["path"].encode()
    told = repr((mark, path, asked, lang))
    return b'W/"' + hashlib.sha256(told.encode()).hexdigest()[:24].encode() + b'"'


def _given(scope: Scope) -> set[bytes]:
    """The tags of what the reader has."""
    return {
        tag.strip()
        for name, value in scope["headers"]
        if name.lower() == b"if-none-match"
        for tag in value.split(b",")
    }
