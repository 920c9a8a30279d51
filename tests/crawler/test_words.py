"""Titles and menu words, years in titles, the -a arguments, addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler import selection, titles
from crawler.addresses import Scope, absolute, canonical, private_literal, slot_of
from crawler.items import Portal
from crawler.registry import RegistryError, bundled, load, single

REPORTS = [
    "牡丹江市人民政府研究室2021年政府信息公开工作年度报告",
    "2021年政府信息公开工作年度报告（PDF版）",
    "二〇二一年政府信息公开年度报告",
    "２０２０ 年政府信息公开年报",
    "黑龙江省统计局2021年政府信息公开年度报告",
    "市档案局（市国家档案目录中心）2021年政府信息公开年度报告",
    "政府信息公开2013年年度报告",
    "2008年政府信息公开工作报告",
    "省教育厅政府信息公开2012年度工作报告",
    "关于2021年政府信息公开工作情况的报告",
    "市制度建设办公室2020年依申请公开和政府信息公开年度报告",
    # Notices that do nothing but publish it.
    "关于公布2021年政府信息公开年度报告的公告",
    "甘南县财政局关于报送2021年政府信息公开工作年度报告的函",
    "甘南县审计局2021年政府信息公开工作年度报告公示",
]
OTHERS = [
    "关于做好2021年政府信息公开工作年度报告编制工作的通知",
    "关于印发2021年政府信息公开年度报告的通知",
    "市教育局召开政府信息公开年报编制推进会",
    "政府信息公开指南（2021年版）",
    "2010年政府信息公开工作总结",
    "政府信息公开申请情况统计表",
    "2021年政府信息公开工作年度报告解读",
    "一图读懂2021年政府信息公开年度报告",
    "政府信息公开制度",
    "政府信息公开目录",
    "政府信息公开申请表.doc",
]


@pytest.mark.parametrize("title", REPORTS)
def test_reports(title: str) -> None:
    assert titles.is_report(title)
    assert not titles.is_other(title)


@pytest.mark.parametrize("title", OTHERS)
def test_others(title: str) -> None:
    assert titles.is_other(title)
    assert not titles.is_report(title)


@pytest.mark.parametrize("title", ["2020年法治政府建设年度报告", "市教育局召开会议", "牡丹江市概况"])
def test_neither_report_nor_excluded(title: str) -> None:
    assert not titles.is_report(title)


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("2021年政府信息公开工作年度报告", 2021),
        ("2021 年 度政府信息公开工作年度报告", 2021),
        ("２０２１年政府信息公开年报", 2021),
        ("二〇二一年政府信息公开年报", 2021),
        ("二○一九年度政府信息公开年报", 2019),
        ("2021政府信息公开年报", 2021),
        ("政府信息公开2013年年度报告", 2013),
        ("2021年政府信息公开工作年度报告（2022年1月20日）", 2021),
        ("2019-2020年政府信息公开年度报告", None),
        ("2019年和2020年政府信息公开年度报告", None),
        ("政府信息公开工作年度报告", None),
        ("第2021号公告", None),
    ],
)
def test_title_year(title: str, year: int | None) -> None:
    assert titles.title_year(title) == year


def test_menu_words_in_order_of_preference() -> None:
    order = ["政府信息公开年报", "公开年报", "市政府信息公开年报", "年度报告"]
    ranks = [titles.section_rank(label) for label in order]
    assert ranks == sorted(rank for rank in ranks if rank is not None)
    assert titles.section_rank("2023年政府信息公开年报") == 12
    for label in ("政府信息公开指南", "企业年报", "统计年鉴", "政务公开", ""):
        assert titles.section_rank(label) is None
    assert titles.hub_rank("政府信息公开") == 0
    assert titles.hub_rank("政 务 公 开") == 1
    assert titles.hub_rank("通知公告") is None


@pytest.mark.parametrize(
    "label", ["市本级", "县（市）区", "市直部门", "乡镇（街道）", "省直部门", "各县区", "市政府部门", "县区"]
)
def test_levels(label: str) -> None:
    assert titles.is_level(label)


@pytest.mark.parametrize("label", ["要闻", "县区动态", "部门动态", "2021年"])
def test_no_levels(label: str) -> None:
    assert not titles.is_level(label)


# Arguments


def registry_file(folder: Path, *lines: str) -> Path:
    path = folder / "r.toml"
    entry = [
        "[[portal]]",
        'id = "mudanjiang"',
        'name = "牡丹江市"',
        'division = "231000"',
        'home = "http://a.gov.cn/"',
    ]
    other = [
        "[[portal]]",
        'id = "jixi"',
        'name = "鸡西市"',
        'division = "230300"',
        'home = "http://b.gov.cn/"',
    ]
    path.write_text("\n".join([*other, *entry, *lines]), encoding="utf-8")
    return path


def test_selection_by_portal_and_division(tmp_path: Path) -> None:
    path = str(registry_file(tmp_path))
    chosen = selection.of_province(
        "heilongjiang", {"registry": path, "division": "2310", "years": "2019-2021", "limit": "3"}
    )
    assert [portal.id for portal in chosen.portals] == ["mudanjiang"]
    assert len(chosen.registry) == 2
    assert chosen.years == frozenset({2019, 2020, 2021})
    assert chosen.limit == 3
    both = selection.of_province("heilongjiang", {"registry": path, "portal": "mudanjiang, jixi"})
    assert [portal.id for portal in both.portals] == ["jixi", "mudanjiang"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"portal": "mudanjian"}, "near: mudanjiang"),
        ({"portal": ","}, "names no portal"),
        ({"years": "2022-2019"}, "years=2022-2019"),
        ({"years": "abc"}, "years=abc"),
        ({"years": "19-20"}, "years=19-20"),
        ({"limit": "0"}, "limit=0"),
        ({"limit": "-1"}, "limit=-1"),
        ({"limit": "x"}, "limit=x"),
        ({"division": "99"}, "no portal"),
        ({"division": "x"}, "division=x"),
        ({"year": "2021"}, "unknown argument -a year"),
        ({"url": "http://a.gov.cn/"}, "unknown argument -a url"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: dict[str, str], words: str) -> None:
    with pytest.raises(selection.SelectionError, match=words) as raised:
        selection.of_province("heilongjiang", {"registry": str(registry_file(tmp_path)), **arguments})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "arguments", [{}, {"url": "www.example.gov.cn"}, {"url": "ftp://a.gov.cn/"}, {"url": "http://"}]
)
def test_wrong_addresses_of_the_portal_spider(arguments: dict[str, str]) -> None:
    with pytest.raises((selection.SelectionError, RegistryError)):
        selection.of_address(arguments)


def test_a_registry_of_one_address() -> None:
    portal = single("https://www.example.gov.cn/zwgk/")
    assert (portal.id, portal.name, portal.division) == ("example-gov-cn", "www.example.gov.cn", "000000")


# The registry


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('indx = "x"', "unknown key 'indx'"),
        ('platform = "wordpress"', "key 'platform'"),
        ('since = "2008"', "key 'since'"),
        ("since = true", "key 'since'"),
        ('sections = "http://a.gov.cn/"', "key 'sections'"),
        ('sections = ["a/b"]', "key 'sections'"),
        ('hosts = ["http://b.gov.cn/"]\nnote = "x"', "key 'hosts'"),
        ('hosts = ["b.gov.cn"]', "key 'note' is missing"),
        ("delay = 3", "key 'note' is missing"),
        ("delay = 0", "key 'note' is missing"),
        ("delay = -1\nnote = 'x'", "key 'delay'"),
        ("http_only = true", "key 'note' is missing"),
        ("disabled = true", "key 'note' is missing"),
        ('disabled = "yes"\nnote = "x"', "key 'disabled'"),
        ('agency = ""', "key 'agency'"),
        (
            '[[portal]]\nid = "jixi"\nname = "x"\ndivision = "230300"\nhome = "http://c.gov.cn/"',
            "already used",
        ),
        (
            '[[portal]]\nid = "x"\nname = "x"\ndivision = "230300"\nhome = "https://www.b.gov.cn"',
            "entry 3 (x): key 'home': already that of jixi",
        ),
        ('[[portal]]\nid = "X Y"\nname = "x"\ndivision = "230300"\nhome = "http://c.gov.cn/"', "key 'id'"),
        ('[[portal]]\nid = "x"\nname = "x"\ndivision = "2303"\nhome = "http://c.gov.cn/"', "key 'division'"),
        ('[[portal]]\nid = "x"\nname = "x"\ndivision = "230300"\nhome = "c.gov.cn"', "key 'home'"),
        ('[[portal]]\nid = "x"\nname = "x"\ndivision = "230300"', "key 'home' is missing"),
        ('[[portals]]\nid = "x"', "unknown key 'portals'"),
        ("no toml", "no valid TOML"),
    ],
)
def test_faults_name_file_entry_and_key(tmp_path: Path, line: str, words: str) -> None:
    path = registry_file(tmp_path, line)
    with pytest.raises(RegistryError) as raised:
        load(path)
    assert words in str(raised.value)
    assert str(path) in str(raised.value)


def test_entries_with_sections_may_share_a_home(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    entries = [
        f'[[portal]]\nid = "{name}"\nname = "{name}"\ndivision = "230300"\nhome = "http://a.gov.cn/"\n'
        f'sections = ["http://a.gov.cn/{name}/"]\n'
        for name in ("one", "two")
    ]
    path.write_text("".join(entries))
    assert [portal.id for portal in load(path)] == ["one", "two"]


def test_a_registry_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="cannot be read"):
        load(tmp_path / "none.toml")
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    with pytest.raises(RegistryError, match="holds no"):
        load(empty)


def test_the_bundled_registry() -> None:
    portals = load(bundled("heilongjiang"))
    assert {portal.division for portal in portals} >= {f"23{number:02}00" for number in range(13)} | {
        "232700"
    }
    scope = Scope(portals)
    for portal in portals:
        assert scope.admits(portal.home)
        for address in (portal.home, *portal.sections, *(f"http://{host}/" for host in portal.hosts)):
            assert address.split("/")[2].endswith(".gov.cn")


# Addresses


def test_one_page_under_several_addresses() -> None:
    same = [
        "http://www.a.gov.cn/x/1.html",
        "https://a.gov.cn/x/1.html#top",
        "http://a.gov.cn:80/x//1.html",
        "http://A.gov.cn/x/1.html;jsessionid=0F",
    ]
    assert len({canonical(url) for url in same}) == 1
    assert canonical("http://a.gov.cn:8080/") != canonical("http://a.gov.cn/")
    assert canonical("http://a.gov.cn/?id=1") != canonical("http://a.gov.cn/?id=2")


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("../a.html#x", "http://a.gov.cn/a.html"),
        (" /b.html\n", "http://a.gov.cn/b.html"),
        ("\\c\\d.html", "http://a.gov.cn/c/d.html"),
        ("//b.gov.cn/x", "http://b.gov.cn/x"),
        ("javascript:void(0)", None),
        ("mailto:a@b.cn", None),
        ("#", None),
        ("http://[x/", None),
        ("报告.pdf", "http://a.gov.cn/x/%E6%8A%A5%E5%91%8A.pdf"),
    ],
)
def test_absolute(reference: str, url: str | None) -> None:
    assert absolute("http://a.gov.cn/x/y.html", reference) == url


def test_scope_of_hosts_and_ports() -> None:
    scope = Scope(
        [
            Portal(id="a", name="a", division="230000", home="https://www.a.gov.cn/", hosts=("f.gov.cn:81",)),
            Portal(id="b", name="b", division="230000", home="http://127.0.0.1:8080/"),
        ]
    )
    admitted = [
        "http://a.gov.cn/",
        "https://www.a.gov.cn:8443/x",
        "http://f.gov.cn:81/",
        "http://127.0.0.1:8080/",
    ]
    assert all(scope.admits(url) for url in admitted)
    refused = [
        "http://127.0.0.1:8081/",
        "http://f.gov.cn/",
        "http://xa.gov.cn/",
        "http://b.a.gov.cn/",
        "ftp://a.gov.cn/",
    ]
    assert not any(scope.admits(url) for url in refused)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
             "::1", "[::1]",
             "fe80::1", "::ffff:127.0.0.1", "224.0.0.1"],
)  # fmt: skip
def test_private(host: str) -> None:
    assert private_literal(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "www.hlj.gov.cn", "2001:4860:4860::8888"])
def test_not_private(host: str) -> None:
    assert not private_literal(host)


def test_slots() -> None:
    assert slot_of("https://www.a.gov.cn/x") == slot_of("http://a.gov.cn:80/") == "a.gov.cn"
    assert slot_of("http://127.0.0.1:8080/") == "127.0.0.1:8080"
