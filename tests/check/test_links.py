"""``--links`` asks each address seldom, politely, and never anything personal or private."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bypost.check import Finding, Level, examine
from bypost.check.asking import Asker, Limits, Offline, Reply, Verdict, is_public
from bypost.check.link_cache import LinkCache
from bypost.check.links import LinkCheck, addresses
from bypost.check.sample import Whole
from bypost.http import HttpClient
from bypost.settings.model import Check
from tests.check.conftest import NOW, SENDER
from tests.contracts.http_provider import no_proxies

Lesson = Callable[..., None]
BASE = "https://mail.example.org"
WORDS = "Some words that say what the reader came here for, in plain order. " * 6


@dataclass
class Web:
    """A server that answers by path, and what it was asked: method and path."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, tuple[int, Mapping[str, str]]] = field(default_factory=dict)
    only_get: frozenset[str] = frozenset({"/only-get"})

    def answer(self, method: str, path: str) -> tuple[int, Mapping[str, str]]:
        self.asked.append((method, path))
        if method == "HEAD" and path in self.only_get:
            return 405, {}
        return self.answers.get(path, (200, {}))


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    no_proxies(monkeypatch)
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            status, headers = web.answer(self.command, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_HEAD(self) -> None:
            self._reply()

        def do_GET(self) -> None:
            self._reply()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield web
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient(timeout=5, user_agent="bypost-tests/1")
    yield client
    client.close()


def asker(client: HttpClient, *, total: float = 60, pause: float = 0) -> Asker:
    # The test's own server is on loopback, which is what may_ask is there to refuse.
    return Asker(client, Limits(pause=pause, total=total), may_ask=lambda host: host != "localhost")


def ask(web: Web, client: HttpClient, *paths: str) -> dict[str, Reply]:
    replies = asker(client).ask([f"{web.url}{path}" for path in paths])
    return {address.removeprefix(web.url): reply for address, reply in replies.items()}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.THERE),
        (204, Verdict.THERE),
        (404, Verdict.GONE),
        (410, Verdict.GONE),
        (403, Verdict.UNCLEAR),
        (429, Verdict.UNCLEAR),
        (500, Verdict.FAILED),
        (503, Verdict.FAILED),
    ],
)
def test_what_a_page_answers_decides(
    web: Web, client: HttpClient, status: int, verdict: Verdict
) -> None:
    web.answers["/a"] = (status, {})
    reply = ask(web, client, "/a")["/a"]
    assert reply.verdict is verdict
    assert (str(status) in reply.words) is (verdict is not Verdict.THERE)


def test_head_is_asked_first_and_get_only_where_that_failed(web: Web, client: HttpClient) -> None:
    assert ask(web, client, "/a", "/only-get") == {
        "/a": Reply(Verdict.THERE),
        "/only-get": Reply(Verdict.THERE),
    }
    assert web.asked == [("HEAD", "/a"), ("HEAD", "/only-get"), ("GET", "/only-get")]


def test_a_page_that_moved_is_followed(web: Web, client: HttpClient) -> None:
    web.answers |= {"/a": (301, {"Location": "/b"}), "/b": (302, {"Location": f"{web.url}/c"})}
    assert ask(web, client, "/a")["/a"].verdict is Verdict.THERE
    assert [path for _, path in web.asked] == ["/a", "/b", "/c"]


def test_a_page_that_moved_to_nowhere_is_gone(web: Web, client: HttpClient) -> None:
    web.answers |= {"/a": (301, {"Location": "/b"}), "/b": (404, {})}
    assert ask(web, client, "/a")["/a"] == Reply(Verdict.GONE, "answers 404")


def test_a_circle_is_left_after_five_steps(web: Web, client: HttpClient) -> None:
    web.answers["/a"] = (302, {"Location": "/a"})
    assert ask(web, client, "/a")["/a"].verdict is Verdict.GONE
    assert len(web.asked) == 6


def test_a_redirect_into_a_private_network_is_not_followed(web: Web, client: HttpClient) -> None:
    port = web.url.rpartition(":")[2]
    web.answers["/a"] = (302, {"Location": f"http://localhost:{port}/admin"})
    reply = ask(web, client, "/a")["/a"]
    assert reply == Reply(Verdict.GONE, "leads to `localhost`, which others cannot reach")
    assert [path for _, path in web.asked] == ["/a"]


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("::1", False),
        ("fd00::1", False),
        ("localhost", False),
        ("printer.local", False),
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
    ],
)
def test_what_lies_in_a_private_network(host: str, public: bool) -> None:
    assert is_public(host) is public


