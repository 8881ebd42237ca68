"""A port to listen on, and a web server on it that runs in a thread."""

from __future__ import annotations

import errno
import socket
from typing import Any

from bypost.cli import console

#: Seconds that a request and a pass under way may take after Ctrl-C without a word.
GRACE = 1.0
#: Ports tried after one that is taken, when none was asked for.
_NEIGHBOURS = 50


def make_server(site: Any) -> Any:
    """Return the web server of an application; in a thread it leaves signals to us.

    What the application keeps in ``state.before_exit`` is called before open connections are
    waited for: it ends those that would never end by themselves.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            before_exit = getattr(site.state, "before_exit", None)
            if before_exit is not None:
                before_exit()
            await super().shutdown(sockets)

    return Server(
        uvicorn.Config(
            site,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the site itself knows whose word to take
            timeout_graceful_shutdown=1,
        )
    )


def open_port(address: str, first: int, *, neighbours: bool) -> socket.socket:
    """Return a socket bound to a port, or to the next free one where that is allowed.

    Raises:
        SettingsError: if it is taken or cannot be had.
    """
    from bypost.errors import SettingsError

    for candidate in range(first, first + (_NEIGHBOURS if neighbours else 1)):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, candidate))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or str(error)
                raise SettingsError(
                    f"cannot listen on {address} port {candidate}: {reason}\n"
                    "    choose others with --host and --port"
                ) from error
            continue
        if candidate != first:
            console.note(f"port {first} is taken; listening on {candidate} instead")
        return listener
    raise SettingsError(
        f"port {first} is taken by another program\n"
        f"    stop it, or choose another, e.g. --port {first + 1}"
    )


def address_of(listener: socket.socket) -> str:
    """Return what to open in a browser."""
    name, port = listener.getsockname()[:2]
    shown = {"127.0.0.1": "localhost", "::1": "[::1]", "0.0.0.0": "localhost"}  # noqa: S104 - shown, not bound
    return f"http://{shown.get(name, name)}:{port}"
