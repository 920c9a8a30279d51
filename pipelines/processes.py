"""Processes that outlive whatever happens to them.

Owns one thing: a pool that the library gives up (its idle process was killed, or one died before it
said what it held) is replaced by a new one, and what the old one had not finished is begun again. The
library neither makes a new pool nor says what becomes of tasks that no process had taken yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from pebble import ProcessPool

T = TypeVar("T")

MOST_TRIES = 4
"""Pools that may break under one task: it may be what breaks them."""

_LOOK_EVERY = 0.2
"""Seconds."""


@dataclass(eq=False, slots=True)
class _Task(Generic[T]):
    function: Callable[..., T]
    args: tuple[object, ...]
    timeout: float
    outcome: Future[T]
    tries: int = 1


class Processes(Generic[T]):
    """A process pool, made by `make`, and again each time that it breaks."""

    def __init__(self, make: Callable[[], ProcessPool]) -> None:
        self._make = make
        self._pool = make()
        self._tasks: set[_Task[T]] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._stopped = threading.Event()
        self._watch: threading.Thread | None = None

    def schedule(self, function: Callable[..., T], *args: object, timeout: float) -> Future[T]:
        """The outcome to come; `BrokenProcessPool` only where `MOST_TRIES` pools broke under it.

        Raises RuntimeError where the processes were let go.
        """
        task = _Task(function, args, timeout, Future[T]())
        task.outcome.set_running_or_notify_cancel()
        with self._changed:
            if self._closing:
                raise RuntimeError("the processes were let go")
            if self._watch is None:
                self._watch = threading.Thread(target=self._renew_broken, daemon=True)
                self._watch.start()
            self._tasks.add(task)
            self._begin(task)
        return task.outcome

    def _begin(self, task: _Task[T]) -> None:
        def ended(done: Future[T]) -> None:
            error = CancelledError() if done.cancelled() else done.exception()
            if not isinstance(error, BrokenProcessPool):
                self._settle(task, done, error)

        with suppress(RuntimeError):  # the pool broke, and will be replaced
            self._pool.schedule(task.function, args=task.args, timeout=task.timeout).add_done_callback(ended)

    def _settle(self, task: _Task[T], done: Future[T] | None, error: BaseException | None) -> None:
        with suppress(InvalidStateError):  # given up meanwhile, or done by two pools
            if error is not None:
                task.outcome.set_exception(error)
            elif done is not None:
                task.outcome.set_result(done.result())
        with self._changed:
            self._tasks.discard(task)
            self._changed.notify_all()

    def _renew_broken(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY):
            if not self._tasks or self._pool.active:
                continue
            given_up = []
            with self._changed:
                broken, self._pool = self._pool, self._make()
                for task in list(self._tasks):
                    task.tries += 1
                    if task.tries > MOST_TRIES:
                        given_up.append(task)
                    else:
                        self._begin(task)
            for task in given_up:
                self._settle(task, None, BrokenProcessPool(f"{MOST_TRIES} pools of processes broke"))
            _let_go(broken)

    def close(self, *, wait: bool = True) -> None:
        """Lets the processes go; without `wait` whatever they do now is given up, and nothing says so."""
        with self._changed:
            self._closing = True
            while wait and self._tasks:
                self._changed.wait()
        self._stopped.set()
        if self._watch is not None:
            self._watch.join()
        _let_go(self._pool)


def _let_go(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
