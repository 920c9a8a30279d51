"""Which body a line of a portal's own list of departments and places means.

Owns what surrounds a name in such a list and is no part of it, and the doubt that stands against a
name. Placing names is `pipelines.agencies`', as for the names of reports: so a body that is listed
and one that published are the same where, and only where, their names say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import ListedBody
from pipelines.agencies import data, plain, resolved
from pipelines.dates import day_in_china
from pipelines.records import Agency, ListedBodyReading, Problem

_DOUBTS = ("agency_abbreviated", "ambiguous_division", "division_unknown")
"""Problems of a name that make it unsafe, the most telling first."""

_BEFORE = re.compile(
    r"^(?:[·•●○■□▪►▶>》\-—*]+|[(（\[【]\d{1,3}[)）\]】]|\d{1,3}(?:[、.．]|(?=[\u4e00-\u9fff])))+"
)
_AFTER = re.compile(
    r"(?:[>》»…·\-—:：]+|[(（\[【][^()（）\[\]【】]{0,12}[)）\]】]"
    r"|(?:政府)?(?:信息|政务)公开(?:工作)?(?:平台|专栏|专区|专页|网|主页|首页|目录|指南|年报|年度报告)?"
    r"|(?:门户)?网站|官网|主页)$"
)
_BRACKETS = str.maketrans("", "", "[]【】〔〕")
_GROUP = re.compile(
    r"(?:省|市|县|区|州|盟|旗|中央|中省|各级|各|本级|直属|驻|直|属|其他|及|和|与)*"
    r"(?:(?:人民)?政府(?:各|工作|组成|直属|派出|及|其)*(?:部门|机构|单位|机关)|委办局|委办厅局|部门|工作部门|组成部门|单位|机构|"
    r"机关|企事业单位|事业单位|派出机构|国有企业|企业|公司|医院|学校|街道办事处|街道办|街道|乡镇办|开发区|园区|管委会|"
    r"中心|社区|镇|乡|村|县|区|市|旗|局|委|办|厅|室|处|院|站|所|街)+"
)
"""Headings of a list's groups: words for kinds of bodies, and no name."""


def reading(listed: ListedBody) -> ListedBodyReading:
    """The body that a listed name means, as of the day on which it was listed."""
    name = bare_name(listed.name)
    if len(name) < 2 or _is_group(name):
        return ListedBodyReading(listed=listed, agency=None, doubt="no_name")
    year = int(day_in_china(listed.fetch.fetched_at)[:4])
    problems: list[Problem] = []
    agency = resolved(name, listed.portal, year, problems)
    codes = {problem.code for problem in problems}
    doubt = next((code for code in _DOUBTS if code in codes), min(codes, default=None))
    if doubt is None and (agency is None or agency.agency_type == "other"):
        doubt = "kind_unknown"
    candidates: tuple[str, ...] = ()
    if doubt == "agency_abbreviated" and agency is not None and agency.division_code is not None:
        candidates = tuple(dict.fromkeys(one.id for one in _written_out(name, listed, year)))
    return ListedBodyReading(listed=listed, agency=agency, doubt=doubt, candidates=candidates)


def _is_group(name: str) -> bool:
    """Whether a line of a list heads a group of bodies, or is no name at all."""
    if _GROUP.fullmatch(re.sub(r"[()（）/、,，]", "", name)):
        return True
    return any(re.search(pattern, name) for pattern in data()["titles"]["no_name"])


def bare_name(printed: str) -> str:
    """A name of a list without what is no part of it: marks, numbers, counts, the name of its page."""
    name = _BEFORE.sub("", plain(printed))
    if name[:1] in "[【〔":
        name = name.translate(_BRACKETS)
    while (shorter := _AFTER.sub("", name)) != name and shorter:
        name = shorter
    return name


def _written_out(name: str, listed: ListedBody, year: int) -> Iterator[Agency]:
    """The bodies that a short name may stand for."""
    for short, full_names in data()["unclear_short_names"].items():
        if name.endswith(short):
            for full in full_names:
                found = resolved(name.removesuffix(short) + full, listed.portal, year, [])
                if found is not None and found.division_code is not None:
                    yield found
