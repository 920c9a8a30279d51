"""Prepares the page of one report: its tables as the form draws them, and all that is known of it.

Owns no mark-up and no words: labels come in both languages, everything else as codes.
What is said against a cell (a rule that fails, a problem, a correction by readers) is a numbered remark;
cells name the numbers of their remarks, and remarks their cells. A cell that the form has and the
report does not is shown as missing, a blank cell as blank: neither is a nought.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from datasette.utils import tilde_encode

from storage.crosschecks import rules as rules_across_years
from storage.site.language import words
from storage.site.statutory import Key, drawn_tables
from storage.summaries import ENOUGH, SIGNED

Row = Mapping[str, Any]

Query: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[list[dict[str, Any]]]]
"""Runs SQL with named parameters and gives the rows as mappings."""

MOST_NEIGHBOURS = 60

_NAMED_CELL = re.compile(r"\b([a-z][a-z0-9_]+)/([a-z][a-z0-9_]+)\b")


async def report_page(query: Query, report_id: str) -> dict[str, Any] | None:
    """All that the template of a report's page shows, None for an unknown report.

    `tables` are those of `statutory.drawn_tables`; `remarks` are numbered from 1; `sections` have their
    text in `pieces`, with the claims that a piece holds; the rest are rows of the tables of that name.
    """
    parameters: dict[str, Any] = {"id": report_id}
    found = await query("SELECT * FROM reports WHERE id = :id", parameters)
    if not found:
        return None
    report = found[0]
    forms: dict[str, str | None] = json.loads(report["forms"])
    figures = {
        (row["table_code"], row["row_code"], row["column_code"]): row
        for row in await query("SELECT * FROM figures WHERE report_id = :id", parameters)
    }
    used = {"tables": json.dumps(sorted({*forms, *(key[0] for key in figures)}))}
    cells = await query(
        "SELECT * FROM form_cells WHERE table_code IN (SELECT value FROM json_each(:tables))"
        " ORDER BY position",
        used,
    )
    totals = await query("SELECT * FROM derived_totals WHERE axis = 'row' ORDER BY position", {})
    checks = await query("SELECT * FROM checks WHERE report_id = :id ORDER BY position", parameters)
    problems = await query("SELECT * FROM problems WHERE report_id = :id ORDER BY stage, id", parameters)
    corrections = await corrections_of(query, report_id)
    across = await _across(query, report_id)
    labels = Labels(cells, totals)
    remarks = [
        *_of_checks(checks, await _compared(query, forms, checks), forms, labels),
        *_of_problems(problems, labels),
        *(_of_cross_check(row, labels) for row in across),
        *(_of_correction(row, labels) for row in corrections.values()),
    ]
    for number, remark in enumerate(remarks, 1):
        remark["n"] = number
    claims = await query("SELECT * FROM claims WHERE report_id = :id ORDER BY position", parameters)
    sections = await query("SELECT * FROM sections WHERE report_id = :id ORDER BY position", parameters)
    tables = drawn_tables(
        figures, cells, totals, forms, _Shown(report_id, figures, remarks, corrections).cell
    )
    read = [figure for figure in figures.values() if figure["status"] in ("number", "blank")]
    drawn = [cell for table in tables for row in table["body"] for cell in row]
    return {
        "report": report,
        "tables": tables,
        "numbers": sum(figure["status"] == "number" for figure in figures.values()),
        "missing": sum(cell.get("status") == "missing" for cell in drawn),
        "statuses": sorted({figure["status"] for figure in figures.values()} - {"number"}),
        "unverified": _how_many(read),
        "remarks": remarks,
        "same_figures": await _same_figures(query, report),
        "across": _counted_across(remarks, report_id),
        "failed": sum(r["kind"] == "check" and r["severity"] == "hard" for r in remarks),
        "doubtful": sum(r["kind"] == "check" and r["severity"] == "soft" for r in remarks),
        "passed": sum(check["outcome"] == "pass" for check in checks),
        "not_assessable": sum(check["outcome"] == "not_assessable" for check in checks),
        "retold": await query(
            "SELECT * FROM retold_checks WHERE report_id = :id AND told_from = 'corrections'"
            " AND outcome_before IS NOT outcome ORDER BY rule, subject",
            parameters,
        ),
        "sections": _with_claims(sections, claims, labels),
        "claims": [{**claim, **labels.about(claim["about"])} for claim in claims],
        "sources": await query(
            "SELECT report_sources.*, portals.name AS portal, fetches.fetched_at FROM report_sources"
            " JOIN portals ON portals.id = report_sources.portal_id"
            " JOIN fetches ON fetches.id = report_sources.fetch_id"
            " WHERE report_id = :id ORDER BY is_primary DESC, source_url, document_url",
            parameters,
        ),
        "division": await _division(query, report),
        "document": await _document(query, report),
        "attachments": json.loads(report["attachments"]),
        "versions": await _versions(query, report_id, labels),
        "other_years": await _other_years(query, report),
        "neighbours": await _neighbours(query, report),
    }


# What is said against cells ----------------------------------------------------------------------


class Labels:
    """Labels of cells, rows and columns in both languages."""

    def __init__(self, cells: Iterable[Row], totals: Iterable[Row] = ()) -> None:
        self.cells: dict[Key, Row] = {}
        self.rows: dict[str, Row] = {}
        self.columns: dict[str, Row] = {}
        for cell in cells:
            self.cells[cell["table_code"], cell["row_code"], cell["column_code"]] = cell
            self.rows.setdefault(cell["row_code"], cell)
            self.columns.setdefault(cell["column_code"], cell)
        self.totals = {total["code"]: total for total in totals}

    def cell(self, key: Sequence[str]) -> dict[str, Any]:
        """`cell` (its key) and `label`, `label_en`: row and column."""
        known = self.cells.get((key[0], key[1], key[2])) if len(key) == 3 else None
        if known is not None:
            row, column = (
                (known["row_label"], known["row_label_en"]),
                (
                    known["column_label"],
                    known["column_label_en"],
                ),
            )
        else:
            row, column = self._row(key[1]), self._column(key[-1])
        return {
            "cell": list(key),
            "label": f"{row[0]} · {column[0]}",
            "label_en": f"{row[1]} · {column[1]}",
        }

    def _row(self, code: str) -> tuple[str, str]:
        if code in self.rows:
            return self.rows[code]["row_label"], self.rows[code]["row_label_en"]
        total = self.totals.get(code)
        return (total["label"], total["label_en"]) if total else (code, code)

    def _column(self, code: str) -> tuple[str, str]:
        known = self.columns.get(code)
        return (known["column_label"], known["column_label_en"]) if known else (code, code)

    def subject(self, subject: str) -> dict[str, str]:
        """`label` and `label_en` of what a rule speaks of: a row, a column, a cell; else empty."""
        parts = subject.split("/")
        if len(parts) == 3:
            named = self.cell(parts)
            return {"label": named["label"], "label_en": named["label_en"]}
        label, english = "", ""
        if parts[0] in self.rows or parts[0] in self.totals:
            label, english = self._row(parts[0])
        elif parts[0] in self.columns:
            label, english = self._column(parts[0])
        return {"label": label, "label_en": english}

    def about(self, about: str) -> dict[str, str]:
        """The same of what a claim is about."""
        return self.subject(about)


def _remark(kind: str, cells: Iterable[Sequence[str]], labels: Labels, **said: object) -> dict[str, Any]:
    keys = list(dict.fromkeys(tuple(cell) for cell in cells))
    return {"kind": kind, "cells": [labels.cell(key) for key in keys], **said}


async def failing_rules(query: Query, report: Row, labels: Labels) -> list[dict[str, Any]]:
    """The remarks of the rules within a report that fail, hard ones first."""
    forms = json.loads(report["forms"])
    checks = await query(
        "SELECT * FROM checks WHERE report_id = :id AND outcome = 'fail' ORDER BY position",
        {"id": report["id"]},
    )
    return _of_checks(checks, await _compared(query, forms, checks), forms, labels)


async def _compared(
    query: Query, forms: Mapping[str, str | None], checks: Sequence[Row]
) -> dict[tuple[str, str], list[list[str]]]:
    """The cells that the failed rules compare, by rule and subject."""
    if all(check["outcome"] != "fail" for check in checks):
        return {}
    rows = await query(
        "SELECT table_code, rule, subject, left_cells, right_cells FROM form_rules"
        " JOIN json_each(:forms) AS used"
        " ON form_rules.table_code = used.key AND form_rules.form = used.value",
        {"forms": json.dumps(forms)},
    )
    return {
        (row["rule"], row["subject"]): [
            [row["table_code"], *cell.split("/")]
            for cell in (*json.loads(row["left_cells"]), *json.loads(row["right_cells"]))
        ]
        for row in rows
    }


def _of_checks(
    checks: Iterable[Row],
    compared: Mapping[tuple[str, str], Sequence[Sequence[str]]],
    forms: Mapping[str, str | None],
    labels: Labels,
) -> list[dict[str, Any]]:
    """The rules that fail, hard ones first, each with its cells."""
    failed = [check for check in checks if check["outcome"] == "fail"]
    failed.sort(key=lambda check: (check["severity"] != "hard", check["position"]))
    found = []
    for check in failed:
        suspect = json.loads(check["suspect"]) if check["suspect"] else None
        cells: Sequence[Sequence[str]] = compared.get((check["rule"], check["subject"]), ())
        cells = cells or _cells_named(check, forms, labels) or ([suspect] if suspect else [])
        found.append(
            _remark(
                "check",
                cells,
                labels,
                rule=check["rule"],
                subject=check["subject"],
                about=labels.subject(check["subject"]),
                severity=check["severity"],
                attribution=check["attribution"],
                zero_filled=check["zero_filled"],
                left=check["left_value"],
                right=check["right_value"],
                fails=said_of_failure(check),
                **_detail(check),
                says=check["detail"],
                suspect=labels.cell(suspect) if suspect else None,
            )
        )
    return found


_APART = {("C1", "parts"), ("Y3", "versions"), ("Y3", "copies")}
"""Rules that say something else of a subject of theirs."""
_WITHOUT_SIDES = frozenset({"A5", "C1_parts", "D4"})


def said_of_failure(result: Row) -> dict[str, Any]:
    """What a rule that fails says, as a `code` of the words `report.fails` and the `values` in them."""
    rule, subject = result["rule"], result["subject"]
    left, right = result["left_value"], result["right_value"]
    code = f"{rule}_{subject}" if (rule, subject) in _APART else rule
    if not words().knows(f"report.fails.{code}") or (left is None and code not in _WITHOUT_SIDES):
        return {"code": "other", "values": {}}
    if rule in ("D1", "D2", "D3"):
        left, right = _day(left), _day(right)
    values = {"left": left, "right": right}
    if rule == "Y2":
        chapter = subject.partition("/")[0].removeprefix("chapter_")
        values |= {"chapter": chapter, "share": round(100 * left)}
    return {"code": code, "values": values}


def _day(number: int | None) -> str:
    """A day that the rules on dates compare as the number YYYYMMDD."""
    digits = str(number)
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


_TRIED = ", whichever of the values that a merged row prints is taken"
_NOT = {"=": "≠", "≤": ">"}


def _detail(check: Row) -> dict[str, Any]:
    """What the sentence of a failed check says behind the rule itself: two sides and the sign between them
    (`sides`), whether that is so for every value of a merged row (`tried`), what text (left) and table
    (right) say with the sentence (`told`, `quote`), or other words (`detail`).
    """
    sentence = check["detail"]
    said = sentence.partition(": fails, ")[2] or sentence.partition(": ")[2] or sentence
    if check["rule"] in ("T1", "T3") and check["left_value"] is not None:
        quoted = re.search("“.*”", said, re.DOTALL)
        return {"told": True, "quote": quoted.group() if quoted else "", "detail": said}
    for sign in ("=", "≤", "→"):
        sides = f"{check['left_value']} {sign} {check['right_value']}"
        if said.removesuffix(_TRIED) == sides:
            shown = [check["left_value"], _NOT.get(sign, sign), check["right_value"]]
            return {"sides": shown, "tried": said.endswith(_TRIED), "detail": ""}
    return {"sides": None, "tried": False, "detail": said}


def _cells_named(check: Row, forms: Mapping[str, str | None], labels: Labels) -> list[list[str]]:
    """The cells that the sentence of a check names (`row/column`), or that its subject is a row of."""
    found = []
    for row, column in _NAMED_CELL.findall(check["detail"]):
        found += [[table, row, column] for table in forms if (table, row, column) in labels.cells]
    if not found and check["rule"] == "P3":
        found = [
            list(key)
            for key, cell in labels.cells.items()
            if key[1] == check["subject"] and forms.get(key[0]) in json.loads(cell["forms"])
        ]
    return found


def _of_problems(problems: Iterable[Row], labels: Labels) -> list[dict[str, Any]]:
    """Problems of the report, each once: two addresses of one report have the same."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for problem in problems:
        key = (problem["code"], problem["cells"], problem["detail"])
        if key not in found:
            where = json.loads(problem["where_found"]) if problem["where_found"] else None
            found[key] = _remark(
                "problem",
                json.loads(problem["cells"]),
                labels,
                code=problem["code"],
                detail=problem["detail"],
                where=where,
                id=problem["id"],
            )
    return list(found.values())


