"""The arithmetic within each report, told again from the stored figures of the whole database.

Owns the table `retold_checks`: what comes out otherwise than it is stored in `checks` (the rules are newer
than the reading, or the database is damaged), and what comes out otherwise with the corrections of readers.
`checks` itself is never touched. The rules are the rows of `form_rules`; what they mean is written down
there and with `pipelines.records.FormRule`, and is told here without the code that told it first: both
must agree on everything.

Outcomes are strict (a cell that is no number makes a rule not assessable; a merged row is tried with each
value that it prints, and fails the rule where none satisfies it) and zero-filled (blank and merged cells
count as 0). Not told again are what `form_rules` calls `read`, suspects and attributions.

Every table is read once and in the order of the reports: no statement is made for a report.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache, partial
from itertools import groupby, product
from operator import itemgetter
from typing import Any, NamedTuple

from sqlite_utils import Database

from pipelines.records import Number
from storage.database import file_of, one_line_errors, transaction

MOST_TRIALS = 64
"""More combinations of the values that merged rows print are not assessable."""
PLANS = 2048
"""Ways of filling a table whose evaluation is kept at hand; each takes some 20 kB."""
MERGED_VALUE = "#"
"""Begins the columns under which the values of a merged row stand in `figures_beside`."""

Amount = int | Decimal
Stated = tuple[str, Number | None]
"""What a cell says: its status, and its number."""


class Part(NamedTuple):
    """The cells of a report in one table: what they are, and their numbers in the same order.

    `shape` is `ROW/COLUMN STATUS`, with commas between the cells.
    """

    shape: str = ""
    values: Sequence[Any] = ()

    @property
    def cells(self) -> dict[tuple[str, str], Stated]:
        """The cells by row and column."""
        told = zip(_cells_of(self.shape), self.values, strict=True)
        return {cell: (status, value) for (cell, status), value in told}


Figures = Mapping[str, Part]
"""The cells of a report by table."""


def part(cells: Mapping[tuple[str, str], Stated]) -> Part:
    """The part of a table that has these cells, by row and column."""
    shape = ",".join(f"{row}/{column} {cells[row, column][0]}" for row, column in sorted(cells))
    return Part(shape, [cells[cell][1] for cell in sorted(cells)])


def _cells_of(shape: str) -> Iterator[tuple[tuple[str, str], str]]:
    for text in shape.split(",") if shape else ():
        cell, _, status = text.partition(" ")
        row, _, column = cell.partition("/")
        yield (row, column), status


class Result(NamedTuple):
    """The outcome of a rule on a subject, as the table `checks` has it."""

    rule: str
    subject: str
    outcome: str
    zero_filled: str
    severity: str
    left: Number | None
    right: Number | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of `form_rules` that can be told from figures; `left` and `right` are rows and columns."""

    form: str
    table: str
    rule: str
    subject: str
    relation: str
    severity: str
    told: str
    left: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...]
    exempt: frozenset[str]
    says: str

    def holds(self, left: Amount, right: Amount) -> bool:
        """Whether the two sums satisfy the rule."""
        if self.relation == "=":
            return left == right
        return left <= right if self.relation == "≤" else left <= 0 or right > 0

    def result(
        self,
        outcome: str,
        zero_filled: str,
        left: Amount | float | None = None,
        right: Amount | float | None = None,
    ) -> Result:
        """The rule's outcome, with its sides as plain numbers."""
        return Result(
            self.rule, self.subject, outcome, zero_filled, self.severity, _plain(left), _plain(right)
        )


Getter = Callable[[Sequence[Any]], Sequence[Any]]


class _Sides(NamedTuple):
    """A rule all of whose cells are numbers, with what takes them from the values."""

    rule: Rule
    left: Getter
    right: Getter


class _Unsure(NamedTuple):
    """A rule with a cell that is no number.

    `left` and `right` take the numbers among its cells, None where zero-filled cannot be told either;
    `merged` has for each cell, left ones first, its place among the values, or the values that its merged
    row prints; empty where another status decides.
    """

    rule: Rule
    left: Getter | None
    right: Getter | None
    merged: tuple[int | tuple[Amount, ...], ...]


