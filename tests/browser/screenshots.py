"""The pictures of the README: pages of the site over the sample province, as a browser shows them.

    python -m tests.browser.screenshots [FOLDER]

harvests the sample, opens home, division, report and search, and writes docs/images/*.png. FOLDER names a
harvest that is there already (`scrapy demo --dir FOLDER`). The search is in Chinese, the rest in English.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from tests.browser.browsing import browsed, browser, missing, reader
from tests.end_to_end.harvest import ROOT, crawl
from tests.province.server import Province

IMAGES = ROOT / "docs" / "images"
WIDTH = 1120
SHOTS = (
    ("home", "en", "/", 1400),
    ("division", "en", "/-/division/231000", 900),
    ("report", "en", "/nianbao/reports/231004-656474530d-2020", 1700),
    ("search", "zh", "/-/search?q=" + quote("诉讼"), 900),
)
"""Name of the picture, language and address of the page, and how much of it is shown (pixels)."""


def main(arguments: list[str]) -> int:
    """Writes the pictures; 2 where they cannot be made here, with the reason."""
    if (reason := missing()) is not None:
        sys.stderr.write(f"no pictures were made: {reason}\n")
        return 2
    with TemporaryDirectory() as made:
        folder = Path(made)
        if arguments:
            for name in ("nianbao.db", "archive.db"):
                shutil.copy(Path(arguments[0]) / name, folder / name)
        else:
            with Province() as province:
                crawl(folder, province)
        taken(folder)
    return 0


def taken(folder: Path) -> None:
    """The pictures, taken of a site over the database of a folder."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with browsed(folder, "--immutable") as address, browser() as started:
        for name, lang, path, height in SHOTS:
            with reader(started, address, width=WIDTH, lang=lang) as visitor:
                visitor.page.set_viewport_size({"width": WIDTH, "height": height})
                page = visitor.opened(path)
                page.wait_for_function("() => document.fonts.status === 'loaded'")
                file = IMAGES / f"{name}.png"
                page.screenshot(path=file, animations="disabled", caret="hide")
                sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} KB\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
