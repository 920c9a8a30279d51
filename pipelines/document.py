"""The JSON object of `scrapy extract` (contract.md): records as users' scripts read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines.records import Check, DocumentReading, Figure, Problem, Report


def as_json(file: str, reading: DocumentReading, extractor_version: str) -> dict[str, Any]:
    """One object per document; `report` is None where it holds none, with the reason in `problems`."""
    return {
        "file": file,
        "member": reading.member,
        "media_type": reading.media_type,
        "sha256": reading.sha256,
        "extractor_version": extractor_version,
        "report": _report(reading.report) if reading.report else None,
        "problems": list(_problems(reading.problems)),
    }


def _report(report: Report) -> dict[str, Any]:
    agency = report.agency
    return {
        "title": report.title,
        "agency": agency.name if agency else None,
        "agency_as_printed": agency.printed if agency else None,
        "agency_type": agency.agency_type if agency else None,
        "level": agency.level if agency else None,
        "division_code": agency.division_code if agency else None,
        "family": report.family,
        "scope": report.scope,
        "year": report.year,
        "published_on": report.published_on,
        "forms": dict(report.forms),
        "sections": [{"number": s.number, "heading": s.heading, "text": s.text} for s in report.sections],
        "figures": [_figure(figure) for figure in report.figures],
        "checks": [_check(check) for check in report.checks],
        "claims": [{"about": c.about, "value": c.value, "sentence": c.sentence} for c in report.claims],
        "attachments": [{"url": link.url, "label": link.label} for link in report.attachments],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "table": figure.cell.table,
        "row": figure.cell.row,
        "column": figure.cell.column,
        "printed": figure.printed,
        "value": figure.value,
        "unit": figure.unit,
        "status": figure.status,
        "note": figure.note,
        "locator": dict(figure.locator),
        "method": figure.method,
        "verified": figure.verified,
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "rule": check.rule,
        "subject": check.subject,
        "outcome": check.outcome,
        "zero_filled": check.zero_filled,
        "severity": check.severity,
        "left": check.left,
        "right": check.right,
        "suspect": list(check.suspect) if check.suspect else None,
        "detail": check.detail,
    }


def _problems(problems: Iterable[Problem]) -> Iterable[dict[str, Any]]:
    for problem in problems:
        yield {
            "code": problem.code,
            "where": dict(problem.where) if problem.where else None,
            "cells": [list(cell) for cell in problem.cells],
            "detail": problem.detail,
        }
