"""What the commands share towards the user: usage errors in one line, exit codes of the contract.

A mixin and no command: Scrapy makes an instance of every command class that it finds.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from scrapy.settings import Settings

DONE = 0
FELL_SHORT = 1
WRONG_USAGE = 2
HELD = 75


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr)


def counted(number: int, what: str) -> str:
    """So many of a thing: 1 problem, 2 problems."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class OneLineUsage:
    """Mixin before a Scrapy command: every wrong use ends in one line on stderr and exit code 2."""

    settings: Settings | None

    def refuse(self, reason: str, code: int = WRONG_USAGE) -> NoReturn:
        """Ends the program with one line that says what is wrong and what to do."""
        name = type(self).__module__.rsplit(".", 1)[-1]
        say(f"scrapy {name}: {' '.join(reason.split())}")
        sys.exit(code)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Scrapy's options; the parser's own complaints in one line too."""
        super().add_options(parser)  # type: ignore[misc]
        parser.error = self.refuse  # type: ignore[method-assign,assignment]

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Scrapy's handling of -s, -a and the log options, its complaints in one line."""
        try:
            super().process_options(args, opts)  # type: ignore[misc]
        except UsageError as error:
            self.refuse(str(error))
        except OSError as error:
            self.refuse(f"{error.filename}: {error.strerror}")
        self.refuse_unknown_options(args)

    def refuse_unknown_options(self, args: Iterable[str]) -> None:
        """Scrapy passes options that it does not know on as arguments."""
        for argument in args:
            if argument.startswith("-") and argument != "-":
                self.refuse(
                    f"unknown option {argument}; see scrapy {type(self).__module__.rsplit('.', 1)[-1]} -h"
                )

    def path_setting(self, name: str) -> Path:
        """A setting that names a file."""
        given = self.setting(name)
        if not given:
            self.refuse(f"{name} is empty; give a file with -s {name}=FILE")
        return Path(str(given))

    def setting(self, name: str) -> object:
        """A setting of this run."""
        return self.settings[name] if self.settings is not None else None

    def count_setting(self, name: str) -> int:
        """A setting that is a whole number above 0; anything else is wrong usage."""
        given = str(self.setting(name)).strip()
        if not given.isascii() or not given.isdigit() or int(given) < 1:
            self.refuse(f"{name}={given}: must be a whole number above 0")
        return int(given)

    def number_setting(self, name: str) -> float:
        """A setting that is a number not below 0; anything else is wrong usage."""
        given = str(self.setting(name)).strip()
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", given):
            self.refuse(f"{name}={given}: must be a number, 0 or above")
        return float(given)

    def choice_setting(self, name: str, choices: Iterable[str]) -> str:
        """A setting that is one of a few words; anything else is wrong usage."""
        given = str(self.setting(name)).strip().lower()
        if given not in choices:
            self.refuse(f"{name}={self.setting(name)}: must be {' or '.join(choices)}")
        if self.settings is not None:
            self.settings.set(name, given, priority="cmdline")
        return given

    def flag_setting(self, name: str) -> bool:
        """A setting that is true or false; anything else is wrong usage."""
        given = str(self.setting(name)).strip().lower()
        if given not in ("true", "false", "1", "0", "yes", "no"):
            self.refuse(f"{name}={self.setting(name)}: must be true or false")
        # Scrapy's own reading knows only some of these words.
        value = given in ("true", "1", "yes")
        if self.settings is not None:
            self.settings.set(name, value, priority="cmdline")
        return value