def test_a_name_that_resolves_into_a_private_network_is_private(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", ("93.184.216.34", 0)), (0, 0, 0, "", ("10.0.0.1", 0))]

    monkeypatch.setattr("bypost.check.asking.socket.getaddrinfo", resolve)
    assert not is_public("inside.example.org")


def test_one_host_is_asked_with_pauses(web: Web, client: HttpClient) -> None:
    naps: list[float] = []
    slow = Asker(
        client,
        Limits(pause=2, total=60),
        may_ask=lambda _: True,
        elapsed=lambda: sum(naps),
        sleep=naps.append,
    )
    slow.ask([f"{web.url}/{name}" for name in "abc"])
    assert naps == [2, 2]


def test_what_is_left_when_the_time_is_over_is_not_asked(web: Web, client: HttpClient) -> None:
    naps: list[float] = []
    slow = Asker(
        client,
        Limits(pause=2, total=3),
        may_ask=lambda _: True,
        elapsed=lambda: sum(naps),
        sleep=naps.append,
    )
    replies = slow.ask([f"{web.url}/{name}" for name in "abcd"])
    assert [replies[f"{web.url}/{name}"].verdict for name in "abcd"] == [
        Verdict.THERE,
        Verdict.THERE,
        Verdict.THERE,
        Verdict.LEFT,
    ]


def test_a_host_that_does_not_answer_while_another_does_has_failed(
    web: Web, client: HttpClient
) -> None:
    replies = asker(client).ask([f"{web.url}/a", "http://127.0.0.1:9/b"])
    assert replies["http://127.0.0.1:9/b"] == Reply(
        Verdict.FAILED, "no answer: the connection was refused"
    )


def test_three_silent_hosts_and_no_answer_mean_offline(client: HttpClient) -> None:
    hosts = [f"http://127.0.0.{n}:9/a" for n in range(1, 30)]
    tried: list[str] = []

    def may_ask(host: str) -> bool:
        tried.append(host)
        return True

    asking = Asker(client, Limits(pause=0, total=60), may_ask=may_ask)
    with pytest.raises(Offline):
        asking.ask(hosts)
    assert len(tried) < len(hosts)


# -- the check as a whole -----------------------------------------------------------------------


def run(
    project: Path, client: HttpClient, settings: Check | None = None, hours: int = 0
) -> list[Finding]:
    check = LinkCheck(settings or Check(), asker=asker(client))
    examined = examine(
        project, sender=SENDER, base_url=BASE, now=NOW + timedelta(hours=hours), further=(check,)
    )
    return [it for it in examined.findings if it.rule in {"link-dead", "link-unchecked"}]


def test_a_dead_link_is_found_on_each_line_it_stands_on(
    project: Path, lesson: Lesson, web: Web, client: HttpClient
) -> None:
    web.answers["/gone"] = (404, {})
    lesson("00-a", body=f"{WORDS}\n\n[The study]({web.url}/gone#part) and [more]({web.url}/b)")
    lesson("01-b", body=f"{WORDS}\n\n::: button {web.url}/gone\nOpen\n:::")
    found = run(project, client)
    assert [(it.rule, it.level, it.path, it.line) for it in found] == [
        ("link-dead", Level.WARNING, "lessons/baking/00-a.md", 10),
        ("link-dead", Level.WARNING, "lessons/baking/01-b.md", 10),
    ]
    assert found[0].message == f"`{web.url}/gone` answers 404"
    assert [path for _, path in web.asked].count("/gone") == 2  # HEAD and GET, once


def test_a_page_that_refuses_programs_is_a_note(
    project: Path, lesson: Lesson, web: Web, client: HttpClient
) -> None:
    web.answers["/shop"] = (403, {})
    lesson(body=f"{WORDS}\n\n[The shop]({web.url}/shop)")
    (found,) = run(project, client)
    assert (found.rule, found.level, found.line) == ("link-unchecked", Level.INFO, 10)


def test_an_exception_silences_a_dead_link(
    project: Path, lesson: Lesson, web: Web, client: HttpClient
) -> None:
    web.answers["/gone"] = (404, {})
    comment = "<!-- bypost: allow link-dead it comes on Monday -->"
    lesson(body=f"{WORDS}\n\n{comment}\n\n[The study]({web.url}/gone)")
    assert run(project, client) == []


def test_personal_links_and_the_site_s_own_are_never_asked(project: Path, lesson: Lesson) -> None:
    body = "\n\n".join(
        [
            WORDS,
            "[Leave]({{ links.leave }})",
            "[Yours](https://a.example/?who={{ subscriber.email|urlencode }})",
            f"[The course]({BASE}/courses/baking)",
            "[Write](mailto:a@example.org)",
            "::: if subscriber.name\n[Named](https://b.example/page)\n:::",
            "[Plain](https://c.example/page#part)",
        ]
    )
    lesson(body=body)
    examined = examine(project, sender=SENDER, base_url=BASE, now=NOW)
    whole = Whole(examined.series[0].samples[0].around, examined.series)
    assert dict(addresses(whole)) == {
        "https://b.example/page": (("lessons/baking/00-first.md", 19),),
        "https://c.example/page": (("lessons/baking/00-first.md", 22),),
    }


def test_an_answer_is_believed_for_a_day(
    project: Path, lesson: Lesson, web: Web, client: HttpClient
) -> None:
    web.answers["/gone"] = (404, {})
    lesson(body=f"{WORDS}\n\n[The study]({web.url}/gone) [and]({web.url}/b)")
    first = run(project, client)
    asked = len(web.asked)
    assert run(project, client, hours=23) == first
    assert len(web.asked) == asked
    run(project, client, hours=25)
    assert len(web.asked) > asked


def test_a_server_that_fails_is_asked_again_the_next_time(
    project: Path, lesson: Lesson, web: Web, client: HttpClient
) -> None:
    web.answers["/a"] = (503, {})
    lesson(body=f"{WORDS}\n\n[The study]({web.url}/a)")
    assert [it.rule for it in run(project, client)] == ["link-dead"]
    web.answers["/a"] = (200, {})
    assert run(project, client) == []


def test_no_more_than_the_limit_is_asked_and_the_rest_is_told(
    project: Path, lesson: Lesson, web: Web, client: HttpClient
) -> None:
    links = " ".join(f"[{n}]({web.url}/{n})" for n in range(5))
    lesson(body=f"{WORDS}\n\n{links}")
    (found,) = run(project, client, Check(links_most=3))
    assert len(web.asked) == 3
    assert found.rule == "link-unchecked"
    assert found.message.startswith("2 links were not asked for: the limit is 3 links")
    # What is known is not asked again, so the next run goes on.
    assert run(project, client, Check(links_most=3)) == []


def test_offline_there_is_one_note_and_not_one_for_each_link(
    project: Path, lesson: Lesson, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_proxies(monkeypatch)
    lesson(body=f"{WORDS}\n\n[a](http://127.0.0.1:9/a) [b](http://127.0.0.2:9/b)")
    (found,) = run(project, client)
    assert (found.rule, found.level, found.path) == ("link-unchecked", Level.INFO, "bypost.toml")
    assert found.message == "2 links could not be checked: no host answered"


def test_nothing_is_asked_unless_it_is_wished(project: Path, lesson: Lesson, web: Web) -> None:
    lesson(body=f"{WORDS}\n\n[The study]({web.url}/gone)")
    examine(project, sender=SENDER, base_url=BASE, now=NOW)
    assert web.asked == []


# -- what is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"at": "x"}}'])
def test_a_cache_that_cannot_be_read_is_as_good_as_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "links.json"
    path.write_text(text)
    cache = LinkCache(path, keep=timedelta(hours=24), now=NOW)
    assert cache.get("a") is None
    cache.keep({"a": Reply(Verdict.GONE, "answers 404")})
    again = LinkCache(path, keep=timedelta(hours=24), now=NOW)
    assert again.get("a") == Reply(Verdict.GONE, "answers 404")


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    cache = LinkCache(tmp_path / "var" / "links.json", keep=timedelta(hours=24), now=NOW)
    cache.keep({"a": Reply(Verdict.THERE)})
    assert cache.get("a") == Reply(Verdict.THERE)


def test_what_is_too_old_leaves_the_cache(tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    LinkCache(path, keep=timedelta(hours=1), now=NOW).keep({"a": Reply(Verdict.THERE)})
    later = LinkCache(path, keep=timedelta(hours=1), now=NOW + timedelta(hours=2))
    later.keep({"b": Reply(Verdict.THERE)})
    assert set(json.loads(path.read_text())) == {"b"}
