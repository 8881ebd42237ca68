"""Every page of the desk and of the public site, over a filled database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.filled import Filled
from tests.bench.pages import _addresses as addresses

#: There is no such picture.
MISSING = "/assets/"


@pytest.fixture(scope="module")
def filled(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with pytest.MonkeyPatch.context() as patch:
        # A database that several machines use wants them from the environment.
        patch.setenv("BYPOST_SITE__SECRET_KEYS", "k" * 32)
        patch.setenv("BYPOST_SITE__ADDRESS_KEY", "a" * 32)
        found = Filled(tmp_path_factory.mktemp("filled") / "project", 300)
    yield found
    found.context.store.close()


def test_every_page_of_the_desk_answers(filled: Filled) -> None:
    answers = {path: filled.get(path) for path in addresses(filled)}
    assert len(answers) > 60
    wrong = {
        path: (answer.status_code, answer.text[:300])
        for path, answer in answers.items()
        if answer.status_code not in {200, 303, 409} and MISSING not in path
    }
    assert wrong == {}
