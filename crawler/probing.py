"""What a trial of one portal found, step by step, and which step fails first.

Owns the names and the order of the steps, what is said at each, and what mends a failure. It hears
what the spider tells and what became of the items; it asks for nothing itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from crawler.addresses import canonical
from crawler.items import Portal, Trouble
from crawler.steps import Asked, ListRead, MenuRead, Step

STEPS = ("registry", "robots", "home", "platform", "section", "lists", "entries", "report", "files")
"""In the order in which one needs the one before it."""

_OF_ROLE = {
    "robots": "robots",
    "home": "home",
    "hub": "section",
    "list": "lists",
    "article": "report",
    "attachment": "files",
}
_FILE = Path(__file__).with_name("probing.toml")
_NO_MEND = "nothing in the registry mends this; the page can be kept for a report with scrapy savepage"


@cache
def words() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The step of each code that belongs to one, and what mends each, by probing.toml."""
    given = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    of_code = {code: step for step, codes in given["steps"].items() for code in codes}
    return of_code, given["mends"]


@dataclass
class Outcome:
    """What is known of one step: lines for the reader, and the first thing that failed."""

    lines: list[str] = field(default_factory=list)
    failure: str | None = None
    mend: str | None = None
    reached: bool = False


class Probe:
    """Listens to a trial of a portal; `say` is handed each line as soon as it is known."""

    def __init__(self, portal: Portal, say: Callable[[str], None]) -> None:
        self.portal = portal
        self.say = say
        self.outcomes = {name: Outcome() for name in STEPS}
        self._roles: dict[str, str] = {}
        self._guesses: set[str] = set()
        self._platforms: set[str] = set()
        self._told: str | None = None
        self._entries = 0
        self._rules_fail = False

    def begin(self, told: Sequence[str]) -> None:
        """Says what the registry holds, and which steps it makes needless."""
        for line in told:
            self.tell("registry", line)
        if self.portal.disabled:
            self.fail("registry", f"the entry is disabled: {self.portal.note}", "portal_disabled")
        elif self.portal.sections:
            self.tell("home", "not asked for: the entry gives the section")
            for section in self.portal.sections:
                self.tell("section", f"given in the entry: {section}")

    def tell(self, step: str, line: str) -> None:
        """A line of a step; the name of the step stands where it is not the last line's."""
        outcome = self.outcomes[step]
        outcome.reached = True
        outcome.lines.append(line)
        self.say(f"{step if step != self._told else '':<9} {line}")
        self._told = step

    def fail(self, step: str, reason: str, code: str = "") -> None:
        """Notes that a step did not work; only its first reason is kept to be named at the end."""
        self.tell(step, f"FAILED: {reason}")
        outcome = self.outcomes[step]
        if outcome.failure is None:
            outcome.failure, outcome.mend = reason, words()[1].get(code, _NO_MEND)

    def first_failure(self) -> tuple[str, Outcome] | None:
        """The first step that did not work, in the order of the steps, or None."""
        return next(((name, self.outcomes[name]) for name in STEPS if self.outcomes[name].failure), None)

    # What the spider tells

    def note_step(self, step: Step) -> None:
        """Takes what the spider tells of its walk."""
        if isinstance(step, Asked):
            self._roles[canonical(step.url)] = step.role
            if step.quiet:
                self._guesses.add(canonical(step.url))
            if step.role == "attachment":
                self.tell("files", f"{step.link_text or 'a file'}: {step.url}")
        elif isinstance(step, MenuRead):
            self._note_menu(step)
        else:
            self._note_list(step)

    def _note_menu(self, step: MenuRead) -> None:
        self._note_platform(step.platform, step.mark, step.url)
        way = f"{' > '.join(step.path)} " if step.path else ""
        where = "home page" if step.role == "home" else f"{way}{step.url}"
        self.tell("section", f"{where}: {step.links} links")
        for label, url in step.sections[:5]:
            self.tell("section", f"  named as the section: {_line(label)} {url}")
        if not step.sections:
            for label, url in step.hubs[:5]:
                self.tell("section", f"  may lead to it: {_line(label)} {url}")
            if not step.hubs:
                self.tell("section", "  no word of its menu leads on")

    def _note_list(self, step: ListRead) -> None:
        self._note_platform(step.platform, step.mark, step.url)
        way = f"{' > '.join(step.path)}: " if step.path else ""
        rest = step.entries - step.reports - step.others
        counted = [f"{step.entries} entries, {step.reports} titled as reports"]
        counted += [f"{step.others} told to be others"] if step.others else []
        counted += [f"{rest} with other titles"] if rest else []
        length = [f"{step.pages} pages"] if step.pages else []
        length += [f"{step.total} entries in all"] if step.total else []
        self.tell("lists", f"{way}page {step.number} of {step.url}: {', '.join(counted)}")
        if step.number == 1:
            says = f"it says {' and '.join(length)}; " if length else ""
            self.tell("lists", f"  {says}further pages by {step.paging}" if step.paging != "none" else
                      f"  {says}no further page is named")  # fmt: skip
        if step.columns:
            self.tell("lists", f"  {step.columns} columns below it; a probe opens the first few")
        self._entries += step.entries

    def _note_platform(self, platform: str, mark: str | None, url: str) -> None:
        if platform not in self._platforms:
            self._platforms.add(platform)
            told = (
                f"by the mark {mark!r}"
                if mark
                else "no mark of a known platform"
                if platform == "generic"
                else ""
            )
            self.tell("platform", f"{platform}{f', {told}' if told else ''} ({url})")

    # What Scrapy tells

    def note_answer(
        self, role: str, url: str, final_url: str, status: int, content_type: str, size: int
    ) -> None:
        """Takes an answer that came; menus and lists are told by what was read in them."""
        came = f"{status}, {content_type or 'no type'}, {size:,} bytes"
        if canonical(final_url) != canonical(url):
            came += f", sent on to {final_url}"
        if role in ("robots", "home", "article", "attachment"):
            self.tell(_OF_ROLE[role], f"{url}: {came}")
        self._rules_fail |= role == "robots" and status >= 500

    def note_rules(self, url: str, *, allowed: bool, delay: float | None) -> None:
        """Takes what a host's robots.txt says of the address that is asked for first."""
        if self._rules_fail:
            return
        wish = f"; it wishes {delay:g} seconds between requests" if delay else ""
        self.tell("robots", f"  {'allows' if allowed else 'does not allow'} {url}{wish}")

    # What became of it

    def note_trouble(self, trouble: Trouble) -> None:
        """Takes a problem: it ends the step that it belongs to unless it was only a guess."""
        url = trouble.url or ""
        role = self._roles.get(canonical(url), "") if url else ""
        of_code = words()[0]
        step = of_code.get(trouble.code) or _OF_ROLE.get(role, "entries")
        reason = f"{trouble.code}: {_line(trouble.detail)}" + (f" ({url})" if url else "")
        known = trouble.code in ("empty_column", "no_reports_listed") and not trouble.hides_reports
        if known or (canonical(url) in self._guesses and trouble.code not in of_code):
            self.tell(step, f"note: {reason}")
        else:
            self.fail(step, reason, trouble.code)

    def note_reading(self, reading: Any) -> None:  # noqa: ANN401 a record of another room
        """Takes what a publication was read to hold (`pipelines.records.PublicationReading`)."""
        reports = [document for document in reading.documents if document.report is not None]
        for document in reading.documents:
            for line in _of_document(document):
                self.tell("report", line)
        if not reports:
            codes = {problem.code: problem.detail for part in reading.documents for problem in part.problems}
            told = "; ".join(f"{code}: {detail}" for code, detail in list(codes.items())[:3])
            reason = f"no report could be read from it: {told or 'nothing was said'}"
            if self.outcomes["files"].failure:
                # It may be in the file that did not come: that is what has to be mended.
                self.tell("report", reason)
            else:
                self.fail("report", reason)

    def note_found(self, sections: Mapping[str, int], candidates: Sequence[tuple[str, str]]) -> None:
        """Takes the sections with the entries that count in each, and the entries (title, address)."""
        for section, count in sections.items():
            self.tell("section", f"found: {section} ({count} entries count as reports)")
        if candidates:
            self.tell("entries", f"{len(candidates)} to be opened; the first:")
        for title, url in candidates[:5]:
            self.tell("entries", f"  {_line(title)} {url}")

    def conclude(self, *, taken: int) -> None:
        """Says what was not reached. A step without a word is one that needs an earlier one."""
        if self.first_failure() is not None:
            return
        if not self._entries and not taken:
            self.fail("lists", "no list was read", "section_not_found")
        elif not taken:
            self.fail("report", "no report was opened")
        elif not self.outcomes["files"].reached:
            self.tell("files", "none: the report is in its page")


def _of_document(document: Any) -> Iterator[str]:  # noqa: ANN401 a record of another room
    """Lines on one document that was read."""
    name = document.member or document.document_url or ""
    report = document.report
    problems: dict[str, int] = {}
    for problem in document.problems:
        problems[problem.code] = problems.get(problem.code, 0) + 1
    told = ", ".join(f"{code} {count}" for code, count in sorted(problems.items())) or "none"
    if report is None:
        yield f"{document.media_type} {name}: no report in it; problems: {told}"
        return
    agency = report.agency.name if report.agency else "agency unknown"
    yield f"{document.media_type} {name}: {agency}, {report.year or 'year unknown'}"
    forms = [f"{table} ({form})" for table, form in report.forms.items() if form]
    outcomes = [check.outcome for check in report.checks]
    yield (
        f"  tables: {', '.join(forms) or 'none'}; {len(report.figures)} figures;"
        f" {len(report.sections)} chapters; checks: {outcomes.count('pass')} pass,"
        f" {outcomes.count('fail')} fail; problems: {told}"
    )


def _line(text: str) -> str:
    """A text of a page in one line, without what would move a terminal's cursor."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return re.sub(r"\s+", " ", plain).strip()[:200]