async def _across(query: Query, report_id: str) -> list[dict[str, Any]]:
    """Rules between this report and others that fail: its own, and those of the later report."""
    return await query(
        "SELECT cross_checks.*, other.agency AS other_agency, other.year AS other_year FROM cross_checks"
        " LEFT JOIN reports AS other ON other.id = other_report_id"
        " WHERE cross_checks.report_id = :id AND outcome = 'fail'"
        " UNION ALL"
        " SELECT cross_checks.*, later.agency, later.year FROM reports AS own"
        " JOIN reports AS later ON later.agency_id = own.agency_id AND later.year > own.year"
        " JOIN cross_checks ON cross_checks.report_id = later.id AND cross_checks.other_report_id = own.id"
        " WHERE own.id = :id AND outcome = 'fail' AND rule NOT GLOB 'L*'"
        " ORDER BY rule, subject",
        {"id": report_id},
    )


def _counted_across(remarks: Sequence[Row], report_id: str) -> dict[str, int]:
    """`own`: places where the report disagrees with others, as `failed_across` of `agency_years` counts them;
    `later`: those where a later report disagrees with this one; `wording`: where chapters are alike (Y2).
    """
    counts = Counter(
        "wording" if one["rule"] == "Y2" else "own" if one["owner"] == report_id else "later"
        for one in remarks
        if one["kind"] == "across"
    )
    return {name: counts[name] for name in ("own", "later", "wording")}


