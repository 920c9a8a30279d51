"""Processes that are killed while idle, or that die before they say what they hold, cost no document."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from pebble import ProcessPool

from pipelines.pool import _context
from pipelines.processes import MOST_TRIES, Processes
from tests.pipelines import hostile


def made() -> ProcessPool:
    return ProcessPool(max_workers=2, context=_context(()))


def killed_all(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        time.sleep(0.02)


def test_idle_processes_that_are_killed_are_replaced():
    processes: Processes[int] = Processes(made)
    try:
        first = processes._pool
        assert processes.schedule(os.getpid, timeout=60).result(60)
        killed_all(list(first._pool_manager.worker_manager.workers))
        deadline = time.monotonic() + 30
        while first.active and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not first.active, "the library keeps such a pool now: this class may go"
        found = [processes.schedule(os.getpid, timeout=60) for _ in range(5)]
        assert all(future.result(60) for future in found)
        assert processes._pool is not first
    finally:
        processes.close(wait=False)


def test_what_a_broken_pool_held_is_done_by_the_next():
    processes: Processes[int] = Processes(made)
    try:
        pool = processes._pool
        waiting = [processes.schedule(hostile.number, n, timeout=60) for n in range(4)]
        pool._pool_manager.handle_broken_pool(BrokenProcessPool("All workers expired"))
        assert [future.result(60) for future in waiting] == [0, 1, 2, 3]
        processes.close()
    finally:
        processes.close(wait=False)


def test_what_breaks_every_pool_is_given_up():
    pools: list[ProcessPool] = []

    def made_and_broken() -> ProcessPool:
        pools.append(made())
        schedule = pools[-1].schedule

        def scheduled(*args, **named):
            future = schedule(*args, **named)
            pools[-1]._pool_manager.handle_broken_pool(BrokenProcessPool("All workers expired"))
            return future

        pools[-1].schedule = scheduled
        return pools[-1]

    processes: Processes[int] = Processes(made_and_broken)
    try:
        with pytest.raises(BrokenProcessPool):
            processes.schedule(hostile.number, 1, timeout=60).result(60)
        assert len(pools) == MOST_TRIES + 1, "the last one stands ready for others"
    finally:
        processes.close(wait=False)


def test_a_pool_that_was_let_go_takes_nothing():
    processes: Processes[int] = Processes(made)
    processes.close()
    with pytest.raises(RuntimeError, match="let go"):
        processes.schedule(os.getpid, timeout=1)
