"""`scrapy browse`: Datasette on the database, with the project's words, pages and settings."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import logging
import socket
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, OneLineUsage, say

if TYPE_CHECKING:
    from pipelines.places import PlacePool

HOST = "127.0.0.1"
"""This machine alone; `--host` is for containers and servers."""

PLACE_SECONDS = 30.0
OCR_PLACE_SECONDS = 60.0
"""A reader waits for a place; a page takes a tenth of a second, one of a scan some seconds."""


def is_worth_telling(record: logging.LogRecord) -> bool:
    """Whether a line of asyncio's is worth a line in the terminal: a reader who leaves a download is not."""
    return record.getMessage() != "socket.send() raised exception."


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy browse [--port 8001] [--immutable] [--host ADDRESS]`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Command syntax."""
        return "[--port 8001] [--immutable] [--host 127.0.0.1]"

    def short_desc(self) -> str:
        """One line for the list of commands."""
        return "Browse the database with Datasette"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """The options of this command."""
        super().add_options(parser)
        parser.add_argument(
            "--port", default="8001", metavar="PORT", help="port on this machine (default: 8001)"
        )
        parser.add_argument(
            "--immutable",
            action="store_true",
            help="promise that nothing writes to the database meanwhile; rows are then counted"
            " once and answers kept",
        )
        parser.add_argument(
            "--host",
            default=HOST,
            metavar="ADDRESS",
            help=f"address to listen at (default: {HOST}, this machine alone; 0.0.0.0 in a container)",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Serves until Ctrl-C."""
        if args:
            self.refuse(f"takes no argument {args[0]!r}; see scrapy browse -h")
        host = self._own_address(opts.host)
        port = self._free_port(host, opts.port)
        import uvicorn

        from pipelines.places import Places
        from storage.database import StorageError
        from storage.site.server import site

        database, archive = self.path_setting("DATABASE"), self.path_setting("ARCHIVE")
        places = Places(self._pool)
        try:
            application = site(database, immutable=opts.immutable, archive=archive, places=places).app()
        except StorageError as error:
            self.refuse(str(error))
        if not archive.is_file():
            say(
                f"{archive}: there is no such archive, so places of figures and archived copies are not shown"
                " (name the archive with -s ARCHIVE=FILE)"
            )
        logging.getLogger("asyncio").addFilter(is_worth_telling)
        shown = f"[{host}]" if ":" in host else host
        try:
            say(f"http://{shown}:{port}/ shows {database} (Ctrl-C ends it)")
            uvicorn.run(application, host=host, port=port, log_level="warning", lifespan="on", workers=1)
        except KeyboardInterrupt:
            say("ended")
        finally:
            places.close()
        self.exitcode = DONE

    def _pool(self) -> PlacePool:
        """The processes that look into documents; they begin with the first place that is asked for."""
        from pipelines.pool import ReadingPool

        assert self.settings is not None
        wanted = self.settings.getbool("OCR")
        return ReadingPool(1, ocr=wanted, seconds=PLACE_SECONDS, ocr_seconds=OCR_PLACE_SECONDS)

    def _own_address(self, given: str) -> str:
        """An address of this machine; names are refused, as what they lead to may change."""
        try:
            return str(ipaddress.ip_address(given))
        except ValueError:
            self.refuse(f"--host {given}: must be an IP address, such as {HOST} or 0.0.0.0")

    def _free_port(self, host: str, given: str) -> int:
        """The port as a number; wrong usage where it is none or another program has it."""
        if not given.isascii() or not given.isdigit() or not 0 < int(given) < 65536:
            self.refuse(f"--port {given}: must be a number from 1 to 65535")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            # As the server will: a port that only waits out old connections is free.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, int(given)))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    self.refuse(f"--host {host}: is no address of this machine")
                self.refuse(f"--port {given}: cannot be used ({error.strerror}); choose another with --port")
        return int(given)