_IN_ONE_HOUSE = ("government", "government_office")


async def _same_figures(query: Query, report: Row) -> list[dict[str, Any]]:
    """Reports with the same figures: all of other bodies in that year, of which `same_figures` names the
    first, and of the body itself in other years. Bodies with next to nothing to report are in neither.
    """
    # One look through all is quicker than the index that SQLite would make for it: the signs keep it away.
    alike = " AND ".join(f"+twin.{name} IS own.{name}" for name in SIGNED)
    rows = await query(
        f"WITH own AS (SELECT * FROM measures WHERE report_id = :id AND {ENOUGH})"
        " SELECT other.id, other.agency, other.agency_id, other.year, other.division_code, other.agency_type"
        " FROM own CROSS JOIN measures AS twin CROSS JOIN reports AS other ON other.id = twin.report_id"
        f" WHERE {alike} AND (other.year = :year OR other.agency_id = :agency) AND other.id <> :id"
        " ORDER BY other.agency_id <> :agency, other.year, other.agency, other.id",
        {"id": report["id"], "year": report["year"], "agency": report["agency_id"]},
    )
    return [
        {"id": row["id"], "agency": row["agency"], "year": row["year"], "own": own}
        for row in rows
        if (own := row["agency_id"] == report["agency_id"])
        or not (
            row["division_code"] == report["division_code"]
            and {row["agency_type"], report["agency_type"]} <= set(_IN_ONE_HOUSE)
        )
    ]


