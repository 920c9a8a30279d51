"""The sample province on loopback: one HTTP server a portal, in background threads.

Owns ports, conditional answers and the registry entries that lead a crawl here.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import urlsplit

from . import faults, portals
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
    False takes whatever is free, for tests that run side by side. `only` names the portals that are
    served (all where none is named), `others` are served in place of them. With `scans` reports are
    published that are pictures. `plays` names what goes wrong at a portal.
    """

    def __init__(
        self,
        ports: Mapping[str, int] | None = None,
        *,
        prefer: bool = True,
        only: Sequence[str] = (),
        scans: bool = False,
        others: Sequence[portals.Portal] = (),
        plays: Mapping[str, faults.Fault] = MappingProxyType({}),
    ) -> None:
        self.log: list[Request] = []
        self.servers: dict[str, ThreadingHTTPServer] = {}
        self.portals = others or [one for one in portals.load(scans=scans) if not only or one.id in only]
        self.plays = plays
        try:
            for portal in self.portals:
                wanted = ports[portal.id] if ports is not None else portal.port if prefer else 0
                self.servers[portal.id] = self._listening(portal, wanted, fixed=ports is not None)
        except BaseException:
            self.close()
            raise

    @property
    def addresses(self) -> dict[str, str]:
        """Home page of each portal, by portal id."""
        found = {}
        for id_, server in self.servers.items():
            fault = self.plays.get(id_, faults.NONE)
            found[id_] = fault.home or f"{fault.scheme}://{HOST}:{server.server_port}/"
        return found

    def registry(self) -> str:
        """A registry file that leads a crawl to these portals and nowhere else."""
        lines = [
            "# The sample province on this machine. It answers only while `scrapy demo` runs.",
            "# The ports are kept here, so that a second run meets the same addresses.",
        ]
        for portal in self.portals:
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

    def correct(self) -> list[str]:
        """Replaces the pages of the reports that their bodies corrected later; their addresses."""
        changed = []
        for id_, server in self.servers.items():
            pages: Pages = server.RequestHandlerClass.pages  # type: ignore[attr-defined]
            changed += [self.addresses[id_].rstrip("/") + path for path in pages.correct()]
        return changed

    def close(self) -> None:
        """Stop every server."""
        for id_, server in self.servers.items():
            if not self.plays.get(id_, faults.NONE).dead:
                server.shutdown()
            server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listening(self, portal: portals.Portal, port: int, *, fixed: bool) -> ThreadingHTTPServer:
        fault = self.plays.get(portal.id, faults.NONE)
        context = fault.tls() if fault.tls is not None else None
        own = {"portal_id": portal.id, "log": self.log, "fault": fault, "counts": Counter()}
        handler = type("Handler", (_Handler,), own)
        try:
            server = _Server((HOST, port), handler)
        except OSError as error:
            if fixed:
                raise PortTakenError(f"port {port} is taken by another program") from error
            server = _Server((HOST, 0), handler)
        handler.pages = Pages(portal, f"{HOST}:{server.server_port}")  # type: ignore[attr-defined]
        if fault.dead:
            # The port is known, and nobody listens there.
            server.server_close()
            return server
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing on stderr: a client that goes away, or a handshake that fails, is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Whoever keeps a connection open and says nothing would otherwise hold a thread for ever.
    timeout = 30
    pages: Pages
    portal_id: str
    log: list[Request]
    fault: faults.Fault
    counts: Counter[str]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on stderr: `log` is what the demo and the tests look at."""

    def _answer(self, *, with_body: bool) -> None:
        address = urlsplit(self.path)
        answer = self.pages.answer(address.path, address.query, self.headers.get("Referer"))
        if self.fault.play is not None:
            self.counts.update((self.path, ""))
            answer = self.fault.play(faults.Asked(self.path, answer, self.pages, self.counts))
        known = answer.status == 200 and self.headers.get("If-None-Match") == answer.etag
        status = 304 if known else answer.status
        self.log.append(Request(self.portal_id, self.path, status, self.headers.get("User-Agent", "")))
        self.send_response(status)
        if answer.status == 200:
            self.send_header("ETag", answer.etag)
            self.send_header("Last-Modified", UNCHANGED_SINCE)
        for name, value in answer.headers:
            self.send_header(name, value)
        if not known:
            self.send_header("Content-Type", answer.content_type)
        body = b"" if known or not with_body else answer.body
        if answer.sent == "chunked and cut":
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n" % (len(body) // 2, body[: len(body) // 2])
        else:
            more = 1000 if answer.sent == "cut" else 0
            self.send_header("Content-Length", "0" if known else str(len(answer.body) + more))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or answer.sent != "whole"
