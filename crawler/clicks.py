"""What a click does: the address that a page's own scripts open, as far as they only put texts together.

Owns the reading of such scripts; whether the address is wanted is told elsewhere. Pure functions over text:
nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FUNCTION = re.compile(
    r"(?:function\s+([\w$]+)|(?<![\w$])([\w$]+)\s*[=:]\s*(?:async\s+)?function\s*[\w$]*)\s*\(([^()]*)\)\s*\{"
)
_OPENS = re.compile(
    r"(?:(?<![\w$])location(?:\.href)?\s*=(?!=)|location\.(?:replace|assign)\s*\(|(?:window\.|(?<![\w$.]))open\s*\()\s*"
)
_CALL = re.compile(r"(?<![\w$.])([\w$]+)\s*\(([^()]*)\)")
_PIECE = re.compile(
    r"\s*(?:'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`([^`]*)`|(\d+)|(encodeURI(?:Component)?\s*\()|([\w$.]+)|(\)))"
    r"\s*"
)
_VALUE = re.compile(r"(?<![\w$.])([\w$]+)\s*=(?!=)\s*")
_INSIDE = re.compile(r"\$\{\s*([\w$.]+)\s*\}")
_LONGEST = 3000
"""Signs of a function that are read, and of an address that it makes; both are short."""
_MOST = 400
"""Functions of a page that are kept."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a script: the names that it is handed and what it does."""

    names: tuple[str, ...]
    body: str


def functions(scripts: str) -> dict[str, Function]:
    """The functions of a page's scripts by their names."""
    found: dict[str, Function] = {}
    for match in _FUNCTION.finditer(scripts):
        names = tuple(name.strip() for name in match[3].split(",") if name.strip())
        found[match[1] or match[2]] = Function(names, _body(scripts, match.end()))
        if len(found) >= _MOST:
            break
    return found


def _body(scripts: str, start: int) -> str:
    """What stands from a function's brace to the one that closes it; braces in texts are not looked at."""
    depth = 1
    for place in range(start, min(len(scripts), start + _LONGEST)):
        depth += (scripts[place] == "{") - (scripts[place] == "}")
        if depth == 0:
            return scripts[start:place]
    return ""


def opened(code: str, value: str | None = None) -> str | None:
    """The address that a piece of code opens by itself, or None.

    `value` is that of the field whose event runs the code.
    """
    return _target(code, _given(value))


def opened_by_call(code: str, known: Mapping[str, Function], value: str | None = None) -> str | None:
    """The address that the functions open which a piece of code calls, or None; `value` as in `opened`."""
    given = _given(value)
    for match in _CALL.finditer(code):
        function = known.get(match[1])
        if function is None:
            continue
        handed = [_text(part, 0, given)[0] for part in match[2].split(",")] if match[2].strip() else []
        named = {name: text for name, text in zip(function.names, handed, strict=False) if text is not None}
        target = _target(function.body, named)
        if target is not None:
            return target
    return None


def _given(value: str | None) -> dict[str, str]:
    return {} if value is None else {"this.value": value, "value": value, "event.target.value": value}


def _target(code: str, given: Mapping[str, str]) -> str | None:
    """What a piece of code opens, its own variables followed."""
    values = dict(given)
    opens = _OPENS.search(code)
    if opens is None:
        return None
    for match in _VALUE.finditer(code, 0, opens.start()):
        text, _ = _text(code, match.end(), values)
        if text is not None:
            values[match[1]] = text
    text = _text(code, opens.end(), values)[0]
    return text if text and re.search(r"[/.?]", text) else None


def _text(code: str, start: int, values: Mapping[str, str]) -> tuple[str | None, int]:
    """The text that pieces joined by + make from a place on, None where one of them is not known."""
    text, place, wanted, nested = "", start, True, 0
    while match := _PIECE.match(code, place):
        single, double, template, number, opening, name, closing = match.groups()
        place = match.end()
        if opening:
            nested += 1
            continue
        if closing:
            if nested == 0 or wanted:
                break
            nested -= 1
        elif not wanted:
            break
        else:
            piece = _piece(single, double, template, number, name, values)
            if piece is None or len(text) + len(piece) > _LONGEST:
                return None, place
            text, wanted = text + piece, False
        if code[place : place + 1] == "+":
            place, wanted = place + 1, True
        elif not nested:
            break
    return (None if wanted else text), place


def _piece(
    single: str | None,
    double: str | None,
    template: str | None,
    number: str | None,
    name: str | None,
    values: Mapping[str, str],
) -> str | None:
    if name is not None:
        return values.get(name)
    if template is not None:
        parts = _INSIDE.findall(template)
        known = all(part in values for part in parts)
        return _INSIDE.sub(lambda found: values[found[1]], template) if known else None
    quoted = single if single is not None else double
    return re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else number
