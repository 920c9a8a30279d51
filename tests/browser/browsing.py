"""A site that is served by `scrapy browse`, and a Chromium that looks at it and writes down what happens.

Owns how the browser is found and started, and what counts as a fault of any page: an error on the console,
a script that failed, a request to another host.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from tests.end_to_end.harvest import ROOT, plain_environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

HOST = "127.0.0.1"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Other hosts are not even looked up; that they are asked for is a fault all the same.
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}",
)
SECONDS = 30
"""Machines that test many things at once are slow at times; nothing here waits without need."""


def chromium() -> str | None:
    """The browser that is installed, or named by the variable CHROMIUM."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def missing() -> str | None:
    """What these tests need and is not here, as a sentence; None where they can run."""
    if chromium() is None:
        named = os.environ.get("CHROMIUM")
        if named:
            return f"CHROMIUM={named}: there is no such program"
        return f"no browser is installed: none of {', '.join(PROGRAMS)} was found, and CHROMIUM names none"
    if find_spec("playwright") is None:
        return "playwright, which drives the browser, is not installed (extra dev)"
    return None


@contextmanager
def browser() -> Iterator[Browser]:
    """The browser with a new profile, which is removed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium(), headless=True, args=list(FLAGS), timeout=SECONDS * 1000
        )
        try:
            yield started
        finally:
            started.close()


@contextmanager
def browsed(folder: Path, *options: str) -> Iterator[str]:
    """The address of a site over the database and the archive of a folder, as a reader starts it."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        port = trial.getsockname()[1]
    command = [
        sys.executable, "-m", "scrapy", "browse", "--port", str(port), *options,
        "-s", f"DATABASE={folder / 'nianbao.db'}", "-s", f"ARCHIVE={folder / 'archive.db'}",
    ]  # fmt: skip
    told = folder / f"browse-{port}.log"
    with (
        told.open("w", encoding="utf-8") as log,
        subprocess.Popen(command, cwd=ROOT, env=plain_environment(), stderr=log) as process,
    ):
        address = f"http://{HOST}:{port}"
        try:
            _answering(address, process, told)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
    if "Traceback" in told.read_text("utf-8"):
        raise AssertionError(told.read_text("utf-8"))


def _answering(address: str, process: subprocess.Popen[bytes], told: Path) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"{address}/-/versions.json", timeout=SECONDS)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"scrapy browse does not answer: {told.read_text('utf-8')}")


@dataclass(slots=True)
class Reader:
    """A reader with a browser window: pages share its cookies, and `faults` what went wrong on them."""

    context: BrowserContext
    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def opened(self, path: str, status: int = 200) -> Page:
        """The page at a path of the site, with its scripts run. Fails the test on any fault."""
        self.faults.clear()
        answer = self.page.goto(f"{self.address}{path}", wait_until="load")
        assert answer is not None
        assert answer.status == status, (path, answer.status)
        # The browser itself tells the console of an answer that is an error.
        expected = (
            []
            if status == 200
            else [f"error: Failed to load resource: the server responded with a status of {status}"]
        )
        found = [fault for fault in self.faults if not any(fault.startswith(each) for each in expected)]
        assert found == [], (path, found)
        return self.page


@contextmanager
def reader(browser: Browser, address: str, *, width: int = 1280, lang: str = "en") -> Iterator[Reader]:
    """A reader at the site whose browser asks for a language."""
    tag = {"zh": "zh-CN", "en": "en-GB"}[lang]
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=tag)
    context.set_default_timeout(SECONDS * 1000)
    try:
        found = Reader(context, context.new_page(), address)
        faults = found.faults
        context.on(
            "console", lambda said: faults.append(f"error: {said.text}") if said.type == "error" else None
        )
        context.on("weberror", lambda error: faults.append(f"script: {error.error}"))
        context.on("request", lambda request: faults.extend(_leaving(request.url, address)))
        context.on("requestfailed", lambda request: faults.extend(_failed(request.url, request.failure)))
        yield found
    finally:
        context.close()


def _failed(url: str, failure: str | None) -> list[str]:
    """A fault where an answer did not come; what the browser itself gave up on leaving a page is none."""
    return [] if failure == "net::ERR_ABORTED" else [f"failed: {url} {failure}"]


def _leaving(url: str, address: str) -> list[str]:
    """A fault where a request goes anywhere but to the site."""
    parts = urlsplit(url)
    stays = parts.scheme in ("data", "blob", "about") or f"{parts.scheme}://{parts.netloc}" == address
    return [] if stays else [f"another host: {url}"]
