"""Other programs that readers start (LibreOffice, 7-Zip): none outlives the process that started it.

Owns what happens when that process is told to end while it waits: by default it would end at once, and the
program and its temporary folder would stay.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def cleared(clear: Callable[[], None]) -> Iterator[None]:
    """Calls `clear` first where SIGTERM comes meanwhile, which then has its usual effect."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return

    def told(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 as Python calls it
        clear()
        signal.signal(signal.SIGTERM, before)
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGTERM, told)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
