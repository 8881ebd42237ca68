"""The instance guard: a database sends from one place, and not from an older state of itself.

The database carries the id of its instance, and so does ``var/instance`` or ``BYPOST_INSTANCE``.
Where the two do not agree the database was copied, moved or restored, and is mute until somebody
confirms it: the same people would get the same mails twice. Host names are no part of this, so
that a new container over the same files goes on silently.

A backup put back in place has the right id. It is noticed by its newest attempt, which is older
than the one that ``var/instance`` remembers.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from bypost.delivery import instance_file
from bypost.delivery.context import Context
from bypost.delivery.instance_file import Card
from bypost.errors import Muted, SettingsError, StoreError
from bypost.store import Store, meta
from bypost.store.meta import Identity, Mark

_LOG = logging.getLogger(__name__)

FILE = Path("var/instance")
VARIABLE = "BYPOST_INSTANCE"
_NAME_THE_NEW = "name that one in [database] url"


@dataclass(frozen=True, slots=True)
class _Found:
    """What the database and its surroundings say; ``objection`` is empty if they agree."""

    identity: Identity
    card: Card | None
    own: str
    objection: str


def check(context: Context, *, join: bool = True) -> None:
    """Let the database of ``context`` send from here; give a new one its instance.

    Does nothing for copies that were made on purpose (``context.guarded`` is off).

    Args:
        join: Give a new one its instance; off where another process is to do so, as for a worker:
            a database belongs to the place whose passes made it.

    Raises:
        Muted: It was copied, moved or restored.
        SettingsError: ``BYPOST_INSTANCE`` cannot be used.
        StoreError: The database cannot be read, or ``var/instance`` not be made.
    """
    if not context.guarded:
        return
    found = _look(context.store, context.root)
    if join and not found.objection and found.identity.instance is None:
        _join(context, found.own)
        found = _look(context.store, context.root)
    if found.objection:
        raise Muted(_refusal(context, found.objection))
    if found.identity.tag != context.tag:
        raise Muted(
            f"{context.store.name}: was settled after a restore while this process ran\n"
            "    start this process anew"
        )


def trouble(context: Context) -> str:
    """Return why this database must not send from here, empty if it may; writes nothing.

    Raises:
        SettingsError: ``BYPOST_INSTANCE`` cannot be used.
    """
    objection = _look(context.store, context.root).objection if context.guarded else ""
    return _refusal(context, objection) if objection else ""


def stamp(root: Path) -> object:
    """Return what is another value whenever what stands beside the database has changed.

    Raises:
        SettingsError: ``BYPOST_INSTANCE`` cannot be used.
    """
    return _variable(), instance_file.stamp(root / FILE)


def note(context: Context) -> None:
    """Remember how far the database has come, after a pass; nothing is written if it has not.

    A process that dies before this leaves an older mark behind, which forbids nothing.
    """
    if not context.guarded or _variable():
        return
    path = context.root / FILE
    with context.store.read() as connection:
        identity = meta.identity(connection)
    try:
        card = instance_file.read(path)
        if card is None or card.instance != identity.instance:
            return
        if identity.attempts > card.marks.get(identity.tag, 0):
            instance_file.replace(path, card.marked(identity.tag, identity.attempts))
    except (OSError, ValueError) as error:
        # What was sent is recorded in the database; the next check says what is wrong here.
        _LOG.warning("%s cannot be brought up to date: %s", path, error)


def confirm(store: Store, root: Path, *, older: bool = False) -> str:
    """Make this the place that sends from the database; return its instance.

    Args:
        older: Even if it is an older state than one that was sent from here. What was sent since
            must have been settled before, or it is sent again.

    Raises:
        Muted: It is an older state, and ``older`` is not set.
        SettingsError: ``BYPOST_INSTANCE`` names another instance, or cannot be used.
        StoreError: The database or ``var/instance`` cannot be read or written.
    """
    found = _look(store, root)
    identity, card, own = found.identity, found.card, found.own
    if identity.moved and not older:
        raise Muted(
            f"{store.name}: {_moved(identity.moved)}\n"
            "    if nothing was sent from there: `bypost db confirm --older`"
        )
    if card and not older and (reason := _older(identity, card)):
        raise Muted(f"{store.name}: {reason}\n    if that is settled: `bypost db confirm --older`")
    instance = identity.instance or own or (card.instance if card else _new_id())
    if own and own != instance:
        raise SettingsError(
            f"{VARIABLE}: is `{own}`, and the database belongs to instance `{instance}`\n"
            f"    if this is the one place that sends: set {VARIABLE}={instance}"
        )
    if not own:
        marks = card.marks if card else {}
        _replace(root / FILE, Card(instance, {**marks, identity.tag: identity.attempts}))
    with store.write() as connection:
        meta.join_instance(connection, instance)
        meta.remove(connection, meta.MOVED)
    return instance


def refuse_moved(store: Store) -> None:
    """Refuse a database that was moved: what is written here, the new one never hears of.

    Raises:
        Muted: It was.
    """
    with store.read() as connection:
        mark = meta.moved(connection)
    if mark is not None:
        raise Muted(f"{store.name}: {_moved(mark)}\n    {_NAME_THE_NEW}")


def _moved(mark: Mark) -> str:
    return f"everything was moved to {mark.to} on {mark.at:%d %B %Y}"


def _refusal(context: Context, objection: str) -> str:
    return f"{context.store.name}: nothing is sent, because {objection}"


def _look(store: Store, root: Path) -> _Found:
    """Read both sides, and judge them."""
    found = _compare(store, root)
    if found.identity.moved is None:
        return found
    return replace(found, objection=f"{_moved(found.identity.moved)}\n    {_NAME_THE_NEW}")


def _compare(store: Store, root: Path) -> _Found:
    """Read both sides; the database first: its instance is written after the file."""
    with store.read() as connection:
        identity = meta.identity(connection)
    if own := _variable():
        return _Found(identity, None, own, _disagreement(identity, own, VARIABLE))
    path = root / FILE
    try:
        card = instance_file.read(path)
    except OSError as error:
        return _Found(identity, None, own, f"{path} cannot be read: {error.strerror}")
    except ValueError:
        damaged = f"{path} is damaged\n    {_confirm(identity, FILE)}"
        return _Found(identity, None, own, damaged)
    objection = _disagreement(identity, card.instance if card else "", FILE)
    if card and not objection:
        objection = _older(identity, card)
    return _Found(identity, card, own, objection)


def _disagreement(identity: Identity, other: str, where: object) -> str:
    """Return how the database's instance and the one given ``where`` differ; empty if not."""
    if identity.instance is None or identity.instance == other:
        return ""
    says = f"{where} says `{other}`" if other else f"there is no {where}"
    return (
        "it was copied, moved or restored: "
        f"it belongs to instance `{identity.instance}`, and {says}\n"
        f"    {_confirm(identity, where)}\n"
        "    if a backup was put back: run `bypost reconcile --since TIME` first, "
        "the time it was made"
    )