@dataclass(slots=True)
class _Plan:
    """How the rules are told of a table that is filled in one way."""

    sides: list[_Sides] = field(default_factory=list)
    unsure: list[_Unsure] = field(default_factory=list)
    whole: list[tuple[Rule, Getter]] = field(default_factory=list)


class Rules:
    """The rules of the forms, ready to be told of one report after the other."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.of: dict[tuple[str, str], list[Rule]] = {}
        for rule in rules:
            self.of.setdefault((rule.form, rule.table), []).append(rule)
        self._plan = lru_cache(maxsize=PLANS)(self._made)
        self._forms = lru_cache(maxsize=PLANS)(self._known)

    def __bool__(self) -> bool:
        return bool(self.of)

    def results(self, forms: str, figures: Figures, beside: Figures) -> list[Result]:
        """Every rule of the report's forms (`forms`: JSON, table → form) on its figures.

        `beside` are the numbers that stand in no cell (`figures_beside`).
        """
        found: list[Result] = []
        counted: dict[tuple[str, str], tuple[Rule, list[Number]]] = {}
        for table, form in self._forms(forms):
            own, loose = figures.get(table, Part()), beside.get(table, Part())
            # Merged rows are tried with what they print, so those values belong to the plan.
            plan = self._plan(form, table, own.shape, loose.shape, tuple(loose.values))
            values = (*own.values, *loose.values) if loose.values else own.values
            for rule, left_of, right_of in plan.sides:
                left, right = sum(left_of(values)), sum(right_of(values))
                # Most rules hold with equal sides, and any relation does then.
                if left == right and type(left) is int is type(right):
                    found.append(Result(rule.rule, rule.subject, "pass", "pass", rule.severity, left, right))
                else:
                    found.append(_assessed(rule, left_of(values), right_of(values)))
            found += [_unsure(unsure, values) for unsure in plan.unsure]
            for rule, numbers_of in plan.whole:
                counted.setdefault((rule.rule, rule.subject), (rule, []))[1].extend(numbers_of(values))
        for rule, numbers in counted.values():
            wrong = _uncounted(numbers)
            outcome = "fail" if wrong else "pass" if numbers else "not_assessable"
            found.append(rule.result(outcome, outcome, wrong[0] if wrong else None))
        return found

    def uncounted(self, forms: str, figures: Figures, result: Result) -> list[Number]:
        """The numbers of the report that fail a rule of whole numbers: it names whichever came first."""
        found = []
        for table, form in self._forms(forms):
            own = figures.get(table, Part())
            for rule, numbers_of in self._plan(form, table, own.shape, "", ()).whole:
                if (rule.rule, rule.subject) == result[:2]:
                    found += _uncounted(numbers_of(own.values))
        return found

    def sentence(self, forms: str, result: Result | None) -> str | None:
        """The result in words; None where there is none."""
        if result is None:
            return None
        said = next(
            rule
            for table, form in self._forms(forms)
            for rule in self.of.get((form, table), ())
            if (rule.rule, rule.subject) == result[:2]
        )
        if result.outcome == "not_assessable":
            return f"{said.says}: cannot be told, a cell that it needs is no number"
        verdict = "holds" if result.outcome == "pass" else "fails"
        if said.relation == "whole":
            return f"{said.says}: {verdict}" + ("" if result.left is None else f", one is {result.left}")
        return f"{said.says}: {verdict}, {result.left} {said.relation} {result.right}"

    def _known(self, forms: str) -> tuple[tuple[str, str], ...]:
        return tuple((table, form) for table, form in json.loads(forms).items() if form)

    def _made(self, form: str, table: str, shape: str, loose: str, printed: tuple[Any, ...]) -> _Plan:
        cells = _Cells(shape, loose, printed)
        plan = _Plan()
        for rule in self.of.get((form, table), ()):
            if rule.relation == "whole":
                plan.whole.append((rule, _getter(cells.counted(rule))))
            elif cells.are_told(rule):
                cells.sort_in(rule, plan)
        return plan


class _Cells:
    """The cells of a table that is filled in one way: where their values stand, and their statuses.

    `loose` and `printed` are shape and values of what the table prints in no cell.
    """

    def __init__(self, shape: str, loose: str, printed: Sequence[Any]) -> None:
        own, other = list(_cells_of(shape)), list(_cells_of(loose))
        self.places = {cell: place for place, (cell, _) in enumerate(own)}
        self.beside = {cell: place for place, (cell, _) in enumerate(other, start=len(own))}
        self.statuses = [status for _, status in (*own, *other)]
        self.printed = dict(enumerate(printed, start=len(own)))

    def are_told(self, rule: Rule) -> bool:
        """Whether the report prints what the rule is told of."""
        if rule.told == "always":
            return True
        known = self.beside if rule.told == "beside" else self.places
        return any(cell in known for cell in rule.left)

    def counted(self, rule: Rule) -> list[int]:
        """The places of the numbers of the table, but in its exempt rows and columns."""
        return [
            place
            for cell, place in self.places.items()
            if self.statuses[place] == "number" and rule.exempt.isdisjoint(cell)
        ]

    def sort_in(self, rule: Rule, plan: _Plan) -> None:
        """Puts the rule where its cells let it be told."""
        known = {**self.places, **self.beside} if rule.told == "beside" else self.places
        left, right = ([known.get(cell) for cell in side] for side in (rule.left, rule.right))
        places = [*left, *right]
        statuses = {"missing" if place is None else self.statuses[place] for place in places}
        if statuses == {"number"}:
            plan.sides.append(_Sides(rule, self._numbers(left), self._numbers(right)))
        elif statuses - {"number", "blank", "merged"}:
            plan.unsure.append(_Unsure(rule, None, None, ()))
        else:
            merged = () if "blank" in statuses else self._tried(rule, places)
            plan.unsure.append(_Unsure(rule, self._numbers(left), self._numbers(right), merged))

    def _numbers(self, places: Iterable[int | None]) -> Getter:
        return _getter([place for place in places if place is not None and self.statuses[place] == "number"])

    def _tried(self, rule: Rule, places: Sequence[int | None]) -> tuple[int | tuple[Amount, ...], ...]:
        """For each cell its place, or what its merged row prints; empty where that cannot be tried."""
        tried: list[int | tuple[Amount, ...]] = []
        trials = 1
        for place, (row, _) in zip(places, (*rule.left, *rule.right), strict=True):
            if place is not None and self.statuses[place] == "number":
                tried.append(place)
                continue
            printed = self._row_prints(row)
            if not printed:
                return ()
            trials *= len(printed)
            tried.append(printed)
        return tuple(tried) if trials <= MOST_TRIALS else ()

    def _row_prints(self, row: str) -> tuple[Amount, ...]:
        """The distinct numbers that a merged row prints, in its order; empty where one is no number."""
        own = {
            int(column.removeprefix(MERGED_VALUE)): place
            for (its_row, column), place in self.beside.items()
            if its_row == row and column.startswith(MERGED_VALUE)
        }
        places = [own[number] for number in sorted(own)]
        if any(self.statuses[place] != "number" for place in places):
            return ()
        return tuple(dict.fromkeys(_amount(self.printed[place]) for place in places))


def _getter(places: Sequence[int]) -> Getter:
    """What takes the values at these places, as a sequence whatever their number."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0, 0))


