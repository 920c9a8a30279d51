"""The chapters of a report, told from places that only name them."""

from pipelines.content import Content, Grid, Paragraph
from pipelines.sections import sections

TITLES = [
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
]
PROSE = "全年公开信息若干条，办理申请若干件，工作有序推进，公众查询便利。"


def split(*lines: str | Grid) -> list[tuple[int, str, str]]:
    blocks = tuple(line if isinstance(line, Grid) else Paragraph(line) for line in lines)
    return [(s.number, s.heading, s.text) for s in sections(Content(blocks, "text/plain"))]


def numbers(*lines: str | Grid) -> list[int]:
    return [number for number, _, _ in split(*lines)]


def regular() -> list[str]:
    return [line for title in TITLES for line in (title, PROSE)]


def test_preamble_and_six_chapters():
    found = split("某局2021年政府信息公开工作年度报告", *regular())
    assert [number for number, _, _ in found] == [0, 1, 2, 3, 4, 5, 6]
    assert found[3] == (3, TITLES[2], PROSE)


def test_an_introduction_that_lists_the_titles_in_one_sentence():
    intro = "本报告包括总体情况、主动公开政府信息情况、收到和处理政府信息公开申请情况等六个部分。"
    assert split(intro, *regular())[0] == (0, "", intro)


def test_a_list_of_titles_line_by_line_before_the_text():
    found = split("目录", *TITLES, *regular())
    assert [number for number, _, _ in found] == [0, 1, 2, 3, 4, 5, 6]
    assert all(text == PROSE for number, _, text in found if number)


def test_a_heading_that_lost_its_ordinal():
    lines = regular()
    lines[2] = "主动公开政府信息情况"
    lines.insert(2, "（三）主动公开政府信息情况")
    found = split(*lines)
    assert found[1][:2] == (2, "主动公开政府信息情况")
    assert "（三）主动公开政府信息情况" in found[0][2]


def test_a_wrong_ordinal_gives_way_to_the_title():
    lines = regular()
    lines[8] = "四、存在的主要问题及改进情况"
    assert numbers(*lines) == [1, 2, 3, 4, 5, 6]


def test_a_missing_chapter_is_missing():
    lines = regular()
    del lines[8:10]
    assert numbers(*lines) == [1, 2, 3, 4, 6]


def test_a_misprinted_and_an_older_title():
    lines = regular()
    lines[6] = "四、政府信息公开行政法复议、行政诉讼情况"
    lines[8] = "五、政府信息公开工作存在的主要问题及改进情况"
    assert numbers(*lines) == [1, 2, 3, 4, 5, 6]


def test_text_behind_the_title_in_the_same_paragraph():
    lines = regular()
    lines[0:2] = [f"一、总体情况。{PROSE}"]
    assert split(*lines)[0] == (1, "一、总体情况", PROSE)


def test_statutory_chapters_under_a_second_numbering():
    table = Grid((), {})
    lines: list[str | Grid] = ["一、概述", PROSE, "二、主动公开", PROSE, "三、依申请公开", PROSE]
    lines += ["一、总体情况", PROSE, TITLES[1], table, TITLES[2], table, TITLES[3], table, TITLES[5], "无"]
    found = split(*lines)
    assert [number for number, _, _ in found] == [0, 1, 2, 3, 4, 6] or [n for n, _, _ in found] == [
        1,
        2,
        3,
        4,
        6,
    ]
    assert found[-2][:2] == (4, TITLES[3])


def test_a_heading_wrapped_over_two_lines():
    lines = regular()
    lines[6:7] = ["四、政府信息公开行政复议、", "行政诉讼情况"]
    assert numbers(*lines) == [1, 2, 3, 4, 5, 6]


def test_older_reports_keep_their_own_chapters():
    lines = [
        part
        for title in ("一、概述", "二、主动公开情况", "三、依申请公开情况", "四、复议和诉讼")
        for part in (title, PROSE)
    ]
    assert numbers(*lines) in ([1, 2, 3, 4], [1, 2])


def test_text_without_any_chapter_is_a_preamble():
    assert split("网站首页", "新闻") == [(0, "", "网站首页\n新闻")]
