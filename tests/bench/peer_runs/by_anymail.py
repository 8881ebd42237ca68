"""django-anymail: merge_data through SendGrid, 1,000 people in a request, over one connection."""

from __future__ import annotations

import json
import sys
import time
import warnings
from email.utils import quote
from pathlib import Path

import django
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

_BATCH = 1000


def main() -> None:
    """Send until the time is over, and print what it took."""
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    warnings.simplefilter("ignore")  # SendGrid works in this version and is no longer looked after
    settings.configure(
        EMAIL_BACKEND="anymail.backends.sendgrid.EmailBackend",
        ANYMAIL={"SENDGRID_API_KEY": "SG.of-nobody", "SENDGRID_API_URL": given["url"]},
    )
    django.setup()
    connection = get_connection()
    connection.open()  # else each message has a session of its own
    mails = 0
    wall, cpu = time.perf_counter(), time.process_time()
    until = wall + given["seconds"]
    while time.perf_counter() < until:
        message = _message(given, range(mails, mails + _BATCH))
        assert connection.send_messages([message]) == 1
        mails += _BATCH
    took = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    sys.stdout.write(json.dumps({"mails": mails, **took}))


def _message(given: dict[str, object], people: range) -> EmailMultiAlternatives:
    """Return one mail to these people, each with their own name, links and headers."""
    names = given["names"]
    message = EmailMultiAlternatives(given["subject"], given["text"], given["from"])
    message.attach_alternative(given["html"], "text/html")
    message.merge_data, message.merge_headers = {}, {}
    for n in people:
        name, address = names[n % len(names)], f"p{n}@example.com"
        leave = f"https://x.example/u/{n:032x}"
        message.to.append(f'"{quote(name)}" <{address}>')
        message.merge_data[address] = {
            "-name-": name,
            "-leave-": leave,
            "-progress-": f"https://x.example/p/{n:032x}",
        }
        message.merge_headers[address] = {
            "List-Unsubscribe": f"<{leave}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    return message


if __name__ == "__main__":
    main()