def _amount(value: Number) -> Amount:
    """The number, exact: what is printed with decimals, and not the binary fraction next to it."""
    return value if isinstance(value, int) else Decimal(str(value))


def _sum(values: Sequence[Number]) -> Amount:
    return sum([_amount(value) for value in values])


def _plain(amount: Amount | float | None) -> Number | None:
    if not isinstance(amount, Decimal):
        return amount
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _assessed(rule: Rule, left_values: Sequence[Number], right_values: Sequence[Number]) -> Result:
    left, right = _sum(left_values), _sum(right_values)
    outcome = "pass" if rule.holds(left, right) else "fail"
    return rule.result(outcome, outcome, left, right)


def _unsure(unsure: _Unsure, values: Sequence[Any]) -> Result:
    rule = unsure.rule
    zero_filled = "not_assessable"
    if unsure.left is not None and unsure.right is not None:
        holds = rule.holds(_sum(unsure.left(values)), _sum(unsure.right(values)))
        zero_filled = "pass" if holds else "fail"
    options = [[_amount(values[cell])] if isinstance(cell, int) else cell for cell in unsure.merged]
    count = len(rule.left)
    sums = [(sum(trial[:count]), sum(trial[count:])) for trial in product(*options)] if options else []
    if not sums or any(rule.holds(*trial) for trial in sums):
        return rule.result("not_assessable", zero_filled)
    return rule.result("fail", zero_filled, *sums[0])