def _confirm(identity: Identity, where: object) -> str:
    """Return what to do where this is the right place."""
    way = f"set {VARIABLE}={identity.instance}" if where == VARIABLE else "run `bypost db confirm`"
    return f"if this is the one place that sends from it: {way}"


def _older(identity: Identity, card: Card) -> str:
    """Return that the database is behind what was sent from it here; empty if it is not."""
    mark = card.marks.get(identity.tag, 0)
    if identity.attempts >= mark:
        return ""
    return (
        f"an older backup was put back: it ends with attempt {identity.attempts:,}, "
        f"and {mark:,} were made from here\n"
        "    run `bypost reconcile --since TIME`, the time it was made, "
        "or people get again what was sent since"
    )


def _join(context: Context, own: str) -> None:
    """Give a database its instance: the one of this place, which is made if need be.

    The file comes first: of two processes that start at once, one makes it and both read it.
    """
    instance = own
    if not own:
        path = context.root / FILE
        try:
            instance_file.make(path, _new_id())
            card = instance_file.read(path)
        except OSError as error:
            raise _cannot_write(path, error) from error
        instance = card.instance if card else ""
    with context.store.write() as connection:
        meta.join_instance(connection, instance)


def _replace(path: Path, card: Card) -> None:
    try:
        instance_file.replace(path, card)
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: cannot be written: {error.strerror}\n"
        f"    give this user the right to, or set {VARIABLE} to a name of your own"
    )


def _variable() -> str:
    """Return the instance that the environment names; empty if it names none."""
    own = os.environ.get(VARIABLE, "").strip()
    if own and not re.fullmatch(r"[!-~]{1,64}", own):
        raise SettingsError(f"{VARIABLE}: write up to 64 letters and digits, without spaces")
    return own


def _new_id() -> str:
    return secrets.token_hex(8)
