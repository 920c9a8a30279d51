"""Conversion by LibreOffice, where it is installed: the way to formats that have no reader of their own.

Owns the running of the program: a profile and a folder of its own in a temporary folder, no network of
its own accord, a time limit, no process left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.readers import UnreadableDocumentError
from pipelines.readers.programs import cleared

SECONDS = 60
"""A report takes two or three seconds, the first start of a profile some more."""


def is_installed() -> bool:
    """Whether the program is on the search path."""
    return shutil.which("soffice") is not None


def converted(body: bytes, ending: str, wanted: str, program_part: str = "writer") -> bytes:
    """The document in another format, both named by their endings; `program_part` is writer or calc.

    Raises UnreadableDocumentError where no file comes of it.
    """
    program = shutil.which("soffice")
    if program is None:
        raise UnreadableDocumentError(
            "format_not_supported", "LibreOffice, which can convert it, is not installed"
        )
    with TemporaryDirectory(prefix="nianbao-") as folder:
        source = Path(folder, f"document.{ending}")
        source.write_bytes(body)
        command = [
            program,
            f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
            *("--headless", "--norestore", "--nolockcheck", f"--{program_part}", "--convert-to", wanted),
            *("--outdir", str(Path(folder, "made")), str(source)),
        ]
        process = subprocess.Popen(  # noqa: S603 no shell, our own words, a file name of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

        def end() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the program starts others
            process.wait()

        def clear() -> None:
            end()
            shutil.rmtree(folder, ignore_errors=True)

        try:
            with cleared(clear):
                process.wait(SECONDS)
        except subprocess.TimeoutExpired as error:
            raise UnreadableDocumentError(
                "damaged_document", f"LibreOffice did not convert the document in {SECONDS:g} seconds"
            ) from error
        finally:
            end()
        made = Path(folder, "made", f"document.{wanted}")
        if not made.exists():
            raise UnreadableDocumentError("damaged_document", "LibreOffice could not convert the document")
        return made.read_bytes()
