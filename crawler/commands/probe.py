"""scrapy probe URL|PORTAL: what a crawl of a portal would do, step by step, and the first step that fails.

Owns the choice of the entry, the throw-away database, and the wiring of the spider to the listener;
what is said at each step is `crawler.probing`'s. The spider is the crawl's own.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import BaseRunSpiderCommand

from crawler.command_line import DONE, FELL_SHORT, OneLineUsage, say

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.items import Portal
    from crawler.probing import Probe


@dataclass(frozen=True)
class Target:
    """What is tried: a spider with its arguments, the entry, all of its registry, and what to say of it."""

    spider: str
    arguments: dict[str, str]
    portal: Portal
    portals: tuple[Portal, ...]
    told: list[str]


class Command(OneLineUsage, BaseRunSpiderCommand):
    """See the contract: `scrapy probe URL|PORTAL`."""

    requires_project = True
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False, "LOGSTATS_INTERVAL": 0}

    def syntax(self) -> str:
        return "[-a registry=FILE.toml] URL|PORTAL"

    def short_desc(self) -> str:
        return "Try one portal: what a crawl would do, step by step, and the first step that fails"

    def long_desc(self) -> str:
        return (
            "Walks one portal, by its id in the registry or by any address, as far as one report, and tells "
            "each step: robots.txt, home page, platform, the way to the section, lists, a report and its "
            "files. Nothing is kept. Exit codes: 0 every step worked, 1 a step failed (the last line on "
            "stderr names the first, and what mends it), 2 wrong usage."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Finds the entry, walks it with the crawl's own spider, and tells what came of it."""
        from crawler.probing import Probe
        from storage.database import StorageError

        target = self._asked_for(args, opts.spargs)
        portal = target.portal
        self.flag_setting("ALLOW_PRIVATE_HOSTS")
        self.flag_setting("OCR")
        self.count_setting("EXTRACT_JOBS")
        probe = Probe(portal, lambda line: print(line, flush=True))
        probe.begin(target.told)
        if portal.disabled:
            self.exitcode = concluded(probe)
            return
        try:
            with tempfile.TemporaryDirectory(prefix="nianbao-probe-") as folder:
                self._walk(target, probe, Path(folder))
        except StorageError as error:
            self.refuse(str(error))
        self.exitcode = concluded(probe)

    def _asked_for(self, args: list[str], arguments: Mapping[str, str]) -> Target:
        """What is to be tried; wrong usage ends here."""
        from crawler.registry import RegistryError
        from crawler.selection import SelectionError

        if len(args) != 1:
            self.refuse("needs one URL or one PORTAL; see scrapy probe -h")
        unknown = sorted(set(arguments) - {"registry"})
        if unknown:
            self.refuse(f"unknown argument -a {unknown[0]}=…; known is registry")
        try:
            if "://" in args[0]:
                return _by_address(args[0], arguments)
            return _by_id(args[0], arguments)
        except (SelectionError, RegistryError) as error:
            self.refuse(str(error))

    def _walk(self, target: Target, probe: Probe, folder: Path) -> None:
        from crawler.steps import Trial

        process = self.crawler_process
        assert process is not None
        _prepare(folder, target.portals)
        for setting, value in (
            ("DATABASE", str(folder / "probe.db")),
            ("ARCHIVE", str(folder / "archive.db")),
            ("RECRAWL", "all"),
            ("EXTRACT_JOBS", 1),
            ("FINISH_READING", None),
        ):
            process.settings.set(setting, value, priority="cmdline")
        for logger in ("scrapy", "twisted", "asyncio", "py.warnings"):
            logging.getLogger(logger).setLevel(logging.CRITICAL)
        spider: type[Spider] = process.spider_loader.load(target.spider)
        trying = type(f"Trying{spider.__name__}", (spider,), {"trial": Trial()})
        crawler = process.create_crawler(trying)
        # Signals hold their receivers weakly: the wiring must live as long as the walk.
        wiring = Wiring(crawler, probe)
        process.crawl(crawler, **target.arguments, limit="1")
        process.start()
        wiring.conclude()


class Wiring:
    """Hands on to a probe what the spider tells, what Scrapy tells and what became of the items."""

    def __init__(self, crawler: Crawler, probe: Probe) -> None:
        from scrapy import signals

        from crawler.steps import TOLD

        self.crawler = crawler
        self.probe = probe
        self._named = False
        crawler.signals.connect(self.step, signal=TOLD)
        crawler.signals.connect(self.answer, signal=signals.response_received)
        crawler.signals.connect(self.rules, signal=signals.robots_parsed)
        crawler.signals.connect(self.item, signal=signals.item_scraped)
        crawler.signals.connect(self.error, signal=signals.spider_error)
        crawler.signals.connect(self.error, signal=signals.item_error)

    def step(self, step: Any) -> None:  # noqa: ANN401 one of crawler.steps
        from crawler.steps import Asked

        if isinstance(step, Asked) and step.role == "article":
            self._name_entries()
        self.probe.note_step(step)

    def answer(self, response: Response, request: Request) -> None:
        url = str((request.meta.get("redirect_urls") or [request.url])[0])
        header = response.headers.get("Content-Type") or b""
        content_type = header.decode("latin-1").partition(";")[0].strip()
        role = str(request.meta.get("role"))
        self.probe.note_answer(role, url, response.url, response.status, content_type, len(response.body))

    def rules(self, robotparser: Any, request: Request) -> None:  # noqa: ANN401 Scrapy's parser
        agent = str(self.crawler.settings.get("ROBOTSTXT_USER_AGENT"))
        allowed = bool(robotparser.allowed(request.url, agent))
        self.probe.note_rules(request.url, allowed=allowed, delay=robotparser.crawl_delay(agent))

    def item(self, item: object) -> None:
        from crawler.items import Trouble
        from pipelines.records import ListedBodyReading

        if isinstance(item, Trouble):
            self.probe.note_trouble(item)
        elif not isinstance(item, ListedBodyReading):
            self.probe.note_reading(item)

    def error(self, failure: Any) -> None:  # noqa: ANN401 Twisted's failure
        self.probe.fail("report", f"the program failed: {' '.join(str(failure.value).split())[:300]}")

    def conclude(self) -> None:
        """Once the walk has ended: what was found in all."""
        walks = getattr(self.crawler.spider, "walks", [])
        self._name_entries()
        for walk in walks:
            self.probe.conclude(taken=walk.delivered)
        if not walks:
            self.probe.fail("home", "the walk could not start; -L INFO says why")
        elif self.crawler.stats.get_value("finish_reason") != "finished":
            self.probe.fail("report", "the walk was stopped before its end")

    def _name_entries(self) -> None:
        if not self._named:
            self._named = True
            for walk in getattr(self.crawler.spider, "walks", []):
                found = [(one.entry.title, one.entry.url) for one in walk.candidates.values()]
                self.probe.note_found(walk.sections, found)