def _of_cross_check(row: Row, labels: Labels) -> dict[str, Any]:
    own = row["report_id"]
    other = row["other_report_id"]
    parts = row["subject"].split("/")
    cells: list[Sequence[str]] = [parts] if len(parts) == 3 else []
    for rule in rules_across_years().years:
        if (rule.rule, rule.subject) == (row["rule"], row["subject"]):
            cells += [term.cell for term in (*rule.left, *rule.right) if not term.before]
    return _remark(
        "across",
        cells,
        labels,
        rule=row["rule"],
        subject=row["subject"],
        about=labels.subject(row["subject"]),
        severity=row["severity"],
        left=row["left_value"],
        right=row["right_value"],
        fails=said_of_failure(row),
        detail=row["detail"],
        owner=own,
        other={"id": other, "agency": row["other_agency"], "year": row["other_year"]} if other else None,
    )


async def corrections_of(query: Query, report_id: str) -> dict[Key, dict[str, Any]]:
    """What readers say against figures of the report, by cell."""
    if not await query("SELECT 1 FROM overrides LIMIT 1", {}):
        return {}
    rows = await query(
        "SELECT * FROM figures_corrected WHERE report_id = :id AND is_override = 1", {"id": report_id}
    )
    return {(row["table_code"], row["row_code"], row["column_code"]): row for row in rows}


