"""Keys on many machines: they must be set, and the key of addresses is the same everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from bypost.delivery.shared_keys import ADDRESSES, LINKS, check
from bypost.errors import SettingsError
from bypost.project import open_project
from bypost.settings import Settings, load_settings
from bypost.store import Store, meta

KEYS = {LINKS: "a-key-of-links", ADDRESSES: "a" * 32}


def settings(tmp_path: Path, **environ: str) -> Settings:
    return load_settings(tmp_path, environ)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, f"{LINKS} and {ADDRESSES}"),
        ({LINKS: "x"}, ADDRESSES),
        ({ADDRESSES: "a" * 32}, LINKS),
    ],
)
def test_a_machine_without_a_key_is_told_which_and_how_to_make_one(
    store: Store, tmp_path: Path, given: dict[str, str], missing: str
) -> None:
    with pytest.raises(SettingsError) as said:
        check(settings(tmp_path, **given), store)
    assert str(said.value).startswith(f"{missing}: must be set")
    assert "openssl rand -hex 32" in str(said.value)


def test_a_machine_with_another_key_of_addresses_is_refused(store: Store, tmp_path: Path) -> None:
    check(settings(tmp_path, **KEYS), store)
    check(settings(tmp_path, **{**KEYS, LINKS: "newer, a-key-of-links"}), store)
    with pytest.raises(SettingsError, match="is not the key this database was used with") as said:
        check(settings(tmp_path, **{**KEYS, ADDRESSES: "b" * 32}), store)
    assert "bbbb" not in str(said.value)


def test_a_key_that_could_be_guessed_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="too short"):
        check(settings(tmp_path, **{**KEYS, ADDRESSES: "a" * 31}), store)


def test_the_database_holds_a_fingerprint_from_which_the_key_is_not_found(
    store: Store, tmp_path: Path
) -> None:
    check(settings(tmp_path, **KEYS), store)
    with store.read() as connection:
        kept = meta.get(connection, "address_key")
    assert kept
    assert len(kept) == 16
    assert KEYS[ADDRESSES] not in kept


def test_two_machines_open_each_others_links_and_know_each_others_erased(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("BYPOST_DATABASE__URL", url)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "one" / "lessons").mkdir(parents=True)
    (tmp_path / "two" / "lessons").mkdir(parents=True)
    with open_project(tmp_path / "one") as one, open_project(tmp_path / "two") as two:
        link = b"0123456789abcdef"
        assert two.links.verify(one.links.token(link)) == link
        assert one.address_hash("ana@example.org") == two.address_hash("ana@example.org")
    assert not (tmp_path / "one" / "var" / "secret.key").exists()