def _prepare(folder: Path, portals: tuple[Portal, ...]) -> None:
    """A database of the probe's own, as a crawl begins with one."""
    from pipelines import divisions, forms
    from storage.archive import Archive
    from storage.database import open_database
    from storage.reference import write_reference

    Archive(folder / "archive.db").close()
    db = open_database(folder / "probe.db")
    try:
        cells, derived = forms.layout()
        write_reference(db, divisions=divisions.load(), form_cells=cells, derived=derived, portals=portals)
    finally:
        db.close()


def unknown_division(path: Path, portals: Iterable[Portal]) -> str | None:
    """Which entry of a registry names a division that there is none of, by file, entry and key; or None."""
    from pipelines import divisions

    known = {division.code for division in divisions.load()}
    for number, portal in enumerate(portals, start=1):
        if portal.division not in known:
            where = f"{path}: entry {number} ({portal.id})"
            return f"{where}: key 'division': {portal.division} is no division that the table of them has"
    return None


def _registries(arguments: Mapping[str, str]) -> list[tuple[Path, tuple[Portal, ...]]]:
    """The registry that is asked for, or all that are bundled. Raises RegistryError."""
    from crawler import registry

    given = arguments.get("registry")
    paths = [Path(given)] if given else sorted(registry.DIRECTORY.glob("*.toml"))
    found = [(path, registry.load(path)) for path in paths]
    for path, portals in found:
        fault = unknown_division(path, portals)
        if fault is not None:
            raise registry.RegistryError(fault)
    return found


def _by_address(url: str, arguments: Mapping[str, str]) -> Target:
    """The entry that an address belongs to; where none does, one made for it."""
    from crawler import registry
    from crawler.addresses import Scope

    made = registry.single(url)
    for path, portals in _registries(arguments):
        owners = Scope(portals).owners(url)
        if owners:
            return _of_entry(path, portals, owners[0], [f"{url} belongs to {owners[0].id}"])
    told = f"{url} is in no registry; it is walked as the home page of a portal of its own"
    return Target("portal", {"url": url}, made, (made,), [told])


def _by_id(identifier: str, arguments: Mapping[str, str]) -> Target:
    """The entry of an id. Raises SelectionError with the ids that are near."""
    from crawler import registry
    from crawler.selection import SelectionError, of_province

    registries = _registries(arguments)
    for path, portals in registries:
        portal = registry.by_id(portals).get(identifier)
        if portal is not None:
            return _of_entry(path, portals, portal, [])
    with suppress(IndexError):
        path = registries[0][0]
        of_province(path.stem, {"registry": str(path), "portal": identifier})
    raise SelectionError(f"unknown portal {identifier!r}")


def _of_entry(path: Path, portals: tuple[Portal, ...], portal: Portal, told: list[str]) -> Target:
    from crawler import registry

    number = portals.index(portal) + 1
    told = [*told, f"{portal.id}, {portal.name} ({path}, entry {number})", f"  home {portal.home}"]
    given = {
        "sections": ", ".join(portal.sections),
        "platform": portal.platform,
        "hosts": ", ".join(portal.hosts),
        "delay": None if portal.delay is None else f"{portal.delay:g}",
        "http_only": "true" if portal.http_only else None,
        "note": portal.note,
    }
    told += [f"  {key}: {value}" for key, value in given.items() if value]
    bundled = path.parent == registry.DIRECTORY
    arguments = {"registry": str(path), "portal": portal.id}
    return Target(path.stem if bundled else _PROVINCE, arguments, portal, portals, told)


_PROVINCE = "heilongjiang"
"""The spider that walks another registry file: each province's does the same with the file given."""


def concluded(probe: Probe) -> int:
    """Prints the steps with their outcome and, last, the first that failed; returns the exit code."""
    from crawler.probing import STEPS

    failed = probe.first_failure()
    for name in STEPS:
        outcome = probe.outcomes[name]
        state = "failed" if outcome.failure else "worked" if outcome.reached else "not reached"
        say(f"{name:<9} {state}")
    if failed is None:
        say("scrapy probe: every step worked")
        return DONE
    name, outcome = failed
    say(f"scrapy probe: {name} failed: {outcome.failure}; to mend it: {outcome.mend}")
    return FELL_SHORT
