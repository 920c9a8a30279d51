"""Datasette hooks of the questions: thin, over `storage.site.questions`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response
from datasette.views.table import TableView

from storage.site import DATABASE
from storage.site.frame import answered, language_of, reader
from storage.site.labels import Labels
from storage.site.questions import (
    ALL_ROWS,
    Question,
    asked,
    query_title,
    questions,
    questions_page,
    refuse_unknown,
)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """The page of all questions, and each of them: a canned query of Datasette, of which data is asked."""
    names = "|".join(map(re.escape, questions().queries))
    return [
        (r"/-/questions(\.(?P<format>\w+))?$", _questions),
        (rf"/(?P<database>{DATABASE})/(?P<table>{names})(\.(?P<format>\w+))?$", _question),
    ]


async def _questions(datasette: Datasette, request: Request) -> Response:
    page = questions_page(language_of(request))
    rows = [{"group": group["key"], **each} for group in page["groups"] for each in group["queries"]]
    return await answered(datasette, request, "questions.html", page, rows)


async def _question(datasette: Datasette, request: Request) -> Response:
    form = request.url_vars["format"] or request.args.get("_format") or "html"
    if form != "html":
        question = questions().queries[request.url_vars["table"]]
        await refuse_unknown(reader(datasette), question, _given(question, request), language_of(request))
    return await TableView(datasette).dispatch_request(request)


def _given(question: Question, request: Request) -> dict[str, str]:
    """The parameters of a question as they are asked for."""
    return {name: (request.args.get(name) or "").strip() for name in question.parameters}


@hookimpl
def extra_template_vars(
    request: Request | None, database: str | None, datasette: Datasette
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """`query_title` on every page; on that of a question `asked`, which prepares its page from the rows."""

    async def variables() -> dict[str, Any]:
        lang = language_of(request)
        titles = {"query_title": partial(query_title, lang), "question_groups": questions().groups}
        named = request.url_vars.get("table") if request is not None and database == DATABASE else None
        question = questions().queries.get(named or "")
        if request is None or question is None:
            return titles
        labels = Labels(lang, datasette.form_labels)
        all_rows = request.args.get(ALL_ROWS) == "all"
        return {
            **titles,
            "asked": await asked(
                reader(datasette), question, _given(question, request), lang, labels, all_rows
            ),
        }

    return variables
