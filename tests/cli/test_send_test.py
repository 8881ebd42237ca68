"""``bypost preview --send-test``: a marked test from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.testing.fake_resend import FakeResend
from tests.cli.conftest import Ran

Run = Callable[..., Ran]
ME = "me@example.org"


@pytest.fixture(autouse=True)
def listed(project: Path) -> None:
    settings = project / "bypost.toml"
    settings.write_text(settings.read_text() + f'\n[preview]\naddresses = ["{ME}"]\n')


def test_a_mail_is_sent_as_a_test_and_the_command_says_where_it_is(run: Run, project: Path) -> None:
    done = run("preview", "--send-test", "letters/one", "--to", ME)
    assert done.code == 0
    (file,) = (project / "var/outbox").glob("test-*.eml")
    assert f"var/outbox/{file.name}" in done.out.replace("\n", "")
    assert "[TEST] The subject of one" in done.out
    assert not (project / "var/bypost.db").exists()


def test_a_file_names_its_mail_too(run: Run) -> None:
    done = run("preview", "--send-test", "lessons/letters/01-two.md", "--to", ME)
    assert "[TEST] The subject of two" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--send-test", "letters/one"), "--send-test needs --to"),
        (("--to", ME), "--to needs --send-test"),
        (("--send-test", "letters/oen", "--to", ME), "did you mean `letters/one`?"),
        (("--send-test", "letters/one", "--to", "else@example.org"), "[preview] addresses"),
        (("--send-test", "letters/one", "--to", ME, "--persona", "x"), "no such persona"),
    ],
)
def test_a_wrong_use_is_told_with_the_way_to_mend_it(
    run: Run, project: Path, words: tuple[str, ...], said: str
) -> None:
    done = run("preview", *words)
    assert done.code == 2
    assert said in done.err
    assert not (project / "var/outbox").exists()


def test_a_mail_that_does_not_compile_is_not_sent(run: Run, project: Path) -> None:
    lesson = project / "lessons/letters/00-one.md"
    lesson.write_text(lesson.read_text() + "\n{{ subscriber.nmae }}\n")
    done = run("preview", "--send-test", "letters/one", "--to", ME)
    assert done.code == 2
    assert "lessons/letters/00-one.md:11" in done.err


def real(project: Path, url: str) -> None:
    """Send through a real provider's adapter, from settings that are nobody's sample."""
    (project / "key.txt").write_text("re_test_key")
    (project / "bypost.toml").write_text(
        '[site]\nbase_url = "https://course.kestrel.dev"\n'
        '[sender]\nname = "K"\nemail = "k@kestrel.dev"\nreply_to = "k@kestrel.dev"\n'
        'postal_address = "5 Long Lane"\n[sending]\nprovider = "resend"\n'
        f'[providers.resend]\nbase_url = "{url}"\napi_key_file = "key.txt"\n'
        f'[preview]\naddresses = ["{ME}"]\n'
    )


def test_a_real_provider_gets_it(run: Run, project: Path) -> None:
    with FakeResend() as resend:
        real(project, resend.url)
        done = run("preview", "--send-test", "letters/one", "--to", ME)
        assert done.code == 0, done.err
        assert list(resend.accepted.values()) == [1]
    assert "through resend" in done.out


def test_a_provider_that_refuses_is_told_as_not_sent(run: Run, project: Path) -> None:
    with FakeResend(api_key="another") as resend:
        real(project, resend.url)
        done = run("preview", "--send-test", "letters/one", "--to", ME)
    assert done.code == 1
    assert "It was not sent." in done.err


def test_sample_settings_keep_a_real_provider_from_sending_it(run: Run, project: Path) -> None:
    (project / "key.txt").write_text("re_none")
    (project / "bypost.toml").write_text(
        '[sending]\nprovider = "resend"\n[providers.resend]\napi_key_file = "key.txt"\n'
        f'[preview]\naddresses = ["{ME}"]\n'
    )
    done = run("preview", "--send-test", "letters/one", "--to", ME)
    assert done.code == 2
    assert "[site] base_url" in done.err
