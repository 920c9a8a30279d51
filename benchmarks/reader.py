"""`python -m benchmarks.reader FOLDER ROUNDS`: a process that reads the documents of a folder and measures
itself.

Apart from the process that makes the documents, so that its memory is that of the reading alone.
"""

from __future__ import annotations

import pickle
import resource
import sys
import time
from pathlib import Path

from pipelines.extract import read_file
from pipelines.readers import UnreadableDocumentError, media_type, packed, read
from pipelines.records import DocumentReading

RESULT = "read.pickle"


Reading = tuple[list[DocumentReading], float | None, float]
"""What a document was found to hold; CPU seconds (own and of programs started) of two stretches, the best
of some rounds: bytes to paragraphs and tables, None where that was not measured apart; bytes to records.
"""


def main(folder: Path, rounds: int) -> None:
    """Reads `*.document` in order, `rounds` times, and leaves readings and the peak of memory (MB) there."""
    bodies = [path.read_bytes() for path in sorted(folder.glob("*.document"))]
    found = [_read(body, apart=rounds > 1) for body in bodies]
    for _ in range(rounds - 1):
        found = [_best(one, _read(body, apart=True)) for one, body in zip(found, bodies, strict=True)]
    (folder / RESULT).write_bytes(pickle.dumps((found, _peak())))


def _best(one: Reading, other: Reading) -> Reading:
    contents = [reading[1] for reading in (one, other) if reading[1] is not None]
    return one[0], min(contents, default=None), min(one[2], other[2])


def _read(body: bytes, *, apart: bool) -> Reading:
    kind = media_type(body)
    content = None
    # Recognition of pictures takes seconds, all of them before there is a content: those are read once.
    if apart and kind not in packed.MEDIA_TYPES:
        began = _cpu()
        try:
            read(body)
        except UnreadableDocumentError:
            pass  # the reading itself says why
        else:
            content = _cpu() - began
    began = _cpu()
    readings = read_file(body)
    return readings, content, _cpu() - began


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak() -> float:
    """MB of the largest resident set of this program; `ru_maxrss` may be that of the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
