"""The sample province on loopback: one HTTP server a portal, in background threads.

Owns ports, conditional answers and the registry entries that lead a crawl here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from . import portals
from .pages import UNCHANGED_SINCE, Pages

HOST = "127.0.0.1"
NOTE = "样例站点，运行在本机，不需要间隔"


class PortTakenError(OSError):
    """A port that the sample needs is used by another program; the message names it."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a sample portal answered."""

    portal: str
    path: str
    status: int
    user_agent: str


class Province:
    """The running sample; a context manager. `log` holds every request answered so far.

    `ports` names the port of each portal and then each must be free (PortTakenError). Without
    it the preferred ports are taken where they are free, others where they are not; `prefer`
    False takes whatever is free, for tests that run side by side.
    """

    def __init__(self, ports: Mapping[str, int] | None = None, *, prefer: bool = True) -> None:
        self.log: list[Request] = []
        self.servers: dict[str, ThreadingHTTPServer] = {}
        try:
            for portal in portals.load():
                wanted = ports[portal.id] if ports is not None else portal.port if prefer else 0
                self.servers[portal.id] = self._listening(portal, wanted, fixed=ports is not None)
        except BaseException:
            self.close()
            raise

    @property
    def addresses(self) -> dict[str, str]:
        """Home page of each portal, by portal id."""
        return {id_: f"http://{HOST}:{server.server_port}/" for id_, server in self.servers.items()}

    def registry(self) -> str:
        """A registry file that leads a crawl to these portals and nowhere else."""
        lines = [
            "# The sample province on this machine. It answers only while `scrapy demo` runs.",
            "# The ports are kept here, so that a second run meets the same addresses.",
        ]
        for portal in portals.load():
            lines += [
                "",
                "[[portal]]",
                f'id = "{portal.id}"',
                f'name = "{portal.name}"',
                f'division = "{portal.division}"',
                f'home = "{self.addresses[portal.id]}"',
            ]
            if portal.agency:
                lines.append(f'agency = "{portal.agency}"')
            lines += ["delay = 0.0", f'note = "{NOTE}"']
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """Stop every server."""
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listening(self, portal: portals.Portal, port: int, *, fixed: bool) -> ThreadingHTTPServer:
        handler = type("Handler", (_Handler,), {"portal_id": portal.id, "log": self.log})
        try:
            server = _Server((HOST, port), handler)
        except OSError as error:
            if fixed:
                raise PortTakenError(f"port {port} is taken by another program") from error
            server = _Server((HOST, 0), handler)
        handler.pages = Pages(portal, f"{HOST}:{server.server_port}")  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Whoever keeps a connection open and says nothing would otherwise hold a thread for ever.
    timeout = 30
    pages: Pages
    portal_id: str
    log: list[Request]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on stderr: `log` is what the demo and the tests look at."""

    def _answer(self, *, with_body: bool) -> None:
        address = urlsplit(self.path)
        answer = self.pages.answer(address.path, address.query, self.headers.get("Referer"))
        known = answer.status == 200 and self.headers.get("If-None-Match") == answer.etag
        status = 304 if known else answer.status
        self.log.append(Request(self.portal_id, self.path, status, self.headers.get("User-Agent", "")))
        self.send_response(status)
        if answer.status == 200:
            self.send_header("ETag", answer.etag)
            self.send_header("Last-Modified", UNCHANGED_SINCE)
        if not known:
            self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", "0" if known else str(len(answer.body)))
        self.end_headers()
        if with_body and not known:
            self.wfile.write(answer.body)
