"""Pictures are stored before the mails that show them, and a crash between does no harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bypost.delivery.context import Context
from bypost.delivery.publish import Publisher
from bypost.delivery.run import Pass
from bypost.delivery.shape import Shape
from bypost.project import open_rehearsal
from bypost.store import Store, assets, contents
from bypost.store.schema import assets as kept
from bypost.store.schema import contents as mails
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people
from tests.render.pictures import encoded, noise


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project)
    write_people(empty_project, "anna@example.org,Anna,UTC")
    folder = empty_project / "lessons" / "letters"
    for number, lesson in enumerate(("00-one", "01-two")):
        (folder / f"{number}.png").write_bytes(encoded(noise(40 + number, 30), "PNG"))
        with (folder / f"{lesson}.md").open("a", encoding="utf-8") as file:
            file.write(f"\n![A picture]({number}.png)\n")
    return empty_project


def counts(store: Store) -> tuple[int, int]:
    """Return how many pictures and how many mails are stored."""
    with store.read() as connection:
        found = [connection.execute(select(func.count()).select_from(t)) for t in (kept, mails)]
    return found[0].scalar_one(), found[1].scalar_one()


def fail(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_no_mail_is_stored_before_its_pictures(
    project: Path, open_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = open_context(project)
    with monkeypatch.context() as broken:
        broken.setattr(assets, "save", fail)
        with pytest.raises(KeyboardInterrupt):
            Pass(context).run()
    assert counts(context.store) == (0, 0)
    with monkeypatch.context() as broken:
        broken.setattr(contents, "save", fail)
        with pytest.raises(KeyboardInterrupt):
            Pass(context).run()
    assert counts(context.store) == (2, 0)
    assert Pass(context).run().this_pass.accepted == 1
    assert counts(context.store)[0] == 2


def test_a_new_picture_is_a_new_text_and_nobody_has_the_lesson_again(
    project: Path, open_context: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = open_context(project)
    assert Pass(context).run().this_pass.accepted == 1
    before = shape(context)
    picture = project / "lessons" / "letters" / "0.png"
    picture.write_bytes(encoded(noise(50, 50), "PNG"))
    assert Pass(context).run().this_pass.accepted == 0
    assert shape(context) != before
    assert counts(context.store)[0] == 3


def shape(context: Context) -> Shape | dict[str, Any]:
    with context.store.read() as connection:
        return contents.applied(connection)["letters"]


def test_a_rehearsal_keeps_the_pictures_of_its_own(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    with open_rehearsal(project, folder) as context:
        Pass(context).run()
        assert counts(context.store)[0] == 2
    assert not (project / "var" / "bypost.db").exists()


def test_a_new_logo_is_taken_over(project: Path, open_context: Callable[..., Context]) -> None:
    logo = project / "images" / "logo.png"
    logo.parent.mkdir()
    logo.write_bytes(encoded(noise(60, 20), "PNG"))
    context = open_context(project, {"BYPOST_THEME__LOGO": "images/logo.png"})
    publisher = Publisher(context)
    first = publisher.take_over(patient=False)
    assert counts(context.store)[0] == 3
    assert publisher.take_over(patient=False) is first
    logo.write_bytes(encoded(noise(61, 20), "PNG"))
    assert publisher.take_over(patient=False) is not first
    assert counts(context.store)[0] == 4
    logo.write_bytes(b"<svg/>")
    assert publisher.take_over(patient=False).held.keys() >= {"templates/email"}
