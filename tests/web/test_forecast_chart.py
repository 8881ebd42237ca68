"""The forecast on the local page: bars, the line of what is allowed, and a table for everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.delivery.forecast import forecast
from bypost.web.forecast_chart import HEIGHT, Chart, shown
from scheduler.pacing import Rate
from tests.web.test_local_page import texts


def both(context: Context, rate: Rate | None = None) -> tuple[Chart, Chart]:
    rates = {context.provider.name: rate} if rate else {}
    found = shown(forecast(replace(context, rates=rates), 14), pending=False)
    by_hour, by_day = found.charts
    return by_hour, by_day


def test_the_page_shows_two_charts_each_with_a_table(local: TestClient) -> None:
    page = local.get("/").text
    tree = LexborHTMLParser(page)
    assert [node.text() for node in tree.css(".chart b")] == ["Next 48 hours", "Next 14 days"]
    assert texts(page, ".chart figcaption span")[1] == (
        "4 mails in 14 days; most of them, 2, on Tue 24 Nov."
    )
    assert texts(page, ".chart:last-child tbody tr")[:4] == [
        "Mon 23 Nov 0",
        "Tue 24 Nov 2",
        "Wed 25 Nov 2",
        "Thu 26 Nov 0",
    ]


def test_a_chart_is_a_picture_with_words_and_without_script_or_style(local: TestClient) -> None:
    tree = LexborHTMLParser(local.get("/").text)
    for svg in tree.css("#forecast svg"):
        assert svg.attributes["role"] == "img"
        assert "mails in" in (svg.attributes["aria-label"] or "")
    section = tree.css_first("#forecast")
    assert section is not None
    assert section.css("script, style, [style]") == []


def test_the_table_of_hours_leaves_out_those_without_mails(context: Context) -> None:
    by_hour, by_day = both(context)
    assert [(bar.name, bar.mails) for bar in by_hour.rows] == [
        ("Tue 00:00", 1),
        ("Tue 08:00", 1),
        ("Wed 00:00", 1),
        ("Wed 08:00", 1),
    ]
    assert len(by_day.rows) == 14


def test_the_highest_bar_fits_and_begins_at_the_ground(context: Context) -> None:
    for chart in both(context):
        assert chart.top >= max(bar.mails for bar in chart.bars)
        for bar in chart.bars:
            assert bar.y + bar.height == pytest.approx(HEIGHT)


def test_what_is_over_the_limit_is_marked_and_told(context: Context) -> None:
    _, by_day = both(context, Rate(per_day=1))
    assert [bar.hot > 0 for bar in by_day.bars[:4]] == [False, True, True, False]
    assert by_day.bars[1].waiting == 1
    assert "On Tue 24 Nov 1 mail cannot leave; the last leaves on Fri 27 Nov." in by_day.said
    assert by_day.allowed == "The dashed line: 1 a day can leave."
    assert by_day.limit.startswith("0,50 10,50 10,50")


def test_a_limit_far_above_the_bars_is_no_line(context: Context) -> None:
    _, by_day = both(context, Rate(per_day=1000))
    assert by_day.limit == ""
    assert by_day.top == 2


def test_without_mails_there_is_a_sentence_and_no_picture(context: Context) -> None:
    empty = replace(forecast(context, 14), hours=(), days=(), clashes=())
    for chart in shown(empty, pending=False).charts:
        assert chart.top == 0
        assert chart.said.startswith("No mail falls due")


def test_before_the_first_forecast_the_page_has_none(context: Context) -> None:
    found = shown(None, pending=True)
    assert found.pending
    assert not found.charts
