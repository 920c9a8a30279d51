"""Bodies by their printed names: one id each, placed by name and portal, unplaced where neither decides."""

from __future__ import annotations

import pytest

from crawler.items import Portal
from pipelines import divisions
from pipelines.agencies import data, renamings, resolved
from pipelines.records import Agency


def portal(division: str) -> Portal:
    return Portal(id=f"p{division}", name="x", division=division, home="http://x/")


def body(name: str, division: str | None = None, year: int | None = 2021) -> tuple[Agency, list[str]]:
    problems = []
    found = resolved(name, portal(division) if division else None, year, problems)
    assert found is not None
    return found, [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("printed", "at", "name", "code"),
    [
        # The portal's own area decides between divisions of one name.
        ("西安区", "231000", "牡丹江市西安区人民政府", "231005"),
        ("西安区", "220400", "辽源市西安区人民政府", "220403"),
        ("西安区", "230100", "牡丹江市西安区人民政府", "231005"),
        ("向阳区", "230800", "佳木斯市向阳区人民政府", "230803"),
        ("朝阳区财政局", "110000", "北京市朝阳区财政局", "110105"),
        # Names that only look alike.
        ("甘南县财政局", None, "甘南县财政局", "230225"),
        ("甘南州财政局", None, "甘南藏族自治州财政局", "623000"),
        ("西安市财政局", "231000", "西安市财政局", "610100"),
        ("朝阳市财政局", None, "朝阳市财政局", "211300"),
        ("伊春市财政局", None, "伊春市财政局", "230700"),
        ("宜春市财政局", None, "宜春市财政局", "360900"),
        ("吉林市财政局", None, "吉林市财政局", "220200"),
        ("吉林省财政厅", None, "吉林省财政厅", "220000"),
        # The full path in the name.
        ("陕西省西安市雁塔区财政局", "231000", "西安市雁塔区财政局", "610113"),
        ("河北省青县财政局", "231000", "青县财政局", "130922"),
        ("黑龙江省牡丹江市爱民区人民政府", None, "牡丹江市爱民区人民政府", "231004"),
        # What stands after the city's name is no 市.
        ("牡丹江市场监管局", "231000", "牡丹江市市场监督管理局", "231000"),
        ("市场监管局", "231000", "牡丹江市市场监督管理局", "231000"),
        ("市容环境卫生管理局", "231000", "牡丹江市市容环境卫生管理局", "231000"),
        ("市政公用事业管理局", "231000", "牡丹江市市政公用事业管理局", "231000"),
        ("牡丹江市政管理局", None, "牡丹江市市政管理局", "231000"),
        ("牡丹江市政务服务局", None, "牡丹江市政务服务局", "231000"),
        ("市政务服务局", "231000", "牡丹江市政务服务局", "231000"),
        ("市民政局", "231000", "牡丹江市民政局", "231000"),
        ("市政府办公室", "231000", "牡丹江市人民政府办公室", "231000"),
        ("中山公园管理处", "231000", "牡丹江市中山公园管理处", "231000"),
        # A county-level city's bureau is not the prefecture's.
        ("市财政局", "230184", "五常市财政局", "230184"),
        ("市财政局", "230100", "哈尔滨市财政局", "230100"),
        ("东宁财政局", "231086", "东宁市财政局", "231086"),
        # Zones are named after the city without 市.
        ("经开区管委会", "231000", "牡丹江经济技术开发区管理委员会", "231000"),
        ("牡丹江市经济技术开发区管委会", None, "牡丹江经济技术开发区管理委员会", "231000"),
        ("税务局", "231000", "国家税务总局牡丹江市税务局", "231000"),
        ("自治区财政厅", "150100", "内蒙古自治区财政厅", "150000"),
        ("民意乡", "230184", "五常市民意乡人民政府", "230184"),
    ],
)
def test_a_name_is_placed(printed, at, name, code):
    found, problems = body(printed, at)
    assert (found.name, found.division_code, problems) == (name, code, [])


@pytest.mark.parametrize(
    ("printed", "at"),
    [
        ("向阳区", None),
        ("朝阳区", "231000"),
        ("西安区", "410100"),
        # Of another province than the portal's: more likely a part of the town.
        ("新城区管委会", "231000"),
        ("青县财政局", "231000"),
        # A town of a city that has many.
        ("兴隆镇人民政府", "231000"),
        ("朝阳街道办事处", "231000"),
        # No district of that city, or any of them.
        ("区财政局", "231000"),
        ("爱民财政局", "231000"),
        ("东宁财政局", "231000"),
    ],
)
def test_where_neither_name_nor_portal_decides_nothing_is_guessed(printed, at):
    found, problems = body(printed, at)
    assert (found.division_code, problems) == (None, ["ambiguous_division"])
    assert found.id.startswith("unplaced-")
    assert found.parent is None


@pytest.mark.parametrize(
    ("printed", "at"),
    # 中山 is a city, a district and half the parks of the country.
    [("某某县财政局", "231000"), ("财政局", None), ("财政局", "000000"), ("中山公园管理处", None)],
)
def test_a_place_that_no_table_has_is_told(printed, at):
    found, problems = body(printed, at)
    assert (found.name, found.division_code, problems) == (printed, None, ["division_unknown"])


