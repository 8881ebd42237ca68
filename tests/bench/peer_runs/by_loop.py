"""A plain loop: templates that Jinja compiled, and one call of requests for each mail."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import requests
from jinja2 import Environment, StrictUndefined


def main() -> None:
    """Send until the time is over, and print what it took."""
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    html = Environment(autoescape=True, undefined=StrictUndefined).from_string(given["html"])
    plain = Environment(autoescape=False, undefined=StrictUndefined)
    text, subject = plain.from_string(given["text"]), plain.from_string(given["subject"])
    names, values = given["names"], given["values"]
    mails = 0
    wall, cpu = time.perf_counter(), time.process_time()
    until = wall + given["seconds"]
    with requests.Session() as session:
        while time.perf_counter() < until:
            name, address = names[mails % len(names)], f"p{mails}@example.com"
            leave = f"https://x.example/u/{mails:032x}"
            own = {
                **values,
                "subscriber": {**values["subscriber"], "name": name, "email": address},
                "links": {"leave": leave, "progress": f"https://x.example/p/{mails:032x}"},
            }
            mail = {
                "From": given["from"],
                "To": address,
                "Subject": subject.render(own),
                "HtmlBody": html.render(own),
                "TextBody": text.render(own),
                "Headers": [
                    {"Name": "List-Unsubscribe", "Value": f"<{leave}>"},
                    {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                ],
            }
            session.post(f"{given['url']}/email", json=mail).raise_for_status()
            mails += 1
    took = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    sys.stdout.write(json.dumps({"mails": mails, **took}))


if __name__ == "__main__":
    main()