def _uncounted(numbers: Iterable[Number]) -> list[Number]:
    return [number for number in numbers if type(number) is not int or number < 0]


# The whole database -------------------------------------------------------------------------------

_RESULT = "rule, subject, outcome, zero_filled, severity, left_value, right_value"
_ARITHMETIC = "rule NOT IN (SELECT rule FROM form_rules WHERE relation = 'read')"


def rules_of(conn: sqlite3.Connection) -> Rules:
    """The rules that can be told from figures, as the database has them."""

    def cells(text: str) -> tuple[tuple[str, str], ...]:
        return tuple((row, column) for row, _, column in (name.partition("/") for name in json.loads(text)))

    return Rules(
        Rule(
            form=row[0],
            table=row[1],
            rule=row[2],
            subject=row[3],
            relation=row[4],
            severity=row[5],
            told=row[6],
            left=cells(row[7]),
            right=cells(row[8]),
            exempt=frozenset(json.loads(row[9])),
            says=row[10],
        )
        for row in conn.execute(
            "SELECT form, table_code, rule, subject, relation, severity, told, left_cells, right_cells,"
            " exempt, says FROM form_rules WHERE relation <> 'read' ORDER BY position"
        )
    )


def refresh(db: Database) -> bool:
    """Tells every rule of every report again and makes `retold_checks` what comes out otherwise.

    Says whether that is other than before. Without rules (a database that no run has opened since it
    knows them) nothing is told. Raises `StorageError`.
    """
    conn = db.conn
    with one_line_errors(file_of(db)):
        rules = rules_of(conn)
        if not rules:
            return False
        conn.execute("CREATE TEMP TABLE told AS SELECT * FROM retold_checks WHERE 0")
        try:
            # One state of the database throughout; what is written meanwhile is temporary.
            conn.execute("BEGIN")
            conn.executemany(f"INSERT INTO told VALUES ({', '.join('?' * 16)})", _differences(conn, rules))
            conn.commit()
            return _replaced(db)
        finally:
            conn.rollback()
            conn.execute("DROP TABLE temp.told")


def _replaced(db: Database) -> bool:
    changed = db.conn.execute(
        "SELECT (SELECT count(*) FROM told) <> (SELECT count(*) FROM retold_checks)"
        " OR EXISTS (SELECT * FROM told EXCEPT SELECT * FROM retold_checks)"
    ).fetchone()[0]
    if changed:
        with transaction(db):
            db.conn.execute("DELETE FROM retold_checks")
            db.conn.execute("INSERT INTO retold_checks SELECT * FROM told")
    return bool(changed)


