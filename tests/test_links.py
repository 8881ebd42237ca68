"""Tokens in mails: cheap to make, hard to forge, valid for as long as any key is kept."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.errors import SettingsError
from bypost.links import LINK_ID_BYTES, AddressHash, Fresh, Links, new_link_id, read_or_make_keys

SITE = "https://course.example.org"
ID = bytes(range(LINK_ID_BYTES))
LINKS = Links(SITE, ["new", "old"])


def test_a_token_has_34_characters_and_gives_back_its_link_id() -> None:
    for _ in range(50):
        link_id = new_link_id()
        token = LINKS.token(link_id)
        assert len(token) == 34
        assert LINKS.verify(token) == link_id


def test_the_addresses_in_mails_hold_the_token_and_nothing_else() -> None:
    token = LINKS.token(ID)
    assert LINKS.leave(token) == f"{SITE}/u/{token}"
    assert LINKS.progress(token) == f"{SITE}/p/{token}"
    assert LINKS.confirm(token) == f"{SITE}/c/{token}"


def test_a_token_of_a_retired_key_still_verifies() -> None:
    token = Links(SITE, ["old"]).token(ID)
    assert LINKS.verify(token) == ID
    assert LINKS.token(ID) != token, "the newest key signs"


def test_a_token_of_another_key_is_refused() -> None:
    assert LINKS.verify(Links(SITE, ["other"]).token(ID)) is None


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_fresh_link_works_for_half_an_hour_and_across_a_change_of_keys() -> None:
    address = Links(SITE, ["old"]).fresh("export", 12, NOON)
    token = address.removeprefix(f"{SITE}/f/")
    assert address != token
    for minutes, works in ((0, True), (30, True), (31, False), (-31, False)):
        found = LINKS.open_fresh(token, NOON + timedelta(minutes=minutes))
        assert (found == Fresh("export", 12)) is works


@pytest.mark.parametrize("change", ["key", "purpose", "shape", "cut", "letter", "empty"])
def test_a_fresh_link_that_was_tampered_with_is_refused(change: str) -> None:
    good = LINKS.sign("fresh", ["export", 12, NOON.timestamp()])
    token = {
        "key": Links(SITE, ["other"]).sign("fresh", ["export", 12, NOON.timestamp()]),
        "purpose": LINKS.sign("form", ["export", 12, NOON.timestamp()]),
        "shape": LINKS.sign("fresh", {"export": 12}),
        "cut": good[:-2],
        "letter": ("A" if good[0] != "A" else "B") + good[1:],
        "empty": "",
    }[change]
    assert LINKS.open_fresh(good, NOON) is not None
    assert LINKS.open_fresh(token, NOON) is None


def test_what_is_signed_comes_back_for_its_purpose_alone() -> None:
    signed = LINKS.sign("one", {"a": [1, "é"]})
    assert LINKS.unsign("one", signed) == {"a": [1, "é"]}
    assert LINKS.unsign("two", signed) is None


@given(place=st.integers(0, 24), change=st.integers(1, 255))
def test_a_token_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(LINKS.token(ID) + "=="))
    raw[place] ^= change
    assert LINKS.verify(base64.urlsafe_b64encode(raw).decode().rstrip("=")) is None


@pytest.mark.parametrize("length", [0, 1, 8, 25, 33])
def test_a_token_cut_short_is_refused(length: int) -> None:
    assert LINKS.verify(LINKS.token(ID)[:length]) is None


def test_a_token_is_written_in_one_way_only() -> None:
    token = LINKS.token(ID)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    valid = [token[:-1] + last for last in alphabet if LINKS.verify(token[:-1] + last)]
    assert valid == [token]
    for odd in (f"{token}=", f"{token}==", f" {token}", f"{token}\n", f"{token}A", f"{token}/"):
        assert LINKS.verify(odd) is None


@settings(max_examples=200)
@given(text=st.text(max_size=40) | st.text("AZaz09-_+/=", min_size=30, max_size=38))
def test_no_text_whatever_raises_or_verifies(text: str) -> None:
    assert LINKS.verify(text) is None


def test_an_address_hash_depends_on_its_key_and_says_nothing_of_the_address() -> None:
    one, other = AddressHash("one"), AddressHash("other")
    assert one("ana@example.org") == one("ana@example.org")
    assert len({one("ana@example.org"), other("ana@example.org"), one("ben@example.org")}) == 3
    assert len(one("ana@example.org")) == 16
    assert b"ana" not in one("ana@example.org")


# The key file


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret.key"
    old = os.umask(0)
    try:
        keys = read_or_make_keys(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(set(keys)) == 2
    before = path.read_bytes()
    assert read_or_make_keys(path) == keys
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["secret.key"], "no draft stays"


@pytest.mark.process
def test_processes_that_race_for_the_key_file_all_get_the_same_keys(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret.key"
    # All wait for one word on their standard input, so that they start together.
    code = (
        "import sys; from pathlib import Path; from bypost.links import read_or_make_keys;"
        "print('ready', flush=True); sys.stdin.readline();"
        "print(*read_or_make_keys(Path(sys.argv[1])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n", timeout=60)[0] for process in processes]
    assert len(set(answers)) == 1
    assert answers[0].split() == list(read_or_make_keys(path))
    assert [file.name for file in path.parent.iterdir()] == ["secret.key"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "something else\n",
        f"links {'a' * 64}\n",
        f"links {'a' * 64}\naddresses {'b' * 20}\n",
        f"links {'a' * 64}\naddresses {'z' * 64}\n",
        f"links {'a' * 64}\naddresses {'b' * 64}\nmore {'c' * 64}\n",
        "links å\naddresses b\n",
    ],
)
def test_a_damaged_key_file_is_told_and_never_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="not a usable key file\n    restore it") as caught:
        read_or_make_keys(path)
    assert "a" * 20 not in f"{caught.value}{caught.value.__cause__}"
    assert path.read_text(encoding="utf-8") == content


def test_a_folder_that_cannot_hold_the_key_file_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    with pytest.raises(SettingsError, match="the key file: Not a directory"):
        read_or_make_keys(tmp_path / "var" / "secret.key")
