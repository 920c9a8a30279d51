from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from scrapy.http import Request
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from crawler.spider_loader import LazySpiderLoader
from tests.end_to_end.harvest import ROOT

OURS = Settings({"SPIDER_MODULES": ["crawler.spiders"]})


def test_the_spiders_are_those_that_scrapy_itself_finds() -> None:
    lazy, whole = LazySpiderLoader.from_settings(OURS), SpiderLoader.from_settings(OURS)
    assert sorted(lazy.list()) == sorted(whole.list()) == ["heilongjiang", "portal"]
    for name in whole.list():
        assert lazy.load(name) is whole.load(name)


def test_naming_the_spiders_imports_none_of_them() -> None:
    program = (
        "import sys; from scrapy.settings import Settings;"
        "from crawler.spider_loader import LazySpiderLoader;"
        "found = LazySpiderLoader(Settings({'SPIDER_MODULES': ['crawler.spiders']})).list();"
        "print(sorted(found), 'crawler.page' in sys.modules, 'lxml.html' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("['heilongjiang', 'portal'] False")


def test_a_spider_that_is_not_there_and_a_module_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        LazySpiderLoader(OURS).load("nowhere")
    with pytest.raises(ImportError, match="no_such"):
        LazySpiderLoader(Settings({"SPIDER_MODULES": ["crawler.no_such"]}))


def test_a_module_alone_may_be_named_too() -> None:
    loader = LazySpiderLoader(Settings({"SPIDER_MODULES": ["crawler.spiders.portal"]}))
    assert loader.list() == ["portal"]
    assert loader.find_by_request(Request("http://a.example/")) == []


@pytest.mark.parametrize(
    "line", ["name = 'jilin'", 'name: ClassVar[str] = "jilin"', 'name   =   "jilin"  # 吉林']
)
def test_however_a_province_writes_its_name(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "provinces_of_mine.py").write_text(
        "from typing import ClassVar\nfrom scrapy import Spider\n\n\nclass Jilin(Spider):\n"
        f"    {line}\n\n    def parse(self, response):\n        name = 'no spider'\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    loader = LazySpiderLoader(Settings({"SPIDER_MODULES": ["provinces_of_mine"]}))
    assert loader.list() == ["jilin"]
    assert loader.load("jilin").name == "jilin"
    sys.modules.pop("provinces_of_mine")
