"""What is told of a report's wording alone: paragraphs, themes, the fingerprints of chapters."""

from __future__ import annotations

import subprocess
import sys

from pipelines.prose import fingerprints, paragraphs, themes
from pipelines.records import Fingerprint, Section

WORDING = (
    "2021年，本局按照上级的部署，把公开工作列入年度计划，由一名分管负责人牵头，办公室两名干部具体经办。"
    "门户网站设有公开专栏，按照机构职能、办事指南、资金使用分成三类，每周检查一次更新的情况，每季度通报一次。"
    "受理申请的窗口设在一楼大厅，墙上贴有流程图和收费标准，经办人员收到材料以后当场登记，三天以内转给业务科室。"
    "年内组织了两次培训，请市里的老师讲解条例的修订要点，参加的有各科室和下属单位的联络员。"
)
OTHER = (
    "林业站全年围绕防火、造林和病虫害三件事开展宣传，在村口和集市上张贴告示，在广播里播放提示，"
    "护林员逐户讲解用火的规定，遇到清明和秋收加派人手值守，发现火情当即上报并组织扑救，"
    "苗木发放的名单在村务栏张贴七天，农户有疑问的可以到站里查底账，补贴的标准和去向一并写明，"
    "造林合格的面积由县里派人复核，复核的结果寄给每个农户，有不同意见的可以在半个月以内申请重新丈量。"
)


def chapter(text: str, number: int = 1) -> Section:
    return Section(number=number, heading="", text=text)


def alike(one: str, other: str) -> float:
    first, second = (fingerprints([chapter(text)])[0].hashes for text in (one, other))
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def test_lines_broken_by_a_page_are_joined_and_headings_are_not():
    text = "（一）依申请公开情况\n全年受理依申请\n公开 1 件；没有投诉。\n- 3 -\n（二）其他\n无。"
    assert [paragraph.text for paragraph in paragraphs([chapter(text)])] == [
        "（一）依申请公开情况",
        "全年受理依申请公开1件；没有投诉。",
        "（二）其他",
        "无。",
    ]


def test_themes_that_the_first_chapter_speaks_of():
    text = "主动公开各类信息。收到信息公开申请3件。网站运行正常。"
    assert themes([chapter(text)]) == ("proactive", "on_request", "platform")
    text += "落实保密审查。开展业务培训。"
    assert themes([chapter(text)]) == ("proactive", "on_request", "management", "platform", "oversight")
    assert themes([chapter(text, number=5)]) is None


def test_the_same_text_has_the_same_fingerprint_whatever_its_year_and_figures():
    assert alike(WORDING, WORDING.replace("2021", "2022").replace("一楼", "二楼")) > 0.9
    assert alike(WORDING, WORDING.replace("2021年", "2023 年")) == 1.0


def test_a_text_of_its_own_has_another():
    assert alike(WORDING, OTHER) < 0.1


def test_a_text_half_copied_lies_between():
    half = WORDING[: len(WORDING) // 2] + OTHER[: len(OTHER) // 2]
    assert 0.15 < alike(WORDING, half) < 0.6


def test_short_chapters_have_none():
    found = fingerprints([chapter("无。"), chapter(WORDING, number=5), chapter(WORDING, number=2)])
    assert [one.chapter for one in found] == [5]
    assert isinstance(found[0], Fingerprint)
    assert len(found[0].hashes) == 64
    assert all(0 <= value < 2**32 for value in found[0].hashes)


def test_a_fingerprint_is_the_same_in_another_process():
    script = "from tests.pipelines.test_prose import *; print(fingerprints([chapter(WORDING)])[0].hashes)"
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == str(fingerprints([chapter(WORDING)])[0].hashes)
