"""Room on the disk: a batch is taken only where its answer can be written down as well.

On a full disk SQLite rolls the failing transaction back and keeps all earlier ones. The request,
though, has left by then: a disk that fills up between intent and record leaves ``unknown`` behind.
So the question is asked before anything is claimed or owed.
"""

from __future__ import annotations

from bypost.delivery.context import Context

#: Bytes that must be free. Intent, frozen bytes and record of the batches under way come to about
#: 1 MB at 64 threads (measured with the shipped course: 17 kB for 100 mails); the log they go to
#: holds up to 4 MB (1,000 pages) before a checkpoint, which writes as much again into the file.
ENOUGH = 10_000_000


def shortage(context: Context) -> str:
    """Return what is wrong with the room beside the database; empty if there is enough.

    Asks the system, not the disk: a few microseconds.
    """
    room = context.store.room()
    if room is None or room >= ENOUGH:
        return ""
    left, needed = room // 100_000 / 10, ENOUGH // 1_000_000
    return (
        f"{context.store.name}: the disk has {left} MB left, and sending stops below {needed} MB, "
        "so that every answer can still be written down: free some space"
    )
