"""Owing notices: one delivery, in a batch of its own, for something a person did."""

from __future__ import annotations

from bypost.delivery.context import Context
from bypost.delivery.publish import publish
from bypost.errors import ByPostError
from bypost.model.course import Kind
from bypost.people.signup import Notify
from bypost.store import Connection, binding
from bypost.store import notices as store

#: The notices of ``templates/email``; ``confirmation`` is named by :mod:`bypost.people.signup`.
GOODBYE = "goodbye"
NOTICE = "notice"


def owe(
    context: Context, connection: Connection, *, notice: str, subscriber_id: int, request: str
) -> None:
    """Owe a notice to one person, unless it was owed for that request before.

    It is mailed with the next pass, which the caller may wake.

    Args:
        connection: In a write transaction: what the person did commits together with this.
        notice: ``confirmation``, ``goodbye`` or ``notice``.
        request: What it answers (:mod:`bypost.delivery.answers`), e.g. ``left:12``.

    Raises:
        ByPostError: if there is no text for it that could ever be used.
    """
    if store.is_owed(connection, subscriber_id, notice, request):
        return
    text = store.texts(connection).get(notice)
    if text is None:
        raise ByPostError(
            f"templates/email/{notice}.md: there is no usable text for this notice\n"
            "    run `bypost check`"
        )
    now = context.clock.now()
    batch = {
        "provider": context.provider.name,
        "kind": Kind.NOTICE,
        "collection": "",
        "item": notice,
        "content_hash": text,
        "due_at": now,
    }
    member = {"subscriber_id": subscriber_id, "request": request}
    binding.owe(connection, batch, [member], now=now)


def notifier(context: Context) -> Notify:
    """Return :func:`owe` for those who know no context; call this before the transaction.

    Before the very first pass this takes the project's content over, so that there is a text.
    """
    with context.store.read() as connection:
        known = store.texts(connection)
    if not known:
        publish(context, context.clock.now())

    def notify(connection: Connection, *, notice: str, subscriber_id: int, request: str) -> None:
        owe(context, connection, notice=notice, subscriber_id=subscriber_id, request=request)

    return notify
