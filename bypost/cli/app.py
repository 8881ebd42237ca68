"""The command ``bypost``: its verbs, and what every one of them does with an error."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import typer

from bypost.cli import (
    admins,
    apply,
    audience,
    check,
    database,
    diff,
    doctor,
    forecast,
    init,
    misuse,
    newsletter,
    pause,
    plan,
    preview,
    reconcile,
    rehearse,
    send,
    serve,
    show,
    status,
    subscribers,
    why,
    worker,
)
from bypost.cli.console import problem
from bypost.errors import ByPostError, ContentError, Muted, SettingsError

app = typer.Typer(
    name="bypost",
    help="Email courses from a folder of Markdown lessons, on every subscriber's own clock.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("preview")(preview.preview)
app.command("diff")(diff.diff)
app.command("rehearse")(rehearse.rehearse)
app.command("plan")(plan.plan)
app.command("apply")(apply.apply)
app.command("send")(send.send)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("status")(status.status)
app.command("pause")(pause.pause)
app.command("resume")(pause.resume)
app.command("reconcile")(reconcile.reconcile)
app.command("show")(show.show)
app.command("why")(why.why)
app.command("forecast")(forecast.forecast)
app.command("doctor")(doctor.doctor)
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(audience.app, name="audience")
app.add_typer(newsletter.app, name="newsletter")
app.add_typer(database.app, name="db")
app.add_typer(admins.app, name="admin")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: 0 done, 1 failed or unknown, 2 wrong use."""
    _write_utf8()
    words = _project_last(list(sys.argv[1:] if arguments is None else arguments))
    try:
        result = app(words, prog_name="bypost", standalone_mode=False)
    except misuse.Misuse as error:
        misuse.show(error)
        return error.exit_code
    except (ContentError, SettingsError, Muted) as error:
        problem(str(error))
        return 2
    except ByPostError as error:
        problem(str(error))
        return 1
    except (KeyboardInterrupt, typer.Abort):
        problem("stopped; what was sent is recorded, and the next pass goes on from there")
        return 130
    except BrokenPipeError:
        return 0
    return result if isinstance(result, int) else 0


def _write_utf8() -> None:
    """Write UTF-8 whatever the locale says: a cron job under ``LC_ALL=C`` has names in it too."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _project_last(words: list[str]) -> list[str]:
    """Move ``--project DIR`` behind the verb, so that it may stand before it as well."""
    for place, word in enumerate(words):
        if word == "--project" and place + 1 < len(words):
            moved = words[place : place + 2]
            return [*words[:place], *words[place + 2 :], *moved]
        if word.startswith("--project="):
            return [*words[:place], *words[place + 1 :], word]
        if not word.startswith("-"):
            break
    return words
