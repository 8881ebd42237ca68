"""One lesson to many people through each email service: the whole engine, and its bodies alone.

The engine owes and sends from a database that already knows the people (SQLite, synchronous=FULL)
to a sink on loopback that answers as the service does. No pace holds it back: ``per_second`` counts
for nothing here, so that the figures are what this side can do.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from sqlalchemy import select

from bypost.delivery.compose import bulk, person
from bypost.delivery.context import Context
from bypost.delivery.publish import Publisher
from bypost.delivery.recipe import unpack
from bypost.delivery.run import Pass, importer
from bypost.model.bulk import Bulk
from bypost.model.message import Message
from bypost.project import open_project
from bypost.providers.base import Provider
from bypost.render.personalise import Personaliser
from bypost.render.stored import load
from bypost.store import contents
from bypost.store.schema import batches
from tests.bench.sink import SERVICES, Taken, sink, taken
from tests.conftest import CHECKOUT

#: Everything that sends; SMTP is for catchers and has a conversation for each mail.
NAMES = ("outbox", *SERVICES)
_HEADS = [
    *("provider", "people/s", "CPU µs each", "bytes each", "requests", "people in one"),
    *("at most in one", "bytes each then", "bodies/s", "to orjson", "to json"),
    *("MB of a tenth", "MB of all"),
]
_COURSE = "after-the-interview"
_OWN = {
    "mailgun": {"DOMAIN": "mg.example.org", "API_KEY": "key-of-nobody"},
    "mailjet": {"API_KEY": "key-of-nobody", "SECRET_KEY": "secret-of-nobody"},
    "ses": {"ACCESS_KEY_ID": "AKIAOFNOBODY", "SECRET_ACCESS_KEY": "secret-of-nobody"},
}
PEOPLE = ("Ann Müller", "Bob", "Zoë 'Z' Quinn", 'Smith, "Bo"', "李雷")
#: People whose mails are made to measure bodies alone, and how often.
_MADE, _ROUNDS = 2000, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a pass in a process of its own took.

    Attributes:
        seconds: Of the wall clock, for owing, sending and recording.
        cpu: Seconds of this process.
        peak: Its memory in kB, at most.
        encode: Recipients a second, bodies alone.
        whole: The same, each message written out in full by orjson.
        plain: The same by the json of the standard library.
        most: People in the largest request that the service takes, and bytes for each of them.
    """

    seconds: float
    cpu: float
    peak: int
    encode: float
    whole: float
    plain: float
    most: tuple[int, float]


