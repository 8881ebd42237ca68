"""``bypost preview``: the author's bench, on this machine only."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from bypost.cli import console, listen
from bypost.cli.console import HERE, ProjectOption

_PORT = 8010


def preview(
    project: ProjectOption = HERE,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on.", show_default=str(_PORT), max=65535)
    ] = None,
    send_test: Annotated[
        str,
        typer.Option(help="Send one mail as a marked test, and show nothing.", metavar="REF"),
    ] = "",
    to: Annotated[
        str, typer.Option(help="To whom: one of `[preview] addresses`.", metavar="ADDRESS")
    ] = "",
    persona: Annotated[
        str, typer.Option(help="As which persona gets it; the first by default.", metavar="KEY")
    ] = "",
) -> int:
    """Show every mail as its readers will see it, anew with each save.

    It reads the project's files only: no database is needed, and nothing is sent but a marked test
    that you ask for: a course/lesson, newsletter/issue, notice or file, through the real provider.

    Example: bypost preview

    Example: bypost preview --send-test after-the-interview/welcome --to you@example.org
    """
    if send_test or to or persona:
        from bypost.cli.send_test import send

        return send(project, send_test, to=to, persona=persona)
    from bypost.settings.folder import project_folder
    from bypost.web.preview.app import make_preview

    root = project_folder(project)
    with listen.open_port("127.0.0.1", port or _PORT, neighbours=port is None) as listener:
        server = listen.make_server(make_preview(root))
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="pages", daemon=True
        )
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        thread.start()
        console.out.print(f"[bold]{listen.address_of(listener)}[/bold]  (Ctrl-C stops)")
        while thread.is_alive() and not stop.wait(0.5):
            pass
        server.should_exit = True
        thread.join(2 * listen.GRACE)
    return 0 if stop.is_set() else 1
