"""``bypost serve``: the pages, and passes behind them; ``--local`` adds the local page."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console, listen, logs
from bypost.cli.console import HERE, ProjectOption
from bypost.cli.opening import open_to_send

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.delivery.report import Report
    from bypost.web import Ticks

_PORT = 8000
_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}


def serve(
    project: ProjectOption = HERE,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="Port to listen on.", show_default=str(_PORT), max=65535)
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Add the page that shows every mail; loopback only.")
    ] = False,
    allow_local: Annotated[
        bool, typer.Option("--allow-local", help="Let a real provider send sample settings.")
    ] = False,
) -> int:
    """Serve the pages that mails link to, and make a pass every few seconds.

    Example: bypost serve --local
    """
    from bypost.errors import SettingsError
    from bypost.store import scratch

    if local and host not in _LOOPBACK:
        raise SettingsError(
            f"--host {host}: --local shows everybody's mail and answers on this machine only\n"
            "    leave --host out, or leave --local out"
        )
    scratch.sweep()
    with (
        open_to_send(project, allow_local=allow_local, patient=True) as context,
        logs.written(context.settings.log, steady=not local),
    ):
        address = _LOOPBACK.get(host, host)
        with listen.open_port(
            address, _PORT if port is None else port, neighbours=local and port is None
        ) as listener:
            return _run(context, listener, local=local)


def _run(context: Context, listener: socket.socket, *, local: bool) -> int:
    """Serve until a signal comes."""
    from bypost.web import Ticks, make_site

    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    ticks = Ticks(context, on_report=_tell, on_trouble=_complain)
    if local:
        ticks.once()  # so that the page has something to show
    site = make_site(context, runner=ticks, local=local)
    server = listen.make_server(site)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    ticks.start()
    thread.start()
    console.out.print(f"[bold]{listen.address_of(listener)}[/bold]  (Ctrl-C stops)")
    while thread.is_alive() and not stop.wait(0.5):
        pass
    server.should_exit = True
    ticks.stop()
    thread.join(2 * listen.GRACE)
    _await(ticks, context.settings.sending.timeout_seconds)
    return 0 if stop.is_set() else 1


def _await(ticks: Ticks, most: float) -> None:
    """Wait for the pass under way: killing a request leaves its outcome unknown."""
    quiet_until, until = time.monotonic() + listen.GRACE, time.monotonic() + most
    told = False
    while ticks.busy and time.monotonic() < until:
        if not told and time.monotonic() > quiet_until:
            console.note("waiting for the request under way")
            told = True
        time.sleep(0.02)


def _tell(report: Report) -> None:
    """Say what a pass did, if it did anything."""
    from bypost.cli import send

    done, imported = report.this_pass, report.imported
    if done.accepted or done.failed or report.troubles or (imported and not imported.skipped):
        send.print_report(report, quote=send.public)


def _complain(trouble: str) -> None:
    """Say why passes cannot be made."""
    from bypost.cli import send

    console.problem(send.public(trouble))