def test_a_short_name_of_several_bodies_is_kept_as_printed():
    found, problems = body("市文旅局", "231000")
    assert (found.name, problems) == ("牡丹江市文旅局", ["agency_abbreviated"])
    assert body("市工信局", "231000")[1] == []


def test_one_body_has_one_id_from_every_portal_and_name():
    ids = {
        body("市工信局", "231000")[0].id,
        body("牡丹江市工业和信息化局")[0].id,
        body("黑龙江省牡丹江市工信局", "230000")[0].id,
        body("市工信局", "231004")[0].id,
    }
    assert len(ids) == 1
    assert body("市工信局", "231086")[0].id not in ids


@pytest.mark.parametrize(
    ("earlier", "then", "later", "now"),
    [
        ("东宁县财政局", 2013, "东宁市财政局", 2020),
        ("双城市人民政府", 2013, "哈尔滨市双城区人民政府", 2020),
        ("襄樊市财政局", 2008, "襄阳市财政局", 2012),
        ("五常市营商环境建设监督局", 2019, "五常市营商环境局", 2023),
    ],
)
def test_a_renamed_body_keeps_its_id_where_data_says_so(earlier, then, later, now):
    before, after = body(earlier, None, then)[0], body(later, None, now)[0]
    assert before.id == after.id
    assert (before.name, before.known_as) == (earlier, later)
    assert (after.name, after.known_as) == (later, later)


def test_other_renamings_are_relations_of_two_bodies():
    assert body("哈尔滨市环境保护局", None, 2017)[0].id != body("哈尔滨市生态环境局", None, 2020)[0].id
    pairs = {(renaming.before, renaming.after): renaming for renaming in renamings()}
    assert pairs["环境保护局", "生态环境局"].kind == "renamed"
    assert pairs["国土资源厅", "自然资源厅"].kind == "merged_into"
    assert pairs["人民防空办公室", "国防动员办公室"].since == 2023
    # The names are what `resolved` makes of them, or no agency would ever bear them; short ones are borne
    # behind the name of a part of the area.
    for name in {name for renaming in renamings() for name in (renaming.before, renaming.after)}:
        if name.startswith("国家税务总局"):
            assert body("国家税务总局哈尔滨市税务局")[0].body == name
        elif name not in data()["short_names"]:
            assert body(f"哈尔滨市{name}", None, 2017)[0].body == name
        assert body(f"哈尔滨市松北区样例{name}")[0].body == f"样例{name}"


@pytest.mark.parametrize(
    ("printed", "parents"),
    [
        ("牡丹江市财政局", ["牡丹江市人民政府", "黑龙江省人民政府"]),
        ("牡丹江市爱民区人民政府", ["牡丹江市人民政府", "黑龙江省人民政府"]),
        ("五常市民意乡", ["五常市人民政府", "哈尔滨市人民政府", "黑龙江省人民政府"]),
        ("加格达奇区人民政府", ["大兴安岭地区行政公署", "黑龙江省人民政府"]),
        ("镜管委", ["牡丹江市人民政府", "黑龙江省人民政府"]),
        ("黑龙江省人民政府", []),
        ("国家税务总局牡丹江市税务局", []),
        ("牡丹江师范学院", []),
    ],
)
def test_the_government_over_a_body(printed, parents):
    found, line = body(printed)[0].parent, []
    while found:
        line.append(found.name)
        assert found.id == body(found.name)[0].id
        found = found.parent
    assert line == parents


def test_short_names_carry_their_place():
    assert body("牡丹江市工业和信息化局")[0].short_names == ("牡丹江市工信局", "牡丹江市工业信息化局")
    assert body("牡丹江市爱民区人民政府")[0].short_names == ("牡丹江市爱民区政府",)
    assert body("镜泊湖管委会")[0].short_names[0] == "镜管委"


def test_no_alias_or_short_name_stands_for_two_bodies_of_a_division():
    found = data()
    assert not set(found["short_names"]) & set(found["unclear_short_names"])
    printed = [(alias["division"], name) for alias in found["aliases"] for name in alias["printed"]]
    assert len(printed) == len(set(printed))


def test_a_national_body_itself_has_no_place():
    found, problems = body("国家税务总局")
    assert (found.level, found.division_code, problems) == ("central", None, [])


def test_every_division_is_found_by_its_path_and_from_the_portal_above_it():
    rows = [row for row in divisions.load() if row.code[:2] not in ("71", "81", "82", "83")]
    for row in rows[::7]:
        year = row.valid_to or row.valid_from or 2021
        line = divisions.lineage(row.code, year)
        path = "".join(above.name for above in reversed(line[1:])) + row.name
        for name in (path, f"{path}人民政府", f"{path}财政局"):
            found, problems = body(name, None, year)
            assert (found.division_code, problems) == (row.code, []), name
        if line[1:]:
            assert body(f"{row.name}财政局", line[1].code, year)[0].division_code == row.code
        for name in ("财政局", "文化和旅游局", "高新技术产业开发区管理委员会"):
            assert body(name, row.code, year)[0].division_code == row.code
