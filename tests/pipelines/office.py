"""Conversion by LibreOffice of many documents at one start, for generated documents."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

SECONDS = 180


def installed() -> bool:
    return shutil.which("soffice") is not None


def converted(bodies: Sequence[bytes], ending: str, wanted: str, part: str = "writer") -> list[bytes]:
    """The documents in another format, in their order; formats are named by their endings."""
    program = shutil.which("soffice")
    assert program
    with TemporaryDirectory() as name:
        folder = Path(name)
        sources = [folder / f"{number:03}.{ending}" for number in range(len(bodies))]
        for source, body in zip(sources, bodies, strict=True):
            source.write_bytes(body)
        process = subprocess.Popen(
            [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore",
             "--nolockcheck", f"--{part}", "--convert-to", wanted, "--outdir", str(folder / "made"),
             *map(str, sources)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return [(folder / "made" / f"{source.stem}.{wanted}").read_bytes() for source in sources]
