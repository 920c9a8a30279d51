"""`scrapy browse`: Datasette on the database, with the project's words, pages and settings."""

from __future__ import annotations

import argparse
import socket
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from crawler.command_line import DONE, OneLineUsage, say

HOST = "127.0.0.1"


class Command(OneLineUsage, ScrapyCommand):
    """See the contract: `scrapy browse [--port 8001] [--immutable]`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Command syntax."""
        return "[--port 8001] [--immutable]"

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
            help="promise that nothing writes to the database meanwhile, for faster pages",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Serves until Ctrl-C."""
        if args:
            self.refuse(f"takes no argument {args[0]!r}; see scrapy browse -h")
        port = self._free_port(opts.port)
        import uvicorn

        from storage.database import StorageError
        from storage.site.server import site

        database = self.path_setting("DATABASE")
        try:
            application = site(database, immutable=opts.immutable).app()
        except StorageError as error:
            self.refuse(str(error))
        say(f"http://{HOST}:{port}/ shows {database} (Ctrl-C ends it)")
        try:
            uvicorn.run(application, host=HOST, port=port, log_level="warning", lifespan="on", workers=1)
        except KeyboardInterrupt:
            say("ended")
        self.exitcode = DONE

    def _free_port(self, given: str) -> int:
        """The port as a number; wrong usage where it is none or another program has it."""
        if not given.isascii() or not given.isdigit() or not 0 < int(given) < 65536:
            self.refuse(f"--port {given}: must be a number from 1 to 65535")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
            # As the server will: a port that only waits out old connections is free.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, int(given)))
            except OSError as error:
                self.refuse(f"--port {given}: cannot be used ({error.strerror}); choose another with --port")
        return int(given)
