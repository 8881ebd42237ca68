"""Who asks: programs that say what they are, and people who do not want to be counted."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Words in the user agents of crawlers, link scanners, previews and libraries (seen 2026-11).
_PROGRAM = re.compile(
    r"bot\b|crawl|spider|slurp|scan|preview|fetch|monitor|uptime|headless|lighthouse|validator"
    r"|curl|wget|python|httpx|aiohttp|okhttp|java/|go-http|libwww|axios|node|ruby|perl|php"
    r"|facebookexternalhit|whatsapp|telegram|slack|discord|skype|embedly|bingpreview"
    r"|barracuda|proofpoint|mimecast|safelinks|symantec|sophos|trendmicro|forcepoint|cloudmark",
    re.IGNORECASE,
)


def is_program(headers: Mapping[str, str]) -> bool:
    """Tell whether a request comes from a program that says so; none that says nothing is read."""
    agent = headers.get("user-agent", "").strip()
    # Apple's Mail fetches under exactly this name, without anybody looking.
    return not agent or agent == "Mozilla/5.0" or _PROGRAM.search(agent) is not None


def wants_privacy(headers: Mapping[str, str]) -> bool:
    """Tell whether a person asks not to be counted: Global Privacy Control, or Do Not Track."""
    return headers.get("sec-gpc", "").strip() == "1" or headers.get("dnt", "").strip() == "1"