def measure(people: int, names: Sequence[str] = NAMES) -> str:
    """Return a table of these services, in Markdown."""
    rows = [_HEADS, ["---", *["---:"] * (len(_HEADS) - 1)]]
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as folder:
        many, few = (filled(Path(folder), count) for count in (people, people // 10))
        for name in names:
            small, _ = send(few, name)
            sent, came = send(many, name)
            rows.append([name, *_cells(people, sent, came, small.peak)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(people: int, sent: Sent, came: Taken, small: int) -> Iterator[str]:
    assert came.mails in (people, 0)
    yield f"{people / sent.seconds:,.0f}"
    yield f"{1e6 * sent.cpu / people:.0f}"
    if came.requests:
        yield from (f"{came.bytes / people:,.0f}", f"{came.requests:,}")
        yield f"{people / came.requests:,.0f}"
    else:
        yield from ("", "", "")
    yield from (f"{number:,.0f}" for number in (*sent.most, sent.encode))
    yield from (f"{sent.encode / other:.1f}" for other in (sent.whole, sent.plain))
    yield from (f"{peak / 1024:.0f}" for peak in (small, sent.peak))


def filled(parent: Path, people: int) -> Path:
    """Make a project that knows ``people``, to all of whom the first lesson is due."""
    root = parent / str(people)
    for folder in ("templates", f"lessons/{_COURSE}"):
        shutil.copytree(CHECKOUT / folder, root / folder)
    shutil.copy(CHECKOUT / "bypost.toml", root)
    file = root / "people.csv"
    with file.open("w", encoding="utf-8") as text:
        text.write("email,name,time_zone\n")
        for number in range(people):
            name = PEOPLE[number % len(PEOPLE)].replace('"', '""')
            text.write(f'p{number}@example.com,"{name}",Europe/Berlin\n')
    with open_project(root) as context:
        published = Publisher(context).take_over(patient=False)
        importer(context, published).run(file, now=context.clock.now())
    (root / "var" / "bypost.db").rename(root / "people.db")
    return root


def send(
    root: Path,
    name: str,
    start: Callable[[str], AbstractContextManager[str]] = sink,
    **settings: str,
) -> tuple[Sent, Taken]:
    """Send to everybody through one service, in a process of its own.

    Args:
        start: Starts the service.
        settings: More of the project's, as they stand in the environment.
    """
    shutil.copy(root / "people.db", root / "var" / "bypost.db")
    with start(name) if name in SERVICES else nullcontext("") as url:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.providers", str(root)],
            env={**os.environ, **_environ(name, url), **settings},
            check=True,
            stdout=subprocess.PIPE,
        )
        came = taken(url) if url else Taken()
    for left in ("var/bypost.db", "var/bypost.db-wal", "var/bypost.db-shm"):
        (root / left).unlink(missing_ok=True)
    shutil.rmtree(root / "var" / "outbox", ignore_errors=True)
    return Sent(**json.loads(done.stdout)), came


def _environ(name: str, url: str) -> dict[str, str]:
    """Return the settings of a service."""
    settings = {"BYPOST_SENDING__PROVIDER": name}
    if url:
        own = {"BASE_URL": url, **_OWN.get(name, {"API_KEY": "key-of-nobody"})}
        settings |= {f"BYPOST_PROVIDERS__{name.upper()}__{key}": own[key] for key in own}
    return settings


def main() -> None:
    """Send what is due in a project, and print what it took."""
    with open_project(Path(sys.argv[1])) as opened:
        context = replace(opened, guarded=False, rates={})  # a copy; and without paces
        run = Pass(context, csv=False)
        owed = run.status().total.owed
        wall, cpu = time.perf_counter(), time.process_time()
        report = run.run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert owed == 0
        assert report.total.accepted == report.total.owed > 0, report
        peak = _peak()
        bulks = list(_bulks(context))
        encode, whole, plain = _rates(context.provider, bulks)
        sent = Sent(
            seconds=wall,
            cpu=cpu,
            peak=peak,
            encode=encode,
            whole=whole,
            plain=plain,
            most=_most(context.provider, bulks),
        )
    sys.stdout.buffer.write(orjson.dumps(sent))


def _peak() -> int:
    """Return the most memory this process had so far, in kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def _rates(provider: Provider, bulks: Sequence[Bulk]) -> tuple[float, float, float]:
    """Return recipients a second for bodies alone: this service's, by orjson, by json.

    The last two write each message out in full; all three begin with the same bulks.
    """
    count = sum(len(one.people) for one in bulks)
    ways = (provider.encode_bulk, _by_orjson, _by_json)
    rounds = [[count / _seconds(way, bulks) for way in ways] for _ in range(_ROUNDS)]
    encode, whole, plain = map(statistics.median, zip(*rounds, strict=True))
    return encode, whole, plain


def _most(provider: Provider, bulks: Sequence[Bulk]) -> tuple[int, float]:
    """Return how many people the largest request holds, and the bytes for each."""
    people = [one for mails in bulks for one in mails.people][: provider.batch_size]
    mails = replace(bulks[0], people=people)
    size = provider.room(mails)
    return size, len(provider.encode_bulk(mails.only(range(size)))) / size


def _bulks(context: Context) -> Iterator[Bulk]:
    """Yield requests as they were sent, for about as many people as are measured."""
    query = select(batches).where(batches.c.accepted > 0).order_by(batches.c.id)
    made = 0
    with context.store.read() as connection:
        for batch in connection.execute(query).mappings():
            content = load(contents.load(connection, batch["content_hash"]))
            fill = Personaliser(content)
            shared, facts = unpack(batch["recipe"])
            people = [
                person(fill, content, shared, one, context.reference(number))
                for number, one in facts.items()
            ]
            yield bulk(fill, content, shared, people)
            made += len(people)
            if made >= _MADE:
                return


def _seconds(way: Callable[[Bulk], object], bulks: Sequence[Bulk]) -> float:
    began = time.process_time()
    for one in bulks:
        way(one)
    return time.process_time() - began


def _by_orjson(mails: Bulk) -> bytes:
    return orjson.dumps(list(map(_fields, mails.messages())))


def _by_json(mails: Bulk) -> str:
    return json.dumps(list(map(_fields, mails.messages())))


def _fields(message: Message) -> dict[str, object]:
    """Return a whole mail as most services want it."""
    return {
        "from": f"{message.from_name} <{message.from_email}>",
        "to": [f"{message.to_name} <{message.to}>"],
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "headers": message.headers,
        "tags": [{"name": "ref", "value": message.ref}],
    }


if __name__ == "__main__":
    main()