def _of_correction(row: Row, labels: Labels) -> dict[str, Any]:
    return _remark(
        "correction",
        [(row["table_code"], row["row_code"], row["column_code"])],
        labels,
        value=row["value"],
        status=row["status"],
        extracted=row["extracted_value"],
        extracted_status=row["extracted_status"],
        said_by=row["said_by"],
        said_on=row["said_on"],
        link=row["link"],
        detail=row["reason"] or "",
    )


def _how_many(read: Sequence[Row]) -> str:
    """Of how many figures there is one reading only: `none`, `some` or `all`."""
    single = sum(not figure["verified"] for figure in read)
    return "none" if not single else "all" if single == len(read) else "some"


class _Shown:
    """What a statutory cell shows, and which remarks are about it."""

    def __init__(
        self,
        report_id: str,
        figures: Mapping[Key, Row],
        remarks: Iterable[Mapping[str, Any]],
        corrections: Mapping[Key, Row],
    ) -> None:
        self.places = f"-/place/{tilde_encode(report_id)}/"
        self.figures = figures
        self.corrections = corrections
        self.notes: dict[Key, list[int]] = {}
        self.suspects: set[Key] = set()
        for remark in remarks:
            if remark.get("suspect"):
                self.suspects.add(tuple(remark["suspect"]["cell"]))
            own = remark["kind"] != "across" or remark["owner"] == report_id
            for cell in remark["cells"] if own else ():
                self.notes.setdefault(tuple(cell["cell"]), []).append(remark["n"])

    def cell(self, key: Key) -> dict[str, Any]:
        """A figure to draw; `status` is `missing` where the report has none."""
        figure = self.figures.get(key)
        correction = self.corrections.get(key)
        shown: dict[str, Any] = {
            "kind": "figure",
            "place": self.places + "/".join(quote(code, safe="") for code in key),
            "table": key[0],
            "row": key[1],
            "column": key[2],
            "colspan": 1,
            "rowspan": 1,
            "notes": self.notes.get(key, []),
            "suspect": key in self.suspects,
            "correction": None
            if correction is None
            else {"value": correction["value"], "status": correction["status"]},
        }
        if figure is None:
            absent = {"text": "", "note": None, "read_as": None, "verified": True, "plain": False}
            return {**shown, "status": "missing", **absent}
        printed = (figure["printed"] or "").strip()
        other = read_as(figure, printed)
        said = correction or other or shown["notes"] or shown["suspect"]
        return {
            **shown,
            "status": figure["status"],
            "text": printed,
            "note": figure["note"],
            "read_as": other,
            "plain": figure["status"] == "number" and not said,
            "verified": bool(figure["verified"]) or figure["status"] not in ("number", "blank"),
            "values": _merged_values(figure),
        }


def read_as(figure: Row, printed: str) -> dict[str, Any] | None:
    """The number that was made of what is printed, where it does not look the same."""
    if figure["status"] != "number":
        return None
    try:
        same = float(printed.replace(",", "")) == figure["value"]
    except ValueError:
        same = False
    if same:
        return None
    return {"value": figure["value"], "unit": figure["unit"]}


def _merged_values(figure: Row) -> list[str]:
    """The values that a merged row prints, or none."""
    if figure["status"] != "merged" or not figure["note"]:
        return []
    try:
        values = json.loads(figure["note"])
    except ValueError:
        return [figure["note"]]
    return [str(value) for value in values] if isinstance(values, list) else [str(values)]


