"""One crawl of the sample province for the tests that only look at its results."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.harvest import SMALL, Harvest, crawl
from tests.province.server import Province


@pytest.fixture(scope="session")
def province() -> Iterator[Province]:
    with Province(prefer=False) as running:
        yield running


@pytest.fixture(scope="session")
def small_province() -> Iterator[Province]:
    """A few of the portals, for tests that crawl again and again."""
    with Province(prefer=False, only=SMALL) as running:
        yield running


@pytest.fixture(scope="session")
def harvest(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    folder = tmp_path_factory.mktemp("harvest")
    return Harvest(folder, province, crawl(folder, province))


@pytest.fixture(scope="session")
def small_harvest(small_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Harvest:
    """One crawl of the few portals, for tests that go on from copies of it."""
    folder = tmp_path_factory.mktemp("small")
    return Harvest(folder, small_province, crawl(folder, small_province))
