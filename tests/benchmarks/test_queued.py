"""What an address that waits costs: so little that a hundred thousand of them fit."""

from __future__ import annotations

import sys

import pytest

from benchmarks.queued import TARGET, measured

MOST = 4000
"""Bytes an address; a hundred thousand of them and the program itself then stay below the target."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the memory from /proc")
def test_an_address_that_waits_costs_little() -> None:
    # So many that what is kept of the last few thousand addresses, whatever waits, does not count.
    found = measured(entries=12_000, articles=3, seconds=60)
    assert (found.lists, found.articles >= 3) == (48, True)
    assert 0 < found.first <= found.highest < TARGET
    assert found.per_address(12_000) < MOST
