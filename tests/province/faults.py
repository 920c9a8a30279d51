"""What goes wrong at portals: answers in place of the right ones, and servers that do not answer.

Owns the faults that `server` plays at a portal when it is asked to, and the small portals at which
they are tried. Texts are of the kind that firewalls and content systems show, in our own words but
for the marks by which they are known.
"""

from __future__ import annotations

import datetime
import gzip
import random
import re
import ssl
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from . import reports, series
from .pages import Answer, Pages
from .portals import Channel, Entry, Portal

HTML = "text/html;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its address, the right answer, and how often each address was asked for (`""`: all)."""

    path: str
    answer: Answer
    pages: Pages
    counts: Counter[str]

    @property
    def times(self) -> int:
        """How often this address was asked for, now included."""
        return self.counts[self.path]

    @property
    def newest(self) -> bool:
        """Whether it is the page of the portal's newest report."""
        return self.path == _newest(self.pages.portal)

    @property
    def page(self) -> int:
        """The page of the list of reports that it is, or 0."""
        portal = self.pages.portal
        paths = [portal.channel_path(portal.named("ndbg"), place) for place in (1, 2, 3)]
        return paths.index(self.path) + 1 if self.path in paths else 0


Play = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at a portal. `play` gives the answer to a request; the rest concerns its server."""

    play: Play | None = None
    scheme: str = "http"
    home: str | None = None
    """The address of its home page, where that is no address of the server."""
    dead: bool = False
    tls: Callable[[], ssl.SSLContext] | None = None


NONE = Fault()


def _newest(portal: Portal) -> str:
    return portal.path(next(entry for entry in portal.entries("ndbg") if entry.report is not None))


def newest(portal: Portal) -> reports.Report:
    """The newest report of a small portal, to which many of the faults happen."""
    return next(entry.report for entry in portal.entries("ndbg") if entry.report is not None)


def small_portal(id_: str, number: int, shown: str = "page") -> Portal:
    """A portal with four reports of one body on two pages of a list, the newest `shown` as a report is.

    `number` (up to 99) makes the body's name.
    """
    stems, branches = "甲乙丙丁戊己庚辛壬癸", "东南西北中前后左右上"
    name = f"鹤岗市样例{stems[number // 10]}{branches[number % 10]}局"
    agency = series.Agency(
        key=f"fault-{number}",
        name=name,
        type="department",
        division="230400",
        portal=id_,
        years=(2021, 2024),
        busy=number,
    )
    figures = series.made(agency)
    made = [
        replace(reports.of_agency(agency, figures[year], year, 100 * year + number), style="plain")
        for year in agency.reports()
    ]
    made[-1] = replace(made[-1], shown=shown)
    entries = [
        Entry(
            channel="ndbg",
            kind="report",
            title=report.title,
            date=report.place[0].date,
            article=report.place[0].article,
            report=report,
            place=report.place[0],
        )
        for report in made
    ]
    entries.append(
        Entry(channel="ndbg", kind="page", title="政府信息公开指南", date="2020-01-01", article=9001)
    )
    entries += [
        Entry(channel="zdgk", kind="page", title=title, date=f"2024-03-0{day}", article=9100 + day)
        for day, title in enumerate(("样例街道开展植树活动", "召开春季工作会议", "举办志愿服务活动"), 1)
    ]
    return Portal(
        id=id_,
        skin="vsb",
        port=0,
        name="鹤岗市人民政府",
        division="230400",
        site="yl",
        site_code="2304000099",
        town="鹤岗市",
        channel=(
            Channel(code="zwgk", name="政务公开", kind="menu", children=("ndbg", "zdgk")),
            Channel(
                code="ndbg",
                name="政府信息公开年报",
                kind="list",
                page_size=3,
            ),
            Channel(
                code="zdgk",
                name="法定主动公开内容",
                kind="list",
                page_size=9,
            ),
        ),
        entry=tuple(entries),
    )


def _page(text: str, status: int = 200, **more: tuple[tuple[str, str], ...]) -> Answer:
    page = f"<html><head><meta charset='utf-8'><title>提示</title></head><body>{text}</body></html>"
    return Answer(page.encode(), HTML, status, **more)


def _everywhere(answer: Answer) -> Fault:
    return Fault(lambda asked: answer)


def _of_newest(wrong: Callable[[Asked], Answer]) -> Fault:
    return Fault(lambda asked: wrong(asked) if asked.newest else asked.answer)


def _of_second_page(wrong: Callable[[Asked], Answer]) -> Fault:
    return Fault(lambda asked: wrong(asked) if asked.page == 2 else asked.answer)


def _sent_to(address: str, status: int = 302) -> Answer:
    return Answer(b"", HTML, status, headers=(("Location", address),))


def _at(asked: Asked, address: str) -> Answer:
    """The right answer of another address of the portal."""
    return asked.pages.answer(address, "", None)


def _script_challenge(asked: Asked) -> Answer:
    """Two steps: a cookie made by a script, then another; who runs no scripts never gets further."""
    step = ("__jsl_clearance_s=1;", "__jsl_clearance_s=2;")[asked.counts[""] % 2]
    body = f"<script>document.cookie='{step}max-age=3600';location.href=location.pathname</script>"
    return Answer(body.encode(), "text/html", 521, headers=(("Set-Cookie", "__jsluid_h=1; path=/"),))


def _home_instead(asked: Asked) -> Answer:
    return _at(asked, "/")


def _other_column(asked: Asked) -> Answer:
    portal = asked.pages.portal
    return _at(asked, portal.channel_path(portal.named("zdgk")))


def _page_again(asked: Asked) -> Answer:
    portal = asked.pages.portal
    return _at(asked, portal.channel_path(portal.named("ndbg")))


def _cut(how: str) -> Callable[[Asked], Answer]:
    return lambda asked: replace(asked.answer, sent=how)


def _first_time(wrong: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    return lambda asked: wrong(asked) if asked.times == 1 else asked.answer


def _as_type(content_type: str) -> Fault:
    def play(asked: Asked) -> Answer:
        listed = asked.newest or asked.page
        return replace(asked.answer, content_type=content_type) if listed else asked.answer

    return Fault(play)


def _page_for_a_file(asked: Asked) -> Answer:
    asked_for_a_file = asked.answer.content_type == "application/pdf"
    return _page("<p>请登录后下载附件。</p>") if asked_for_a_file else asked.answer


def _after(count: int, wrong: Answer) -> Fault:
    """So many requests are answered, then no more."""
    return Fault(lambda asked: asked.answer if asked.counts[""] <= count else wrong)


def _at_random(asked: Asked) -> Answer:
    """Every address fails at most twice before it answers, 500 or 503 by its own seed."""
    chance = random.Random(asked.path)
    if asked.times <= chance.randrange(3):
        return _page("服务器内部错误", chance.choice((500, 503)))
    return asked.answer


def _patient(asked: Asked) -> Answer:
    """Asks every address to be asked again a second later."""
    wrong = _page("too many requests", 429, headers=(("Retry-After", "1"),))
    return wrong if asked.times == 1 else asked.answer


def _endless(asked: Asked) -> Answer:
    """A list that always has one more page with news that nobody asked for."""
    found = re.fullmatch(r"/xxgk/ndbg(?:/(\d+))?\.htm", asked.path)
    if found is None:
        return asked.answer
    number = int(found[1] or 0)
    portal = asked.pages.portal
    text = _at(asked, portal.channel_path(portal.named("ndbg"))).body.decode()
    text = re.sub(r'<div class="pb_sys_common.*?</div>', "", text, flags=re.DOTALL)
    if number:
        stem = _newest(portal).rpartition("/")[0]
        lines = "".join(
            f'<li><span>2020-01-01</span><a href="{stem}/{place}.htm">第{place}号公告</a></li>'
            for place in range(3 * number, 3 * number + 3)
        )
        text = re.sub(r"<li id=.*</li>", lines, text, flags=re.DOTALL)
    onward = f'<div class="page"><a href="/xxgk/ndbg/{number + 1}.htm">下页</a></div>'
    return _with(replace(asked.answer, body=text.encode(), content_type=HTML, status=200), onward)


def _calendar(asked: Asked) -> Answer:
    """Every page has a calendar whose months lead on for ever."""
    found = re.search(r"month=(\d+)", asked.path)
    month = int(found[1]) if found else 1
    days = "".join(f'<a href="/rl/index.html?day={month * 100 + day}">{day}</a>' for day in range(1, 29))
    calendar = f'<div class="rl">{days}<a href="/rl/index.html?month={month + 1}">下月</a></div>'
    if asked.path.startswith("/rl/"):
        return _page(calendar)
    return _with(asked.answer, calendar)


def _with(answer: Answer, more: str) -> Answer:
    """A page with more before its end."""
    if not answer.content_type.startswith("text/html"):
        return answer
    return replace(answer, body=answer.body.replace(b"</body>", more.encode() + b"</body>"))


def _sessions(asked: Asked) -> Answer:
    """Every address in every page has a number that no other time has, in the path or the query."""
    chance = random.Random(f"{asked.path} {asked.counts['']}")

    def numbered(found: re.Match[str]) -> str:
        told = f"{chance.getrandbits(128):032X}"
        name = found[2].decode()
        return f'{found[1].decode()}"{name};jsessionid={told}?sid={told}"'

    path = re.sub(r";jsessionid=\w+|\?sid=\w+", "", asked.path)
    right = asked.pages.answer(path, "", None) if path != asked.path else asked.answer
    body = re.sub(rb'(href=)"(/[^"?#]*)"', lambda found: numbered(found).encode(), right.body)
    return replace(right, body=body)


def _thousands(asked: Asked) -> Answer:
    links = "".join(f'<a href="/zt/{number}/index.html">专题{number}</a>\n' for number in range(5000))
    return _with(asked.answer, f'<div class="map">{links}</div>') if asked.page else asked.answer


@cache
def _bomb() -> bytes:
    return gzip.compress(b"<html>" + bytes(40_000_000), 9)


def _packed(asked: Asked) -> Answer:
    return Answer(_bomb(), HTML, headers=(("Content-Encoding", "gzip"),))


def _rules(answer: Answer) -> Fault:
    return Fault(lambda asked: answer if asked.path == "/robots.txt" else asked.answer)


def _loop(asked: Asked) -> Answer:
    return _sent_to(f"{asked.path}?{asked.counts['']}")


def _loop_everywhere(asked: Asked) -> Answer:
    stem = _newest(asked.pages.portal)
    return _loop(replace(asked, path=stem)) if asked.path.startswith(stem) else asked.answer


def _certificate(oldest: bool) -> ssl.SSLContext:
    """A server with a certificate of another host that ran out long ago."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.yangli.invalid")])
    began = datetime.datetime(2015, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(began)
        .not_valid_after(began + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(file)
    if oldest:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            # That nobody should offer it any more is the point.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


_CAPTCHA = _page("<h3>安全验证</h3><p>请输入验证码后继续访问</p><img src='/captcha.jpg'><input name='code'>")
_FIREWALL = _page("<h1>网站防火墙</h1><p>您的请求带有不合法参数，已被网站管理员设置拦截。</p>", 403)
_MISSING = _page("<p>抱歉，您访问的页面不存在或已删除！</p>")
_TOO_OFTEN = _page("<p>访问过于频繁，请稍后再试。</p>")
_BANNED = _page("<p>too many requests</p>", 429, headers=(("Retry-After", "3600"),))

FAULTS: Mapping[str, Fault] = {
    "script challenge": Fault(_script_challenge),
    "coded challenge": _everywhere(
        Answer(b"<html><script>$_ts=window['$_ts'];$_ts.cd='q7';</script></html>", "text/html", 412)
    ),
    "firewall": _everywhere(_FIREWALL),
    "captcha": _of_newest(lambda asked: _CAPTCHA),
    "captcha for the list": Fault(lambda asked: _CAPTCHA if asked.page else asked.answer),
    "captcha everywhere": Fault(lambda asked: asked.answer if asked.path == "/robots.txt" else _CAPTCHA),
    "missing with 200": _of_newest(lambda asked: _MISSING),
    "missing with 200 for a list": _of_second_page(lambda asked: _MISSING),
    "sent home": _of_newest(lambda asked: _sent_to("/", 301)),
    "home page instead": _of_newest(_home_instead),
    "home page for a list": _of_second_page(_home_instead),
    "other column on page 2": _of_second_page(_other_column),
    "page 1 as page 2": _of_second_page(_page_again),
    "empty": _of_newest(lambda asked: Answer(b"", HTML)),
    "empty list": _of_second_page(lambda asked: Answer(b" \n", HTML)),
    "cut": _of_newest(_cut("cut")),
    "cut in chunks": _of_newest(_cut("chunked and cut")),
    "cut once": _of_newest(_first_time(_cut("cut"))),
    "cut list": _of_second_page(_cut("cut")),
    "pages without a type": _as_type("application/octet-stream"),
    "pages as text": _as_type("text/plain"),
    "page for a file": Fault(_page_for_a_file),
    "sent elsewhere": _of_newest(lambda asked: _sent_to("http://www.beiyong.invalid/baogao.html")),
    "redirect loop": Fault(_loop_everywhere),
    "dead": Fault(dead=True),
    "unknown host": Fault(home="http://www.yangli.invalid/"),
    "wrong certificate": Fault(scheme="https", tls=lambda: _certificate(False)),
    "old encryption": Fault(scheme="https", tls=lambda: _certificate(True)),
    "no encryption": Fault(scheme="https"),
    "banned after a few": _after(5, _BANNED),
    "too often after a few": _after(5, _TOO_OFTEN),
    "asked to come later": Fault(_patient),
    "failing at random": Fault(_at_random),
    "down": _everywhere(_page("service unavailable", 503)),
    "endless list": Fault(_endless),
    "calendar": Fault(_calendar),
    "session numbers": Fault(_sessions),
    "thousands of links": Fault(_thousands),
    "packed bomb": _of_newest(_packed),
    "rules that fail": _rules(_page("internal error", 500)),
    "rules that forbid": _rules(Answer(b"User-agent: *\nDisallow: /\n", "text/plain")),
}
"""Every fault by its name."""