def _differences(conn: sqlite3.Connection, rules: Rules) -> Iterator[tuple[Any, ...]]:
    """The rows of `retold_checks`."""
    figures_of = _by_report(_figures(conn))
    beside_of = _by_report(_beside(conn))
    checks_of = _by_report(
        conn.execute(
            f"SELECT report, {_RESULT} FROM stored_checks CROSS JOIN check_kinds ON number = kind"
            f" WHERE {_ARITHMETIC} ORDER BY report, position"
        )
    )
    corrections = _corrections(conn)
    for number, report_id, forms in conn.execute(
        "SELECT number, id, forms FROM report_numbers JOIN reports ON id = report_id ORDER BY number"
    ):
        figures: Figures = dict(figures_of(number))
        beside: Figures = dict(beside_of(number))
        told = rules.results(forms, figures, beside)
        stored = checks_of(number)
        if len(stored) != len(told) or set(stored) != set(told):
            for before, after in _pairs([Result(*row) for row in stored], told):
                if not (before and after and _alike(before, after, rules.uncounted(forms, figures, after))):
                    yield _row(report_id, "figures", before, after, rules.sentence(forms, after))
        if report_id in corrections:
            corrected = rules.results(forms, _corrected(figures, corrections[report_id]), beside)
            for before, after in _pairs(told, corrected):
                yield _row(report_id, "corrections", before, after, rules.sentence(forms, after))


def _by_report(rows: Iterable[tuple[Any, ...]]) -> Callable[[int], list[tuple[Any, ...]]]:
    """From rows in the order of their reports, whose numbers come first: what gives the rest of those of one.

    It is to be asked in the same order; rows of no report are passed over.
    """
    groups = groupby(rows, key=itemgetter(0))
    ahead = next(groups, None)

    def of(report: int) -> list[tuple[Any, ...]]:
        nonlocal ahead
        while ahead is not None and ahead[0] < report:
            ahead = next(groups, None)
        if ahead is None or ahead[0] != report:
            return []
        found = [row[1:] for row in ahead[1]]
        ahead = next(groups, None)
        return found

    return of


def _figures(conn: sqlite3.Connection) -> Iterator[tuple[int, str, Part]]:
    """Number of the report, table and the cells in it, report by report.

    Put together by SQLite, as thousands of millions of texts would be made otherwise. JSON does not give
    numbers with decimals exactly, so they come apart.
    """
    tables_of = lru_cache(maxsize=PLANS)(partial(_tables_of, *_codes(conn)))
    decimals_of = _by_report(
        conn.execute(
            "SELECT report, cell, value FROM stored_figures WHERE typeof(value) = 'real'"
            " ORDER BY report, cell"
        )
    )
    for report, cells, values, has_decimals in conn.execute(
        "SELECT report, group_concat(iif(kind > 0, cell, cell || ' ' || kind)),"
        " json_group_array(iif(typeof(value) = 'real', NULL, value)), max(typeof(value) = 'real')"
        " FROM stored_figures GROUP BY report ORDER BY report"
    ):
        every = json.loads(values)
        if has_decimals:
            exact = dict(decimals_of(report))
            numbers = (int(name.partition(" ")[0]) for name in cells.split(","))
            every = [exact.get(cell, value) for cell, value in zip(numbers, every, strict=True)]
        for table, shape, places in tables_of(cells):
            yield report, table, Part(shape, places(every))


def _codes(conn: sqlite3.Connection) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Of numbers of cells, as text, their table and `ROW/COLUMN`; of those of kinds the status."""
    cells = {
        str(number): (table, f"{row}/{column}")
        for number, table, row, column in conn.execute(
            "SELECT number, table_code, row_code, column_code FROM figure_cells"
        )
    }
    return cells, {str(row[0]): row[1] for row in conn.execute("SELECT number, status FROM figure_kinds")}


def _tables_of(
    codes: Mapping[str, tuple[str, str]], statuses: Mapping[str, str], cells: str
) -> list[tuple[str, str, Getter]]:
    """Of a report that has these cells (numbers, with the kind where they are no number): its tables, their
    shape, and what takes their values from those of the report.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    for place, name in enumerate(cells.split(",")):
        cell, _, kind = name.partition(" ")
        table, code = codes[cell]
        status = statuses[kind] if kind else "number"
        found.setdefault(table, []).append((f"{code} {status}", place))
    return [
        (table, ",".join(shape for shape, _ in own), _getter([place for _, place in own]))
        for table, own in found.items()
    ]


