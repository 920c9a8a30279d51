"""The two languages of the site: which one a reader gets, and the words of it.

Owns the files in `words/`, one for each part of the site: a table is a key (tables within tables are
joined by a dot), with the words in Chinese (`zh`) and English (`en`), and in `one` the English for
exactly one where that differs. `{name}` and `{name:,}` stand for values. Words are escaped for HTML
where a template asks for them; values are escaped on their own, unless they are mark-up already.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from markupsafe import Markup, escape

LANGUAGES = ("zh", "en")
DEFAULT = "en"
PARAMETER = "_lang"
COOKIE = "nb_lang"
TAGS = {"zh": "zh-Hans", "en": "en"}
"""What the `lang` attribute of a page says."""

WORDS = Path(str(resources.files("storage.site"))) / "words"

_KEYS = {"zh", "en", "one"}
_LABELS = ("label", "row_label", "column_label", "title", "name")


@dataclass(frozen=True, slots=True)
class Words:
    """Every word of the site: key → language (or `one`) → text."""

    entries: Mapping[str, Mapping[str, str]]

    def text(self, lang: str, key: str, /, **values: object) -> str:
        """Plain text, for JSON, CSV and charts. Raises KeyError for a key that is in no file."""
        return self._template(lang, key, values).format(**values)

    def markup(self, lang: str, key: str, /, **values: object) -> Markup:
        """The same for a template: words and values are escaped, mark-up among the values stays."""
        template = escape(self._template(lang, key, values))
        return template.format(**values) if values or "{" in template else template

    def knows(self, key: str) -> bool:
        """Whether the key is in a file: what a database holds may be newer than the words."""
        return key in self.entries

    def _template(self, lang: str, key: str, values: Mapping[str, Any]) -> str:
        entry = self.entries[key]
        return entry["one"] if lang == "en" and "one" in entry and values.get("n") == 1 else entry[lang]


@cache
def words() -> Words:
    """The bundled words. Raises ValueError naming file and key for what is unknown, absent or doubled."""
    return read_words({path.name: path.read_text("utf-8") for path in sorted(WORDS.glob("*.toml"))})


def read_words(files: Mapping[str, str]) -> Words:
    """The words in texts of TOML by name of file; see `words`."""
    entries: dict[str, Mapping[str, str]] = {}
    for file, text in files.items():
        for key, entry in _entries(tomllib.loads(text), file):
            if key in entries:
                raise ValueError(f"{file}: {key} is in another file, too")
            entries[key] = MappingProxyType(entry)
    return Words(MappingProxyType(entries))


def _entries(table: Mapping[str, Any], file: str, above: str = "") -> Iterable[tuple[str, dict[str, str]]]:
    for name, value in table.items():
        key = f"{above}{name}"
        if not isinstance(value, dict):
            raise ValueError(f"{file}: unknown key {key}")  # noqa: TRY004 a slip in a file, not in code
        if set(value) & _KEYS and not any(isinstance(part, dict) for part in value.values()):
            yield key, _entry(value, key, file)
        else:
            yield from _entries(value, file, f"{key}.")


def _entry(value: dict[str, Any], key: str, file: str) -> dict[str, str]:
    unknown = sorted(set(value) - _KEYS)
    if unknown:
        raise ValueError(f"{file}: {key}: unknown key {unknown[0]}")
    for lang in LANGUAGES:
        if not isinstance(value.get(lang), str) or not value[lang].strip():
            raise ValueError(f"{file}: {key}: no words for {lang}")
    asked = {lang: _placeholders(text) for lang, text in value.items()}
    for lang in set(value) - {"zh"}:
        # A count may be missing where there is one only, and nowhere else.
        if asked[lang] | ({"n"} if lang == "one" else set()) != asked["zh"]:
            raise ValueError(f"{file}: {key}: zh and {lang} ask for other values")
    return dict(value)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def chosen_language(asked: str | None, cookie: str | None, accepted: str | None) -> str:
    """`zh` or `en`: what the address asks for, else the cookie, else the browser, else English."""
    for choice in (asked, cookie):
        if choice in LANGUAGES:
            return choice
    return _accepted(accepted or "")


def _accepted(header: str) -> str:
    """The first of our languages in an Accept-Language header (RFC 9110, 12.5.4) by its weights."""
    best, language = 0.0, DEFAULT
    for part in header.split(","):
        tag, _, rest = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = _weight(rest)
        if primary in LANGUAGES and weight > best:
            best, language = weight, primary
    return language


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    value = value.strip()
    return float(value) if value.replace(".", "", 1).isdigit() and value.isascii() else 0.0


def template_words(lang: str) -> dict[str, Any]:
    """What every template is given.

    `lang` (zh, en), `lang_tag` (for `lang` attributes), `t(key, n=3)`, `coded(group, code)`: the
    words of `group.code`, or the code where there are none; `label(x, "row")`: the label of a thing
    of the database; `zh(text)`: Chinese text, marked as such.
    """
    return {
        "lang": lang,
        "lang_tag": TAGS[lang],
        "t": partial(words().markup, lang),
        "coded": partial(coded, lang),
        "label": partial(label, lang),
        "label_text": partial(label_text, lang),
        "zh": chinese,
    }


def coded(lang: str, group: str, code: str | None) -> str:
    """The words for a code of the database (`agency_type`, `state` …), or the code itself; plain text."""
    key = f"{group}.{code}"
    return words().text(lang, key) if words().knows(key) else (code or "")


def label(lang: str, thing: Mapping[str, Any], axis: str | None = None) -> Markup:
    """The label of a row, a column or another thing with a Chinese and an English one.

    `axis` ("row", "column") chooses where a thing has several. In English the Chinese term, which is
    what stands in the report, follows.
    """
    chinese_label, english = _labels(thing, axis)
    if lang == "zh" or english in ("", chinese_label):
        return chinese(chinese_label)
    return Markup('{} <span class="nb-term" lang="zh-Hans">{}</span>').format(english, chinese_label)


def label_text(lang: str, thing: Mapping[str, Any], axis: str | None = None) -> str:
    """The same as plain text and in one language: for charts, titles of pages and attributes."""
    chinese_label, english = _labels(thing, axis)
    return chinese_label if lang == "zh" or not english else english


def chinese(text: str | None) -> Markup:
    """Text marked as Chinese: readers aloud and the choice of glyphs follow it."""
    return Markup('<span lang="zh-Hans">{}</span>').format(text or "")


def _labels(thing: Mapping[str, Any], axis: str | None) -> tuple[str, str]:
    name = f"{axis}_label" if axis else next(name for name in _LABELS if name in thing)
    return str(thing[name] or ""), str(thing.get(f"{name}_en") or "")
