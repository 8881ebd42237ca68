"""Passes at intervals behind the pages, and how they stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bypost.delivery.context import Context
from bypost.delivery.report import Report
from bypost.delivery.run import Pass
from bypost.errors import ByPostError
from scheduler.runner import Runner


class Ticks:
    """Runs passes every few seconds until stopped.

    Args:
        on_report: Told what each pass did.
        on_trouble: Told, once, why passes cannot be made.
    """

    def __init__(
        self,
        context: Context,
        *,
        on_report: Callable[[Report], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._pass = Pass(context, patient=True)
        self._on_report = on_report
        self._on_trouble = on_trouble
        every = timedelta(seconds=context.settings.sending.tick_seconds)
        self._runner = Runner(self._tick, every=every, clock=context.clock)
        self._busy = False
        #: Done after each pass, whatever came of it.
        self.afterwards: list[Callable[[], None]] = []
        #: Why the latest pass could not be made; empty if it could.
        self.trouble = ""

    @property
    def last_tick(self) -> datetime | None:
        """Return when a pass last came to its end."""
        return self._runner.last_tick

    def healthy(self, now: datetime) -> bool:
        """Tell whether passes are made as they should."""
        return not self.trouble and self._runner.healthy(now)

    def once(self) -> None:
        """Make one pass now, in this thread; before :meth:`start` only."""
        self._tick()

    def start(self) -> None:
        """Begin."""
        self._runner.start()

    def wake(self) -> None:
        """Ask for a pass now."""
        self._runner.wake()

    def stop(self) -> None:
        """Begin no further pass; one that runs goes on, see :attr:`busy`."""
        self._runner.stop(wait=False)

    @property
    def busy(self) -> bool:
        """Tell whether a pass is running."""
        return self._busy

    def _tick(self) -> None:
        self._busy = True
        try:
            report = self._pass.run()
        except ByPostError as error:
            if str(error) != self.trouble:
                self._on_trouble(str(error))
            self.trouble = str(error)
        except Exception:
            self.trouble = "a pass failed; the log has the reason"
            raise
        else:
            self.trouble = ""
            self._on_report(report)
        finally:
            self._busy = False
            for also in self.afterwards:
                also()