# Chapters ---------------------------------------------------------------------------------------


def _with_claims(sections: Sequence[Row], claims: Sequence[Row], labels: Labels) -> list[dict[str, Any]]:
    """The chapters, their text cut where sentences stand that claim a figure: `text` and `claims` each.

    White space within a sentence may differ between the two.
    """
    by_sentence: dict[str, list[dict[str, Any]]] = {}
    for claim in claims:
        named = {"about": claim["about"], "value": claim["value"], **labels.about(claim["about"])}
        by_sentence.setdefault(claim["sentence"], []).append(named)
    cut = [(section, _pieces(section["text"], by_sentence)) for section in sections]
    return [
        {**section, "pieces": pieces, "has_claims": any(piece["claims"] for piece in pieces)}
        for section, pieces in cut
    ]


def _pieces(text: str, by_sentence: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    held = []
    letters, places = _without_space(text)
    for sentence, claims in by_sentence.items():
        wanted, _ = _without_space(sentence)
        at = letters.find(wanted) if wanted else -1
        if at >= 0:
            held.append((places[at], places[at + len(wanted) - 1] + 1, claims))
    pieces: list[dict[str, Any]] = []
    done = 0
    for begin, end, claims in sorted(held, key=lambda place: place[:2]):
        if begin < done:
            if pieces and end <= done:
                pieces[-1]["claims"] += claims
            continue
        pieces.append({"text": text[done:begin], "claims": []})
        pieces.append({"text": text[begin:end], "claims": list(claims)})
        done = end
    pieces.append({"text": text[done:], "claims": []})
    return [piece for piece in pieces if piece["text"]]


def _without_space(text: str) -> tuple[str, list[int]]:
    """The text without white space, and where each of its characters stands."""
    places = [index for index, char in enumerate(text) if not char.isspace()]
    return "".join(text[index] for index in places), places


# Where it comes from ------------------------------------------------------------------------------


async def _document(query: Query, report: Row) -> dict[str, Any]:
    """`media_type` and `bytes` of the document, and the request that brought it."""
    rows = await query(
        "SELECT fetches.content_type, fetches.status, fetches.last_modified, documents.media_type,"
        " documents.bytes FROM fetches LEFT JOIN documents ON documents.sha256 = :sha256"
        " WHERE fetches.id = :fetch",
        {"sha256": report["sha256"], "fetch": report["fetch_id"]},
    )
    return rows[0] if rows else {}


async def _division(query: Query, report: Row) -> dict[str, Any] | None:
    """The division of the report, under its name of the report year where that is known."""
    rows = await query(
        "SELECT code, name FROM divisions WHERE code = :code ORDER BY"
        " ifnull(valid_from, 0) <= :year AND ifnull(valid_to, 9999) >= :year DESC, valid_from DESC LIMIT 1",
        {"code": report["division_code"], "year": report["year"]},
    )
    return rows[0] if rows else None


async def _versions(query: Query, report_id: str, labels: Labels) -> list[dict[str, Any]]:
    """Every version with what it changed, the latest first; cells by their labels."""
    rows = await query(
        "SELECT * FROM report_versions WHERE report_id = :id ORDER BY version DESC", {"id": report_id}
    )
    return [
        {
            **row,
            "parts": json.loads(row["parts"]),
            "changes": [{**change, **labels.cell(change["cell"])} for change in json.loads(row["changes"])],
        }
        for row in rows
    ]


async def _other_years(query: Query, report: Row) -> list[dict[str, Any]]:
    return await query(
        "SELECT id, year, checks_failed, id = :id AS is_this FROM reports WHERE agency_id = :agency"
        " ORDER BY year, id",
        {"id": report["id"], "agency": report["agency_id"]},
    )


async def _neighbours(query: Query, report: Row) -> list[dict[str, Any]]:
    """Other bodies of the division in the same year."""
    if report["division_code"] is None:
        return []
    return await query(
        "SELECT id, agency, checks_failed FROM reports WHERE division_code = :division AND year = :year"
        " AND agency_id <> :agency ORDER BY agency LIMIT :most",
        {
            "division": report["division_code"],
            "year": report["year"],
            "agency": report["agency_id"],
            "most": MOST_NEIGHBOURS,
        },
    )