def _beside(conn: sqlite3.Connection) -> Iterator[tuple[int, str, Part]]:
    """The same of the figures beside the forms, which are few."""
    rows = conn.execute(
        "SELECT number, table_code, row_code, column_code, status, value FROM figures_beside"
        " JOIN report_numbers USING (report_id) ORDER BY number, table_code, row_code, column_code"
    )
    for (report, table), own in groupby(rows, key=itemgetter(0, 1)):
        cells = [row[2:] for row in own]
        shape = ",".join(f"{row}/{column} {status}" for row, column, status, _ in cells)
        yield report, table, Part(shape, [value for *_, value in cells])


def _corrections(conn: sqlite3.Connection) -> dict[str, dict[str, dict[tuple[str, str], Stated]]]:
    """What readers say, by report, table and cell."""
    found: dict[str, dict[str, dict[tuple[str, str], Stated]]] = {}
    for report_id, table, row, column, status, value in conn.execute(
        "SELECT report_id, table_code, row_code, column_code, status, value FROM overrides_applied"
        " ORDER BY entry"
    ):
        found.setdefault(report_id, {}).setdefault(table, {})[row, column] = (status, value)
    return found


def _corrected(figures: Figures, corrections: Mapping[str, Mapping[tuple[str, str], Stated]]) -> Figures:
    """The figures with the corrections in their place."""
    changed = {
        table: part({**figures.get(table, Part()).cells, **cells}) for table, cells in corrections.items()
    }
    return {**figures, **changed}


def _pairs(
    before: Iterable[Result], after: Iterable[Result]
) -> Iterator[tuple[Result | None, Result | None]]:
    """What one side has and the other has otherwise or not at all, by rule and subject."""
    now = {result[:2]: result for result in after}
    known: dict[tuple[str, str], Result] = {}
    for result in before:
        if result[:2] not in known or result != now.get(result[:2]):
            known[result[:2]] = result
    for key in sorted({*known, *now}):
        if known.get(key) != now.get(key):
            yield known.get(key), now.get(key)


def _alike(before: Result, after: Result, uncounted: Sequence[Number]) -> bool:
    """Whether two failures of a rule of whole numbers differ only in which of the numbers they name."""
    return before.left in uncounted and before._replace(left=after.left) == after


def _row(
    report_id: str, told_from: str, before: Result | None, after: Result | None, sentence: str | None
) -> tuple[Any, ...]:
    known = after or before
    assert known is not None
    difference = "new" if before is None else "gone" if after is None else "changed"
    sides = [[None] * 5 if result is None else map(_storable, result[2:]) for result in (before, after)]
    return (report_id, told_from, *known[:2], difference, *sides[0], *sides[1], sentence)


def _storable(value: str | Number | None) -> str | Number | None:
    """The value as SQLite can hold it: it has no larger whole numbers."""
    return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def outdated(db: Database) -> list[str]:
    """The reports with checks that are stored otherwise than the stored figures give them."""
    with one_line_errors(file_of(db)):
        return [
            row[0]
            for row in db.conn.execute(
                "SELECT DISTINCT report_id FROM retold_checks WHERE told_from = 'figures' ORDER BY report_id"
            )
        ]


def remarks(db: Database) -> list[str]:
    """What the user should know of `checks_outdated` and `checks_corrected`, a line each; none where there
    is nothing.
    """
    lines = []
    for view, words in _WORDS.items():
        with one_line_errors(file_of(db)):
            rows = db.conn.execute(
                f"SELECT rule, count(*) FROM {view} GROUP BY rule ORDER BY rule"
            ).fetchall()
            reports = db.conn.execute(f"SELECT count(DISTINCT report_id) FROM {view}").fetchone()[0]
        if rows:
            counted = _counted(sum(number for _, number in rows), "check")
            named = ", ".join(f"{rule} {number}" for rule, number in rows)
            lines.append(words.format(checks=counted, reports=_counted(reports, "report"), rules=named))
    return lines


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


_WORDS = {
    "checks_outdated": "LOOK AT checks_outdated: {checks} of {reports} ({rules}) stored otherwise than the"
    " stored figures give by the rules of today; scrapy reextract makes them anew",
    "checks_corrected": "corrections of readers change the outcome of {checks} of {reports} ({rules});"
    " see checks_corrected",
}
