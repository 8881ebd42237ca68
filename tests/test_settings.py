"""Settings: every key in the file and in the environment, and errors that say how to mend them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bypost.errors import SettingsError
from bypost.settings import Settings, load_settings
from bypost.settings.model import KEYS

SECRET = "re_hunter2_hunter2"
#: Key -> as a file holds it, as a variable holds it, what becomes of it.
EXAMPLES: dict[str, tuple[str, str, Any]] = {
    "site.base_url": ('"https://a.example.com"', "https://a.example.com", "https://a.example.com"),
    "site.trusted_proxies": (
        '["10.0.0.1", "10.1.0.0/16"]',
        "10.0.0.1, 10.1.0.0/16",
        ("10.0.0.1", "10.1.0.0/16"),
    ),
    "signup.allowed_origins": (
        '["https://a.example.com"]',
        "https://a.example.com",
        ("https://a.example.com",),
    ),
    "api.per_minute": ("60", "60", 60),
    "alarms.email": ('"me@b.de"', "me@b.de", "me@b.de"),
    "alarms.webhook_url": (
        '"https://b.example/hook?x=1"',
        "https://b.example/hook?x=1",
        "https://b.example/hook?x=1",
    ),
    **{
        f"alarms.{name}": ("3", "3", 3)
        for name in (
            *("accepted", "events", "confirmation_requests", "signup_requests", "disk_mb"),
        )
    },
    **{
        f"alarms.{name}": ("0.5", "0.5", 0.5)
        for name in (
            *("hours", "bounce_share", "complaint_share", "complaint_alarm_share"),
            *("unknown_minutes", "pause_minutes", "silent_minutes", "workers_minutes"),
            *("over_minutes", "again_hours"),
        )
    },
    "alarms.confirmation_drop": ("0.25", "0.25", 0.25),
    "alarms.signup_factor": ("2.5", "2.5", 2.5),
    "doctor.dkim_selectors": ('["s1", "s2"]', "s1, s2", ("s1", "s2")),
    "doctor.timeout_seconds": ("1.5", "1.5", 1.5),
    "doctor.total_seconds": ("1.5", "1.5", 1.5),
    "check.off": ('["words", "reading"]', "words, reading", ("words", "reading")),
    "check.errors": ('["words", "reading"]', "words, reading", ("words", "reading")),
    "check.warnings": ('["words", "reading"]', "words, reading", ("words", "reading")),
    "check.infos": ('["words", "reading"]', "words, reading", ("words", "reading")),
    "check.clients": ('["gmail"]', "gmail", ("gmail",)),
    "check.links_most": ("20", "20", 20),
    "check.links_timeout_seconds": ("2.5", "2.5", 2.5),
    "check.links_pause_seconds": ("2.5", "2.5", 2.5),
    "check.links_total_seconds": ("2.5", "2.5", 2.5),
    "check.links_cache_hours": ("2.5", "2.5", 2.5),
    "sender.name": ('"Ana"', "Ana", "Ana"),
    "sender.email": ('"a@b.de"', "a@b.de", "a@b.de"),
    "sender.reply_to": ('"c@b.de"', "c@b.de", "c@b.de"),
    "sender.postal_address": ('"Street 1"', "Street 1", "Street 1"),
    "database.url": ('"sqlite:///x.db"', "sqlite:///x.db", "sqlite:///x.db"),
    **{
        f"keep.{name}_days": ("60", "60", 60)
        for name in (
            *("mails", "events", "raw", "attempts", "clicks", "daily", "contents", "networks"),
            *("imports", "audit"),
        )
    },
    "log.level": ('"debug"', "debug", "debug"),
    "log.format": ('"json"', "json", "json"),
    "signup.confirm_days": ("2", "2", 2.0),
    "signup.keep_unconfirmed_days": ("8.5", "8.5", 8.5),
    "signup.per_address_per_day": ("2", "2", 2),
    "signup.per_address_ever": ("5", "5", 5),
    "signup.per_network_per_hour": ("50", "50", 50),
    "signup.per_form_per_hour": ("60", "60", 60),
    "signup.per_hour": ("70", "70", 70),
    "signup.disposable": ('"refuse"', "refuse", "refuse"),
    "sending.provider": ('["resend", "outbox"]', "resend, outbox", ("resend", "outbox")),
    "sending.tick_seconds": ("0.5", "0.5", 0.5),
    "sending.lease_seconds": ("2.5", "2.5", 2.5),
    "sending.timeout_seconds": ("1.5", "1.5", 1.5),
    "sending.quiet_seconds": ("3", "3", 3),
    "sending.retry_seconds": ("0.2", "0.2", 0.2),
    "sending.failover_seconds": ("0.3", "0.3", 0.3),
    "sending.late_hours": ("0.01", "0.01", 0.01),
    "sending.unknown_hold_hours": ("0.25", "0.25", 0.25),
    "sending.batch_without_key": ("7", "7", 7),
    "sending.breaker_bounce_share": ("0.5", "0.5", 0.5),
    "sending.breaker_complaint_share": ("0.1", "0.1", 0.1),
    "sending.breaker_hours": ("1.5", "1.5", 1.5),
    "sending.breaker_accepted": ("3", "3", 3),
    "sending.breaker_events": ("2", "2", 2),
    "sending.threads": ("3", "3", 3),
    "sending.engine": ('"procrastinate"', "procrastinate", "procrastinate"),
    "caps.per_day": ("1", "1", 1),
    "caps.per_week": ("3", "3", 3),
    "caps.first": ('"newsletter"', "newsletter", "newsletter"),
    "caps.newsletters_wait_days": ("3", "3", 3),
    "caps.time_zone": ('"Europe/Berlin"', "Europe/Berlin", "Europe/Berlin"),
    "import.courses": ('["a", "b"]', "a,b", ("a", "b")),
    "import.newsletters": ('"a"', "a", ("a",)),
    "import.most_mb": ("500", "500", 500),
    "preview.editor": (
        '"idea://open?file={path}&line={line}"',
        "idea://open?file={path}&line={line}",
        "idea://open?file={path}&line={line}",
    ),
    "preview.addresses": (
        '["me@example.org", "you@example.org"]',
        "me@example.org, you@example.org",
        ("me@example.org", "you@example.org"),
    ),
    "theme.sans": (
        "\"'Segoe UI', sans-serif\"",
        "'Segoe UI', sans-serif",
        "'Segoe UI', sans-serif",
    ),
    "theme.serif": ('"serif"', "serif", "serif"),
    "theme.mono": ('"Menlo, monospace"', "Menlo, monospace", "Menlo, monospace"),
    "theme.width": ("560", "560", 560),
    "theme.logo": ('"images/logo.png"', "images/logo.png", "images/logo.png"),
    "theme.logo_width": ("96", "96", 96),
    **{
        f"theme.{palette}.{colour}": ('"#aBc"', "#aabbcc", "#AABBCC")
        for palette in ("light", "dark")
        for colour in (*("paper", "sheet", "ink", "muted", "accent", "on_accent", "wash", "line"),)
    },
    "providers.outbox.path": ('"mails"', "mails", Path("mails")),
    "providers.postmark.base_url": ('"http://x.example"', "http://x.example", "http://x.example"),
    "providers.postmark.per_second": ("2.5", "2.5", 2.5),
    "providers.postmark.per_day": ("100", "100", 100),
    "providers.postmark.batch_size": ("9", "9", 9),
    "providers.postmark.warm_up_start": ("2026-12-01", "2026-12-01", date(2026, 12, 1)),
    "providers.postmark.warm_up_first_day": ("20", "20", 20),
    "providers.postmark.warm_up_growth": ("2", "2", 2),
    "providers.postmark.bulk_stream": ('"lessons"', "lessons", "lessons"),
    "providers.postmark.transactional_stream": ('"notices"', "notices", "notices"),
    "providers.postmark.retention_days": ("365", "365", 365),
    "providers.resend.base_url": ('"http://[::1]:8025"', "http://[::1]:8025", "http://[::1]:8025"),
    "providers.resend.per_second": ("2.5", "2.5", 2.5),
    "providers.resend.per_day": ("100", "100", 100),
    "providers.resend.batch_size": ("9", "9", 9),
    "providers.resend.warm_up_start": ("2026-12-01", "2026-12-01", date(2026, 12, 1)),
    "providers.resend.warm_up_first_day": ("20", "20", 20),
    "providers.resend.warm_up_growth": ("2", "2", 2),
    "providers.ses.base_url": ('"http://x.example"', "http://x.example", "http://x.example"),
    "providers.ses.per_second": ("2.5", "2.5", 2.5),
    "providers.ses.per_day": ("100", "100", 100),
    "providers.ses.batch_size": ("9", "9", 9),
    "providers.ses.warm_up_start": ("2026-12-01", "2026-12-01", date(2026, 12, 1)),
    "providers.ses.warm_up_first_day": ("20", "20", 20),
    "providers.ses.warm_up_growth": ("2", "2", 2),
    "providers.mailgun.base_url": ('"http://x.example"', "http://x.example", "http://x.example"),
    "providers.mailgun.per_second": ("2.5", "2.5", 2.5),
    "providers.mailgun.per_day": ("100", "100", 100),
    "providers.mailgun.batch_size": ("9", "9", 9),
    "providers.mailgun.warm_up_start": ("2026-12-01", "2026-12-01", date(2026, 12, 1)),
    "providers.mailgun.warm_up_first_day": ("20", "20", 20),
    "providers.mailgun.warm_up_growth": ("2", "2", 2),
    "providers.sendgrid.base_url": ('"http://x.example"', "http://x.example", "http://x.example"),
    "providers.sendgrid.per_second": ("2.5", "2.5", 2.5),
    "providers.sendgrid.per_day": ("100", "100", 100),
    "providers.sendgrid.batch_size": ("9", "9", 9),
    "providers.sendgrid.warm_up_start": ("2026-12-01", "2026-12-01", date(2026, 12, 1)),
    "providers.sendgrid.warm_up_first_day": ("20", "20", 20),
    "providers.sendgrid.warm_up_growth": ("2", "2", 2),
    "providers.brevo.base_url": ('"http://x.example"', "http://x.example", "http://x.example"),
    "providers.brevo.per_second": ("2.5", "2.5", 2.5),
    "providers.brevo.per_day": ("100", "100", 100),
    "providers.brevo.batch_size": ("9", "9", 9),
    "providers.brevo.warm_up_start": ("2026-12-01", "2026-12-01", date(2026, 12, 1)),
    "providers.brevo.warm_up_first_day": ("20", "20", 20),
    "providers.brevo.warm_up_growth": ("2", "2", 2),
    "providers.mailtrap.base_url": ('"http://x.example"', "http://x.example", "http://x.example"),
    "providers.mailtrap.per_second": ("2.5", "2.5", 2.5),
    "providers.mailtrap.per_day": ("100", "100", 100),
    "providers.mailtrap.batch_size": ("9", "9", 9),
    "providers.mailtrap.warm_up_start": ("2026-12-01", "2026-12-01", date(2026, 12, 1)),
    "providers.mailtrap.warm_up_first_day": ("20", "20", 20),
    "providers.mailtrap.warm_up_growth": ("2", "2", 2),
    "providers.mailjet.base_url": ('"http://x.example"', "http://x.example", "http://x.example"),
    "providers.mailjet.per_second": ("2.5", "2.5", 2.5),
    "providers.mailjet.per_day": ("100", "100", 100),
    "providers.mailjet.batch_size": ("9", "9", 9),
    "providers.mailjet.warm_up_start": ("2026-12-01", "2026-12-01", date(2026, 12, 1)),
    "providers.mailjet.warm_up_first_day": ("20", "20", 20),
    "providers.mailjet.warm_up_growth": ("2", "2", 2),
    "providers.smtp.host": ('"mailpit"', "mailpit", "mailpit"),
    "providers.smtp.port": ("2525", "2525", 2525),
    "providers.smtp.username": ('"me"', "me", "me"),
    "providers.ses.configuration_set": ('"news"', "news", "news"),
    "providers.ses.region": ('"eu-west-1"', "eu-west-1", "eu-west-1"),
    "providers.mailgun.domain": ('"mg.example.org"', "mg.example.org", "mg.example.org"),
}


def load(root: Path, text: str = "", **environ: str) -> Settings:
    (root / "bypost.toml").write_text(text, encoding="utf-8")
    return load_settings(root, environ)


def value(settings: Settings, key: str) -> Any:
    found: Any = settings
    for name in key.split("."):
        found = getattr(found, {"import": "import_"}.get(name, name))
    return found


def complaint(root: Path, text: str = "", **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(root, text, **environ)
    return str(caught.value)


def test_there_is_an_example_of_every_key_that_is_no_secret() -> None:
    plain = {".".join(key) for key, secret in KEYS.items() if not secret}
    assert set(EXAMPLES) == {key for key in plain if not key.endswith("_file")}


@pytest.mark.parametrize("key", EXAMPLES)
def test_every_key_works_in_the_file_and_in_the_environment(tmp_path: Path, key: str) -> None:
    in_file, in_environment, expected = EXAMPLES[key]
    section, _, name = key.rpartition(".")
    variable = "BYPOST_" + key.upper().replace(".", "__")
    assert value(load(tmp_path, f"[{section}]\n{name} = {in_file}\n"), key) == expected
    assert value(load(tmp_path, "", **{variable: in_environment}), key) == expected
    assert value(load(tmp_path), key) != expected, "the example differs from the default"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "[sending]\ntick_seconds = 1\nthreads = 2\n", BYPOST_SENDING__TICK_SECONDS="9"
    )
    assert (settings.sending.tick_seconds, settings.sending.threads) == (9, 2)


def test_the_defaults_are_those_of_the_design(tmp_path: Path) -> None:
    sending = load_settings(tmp_path, {}).sending.model_dump()
    assert sending == {
        "provider": ("outbox",),
        "tick_seconds": 5,
        "lease_seconds": 120,
        "timeout_seconds": 30,
        "quiet_seconds": 900,
        "retry_seconds": 30,
        "failover_seconds": 300,
        "late_hours": 24,
        "unknown_hold_hours": 24,
        "batch_without_key": 100,
        "breaker_bounce_share": 0.05,
        "breaker_complaint_share": 0.003,
        "breaker_hours": 24,
        "breaker_accepted": 100,
        "breaker_events": 5,
        "threads": 8,
        "engine": "threads",
    }


def test_the_shipped_file_says_what_the_defaults_are(tmp_path: Path) -> None:
    shipped = (Path(__file__).parent.parent / "bypost.toml").read_text(encoding="utf-8")
    assert load(tmp_path, shipped) == load_settings(tmp_path / "none", {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[sender]\nnmae = 'x'\n",
            "bypost.toml:2: sender.nmae: there is no such key\n    did you mean `name`?",
        ),
        (
            "\n[sendin]\nprovider = 'outbox'\n",
            "bypost.toml:2: sendin: there is no such key\n    did you mean `sending`?",
        ),
        (
            "[site]\ntick_seconds = 3\n",
            (
                "bypost.toml:2: site.tick_seconds: there is no such key\n"
                "    `tick_seconds` belongs under [sending]"
            ),
        ),
        (
            "[database]\nzzz = 1\n",
            "bypost.toml:2: database.zzz: there is no such key\n    known here: url",
        ),
        (
            "root = '/'\n",
            (
                "bypost.toml:1: root: there is no such key\n"
                "    known here: "
                "alarms, api, caps, check, database, doctor, import, keep, log, preview, "
                "providers, sender, sending, signup, site, theme"
            ),
        ),
        (
            "[providers.resnd]\nper_second = 1\n",
            "bypost.toml:1: providers.resnd: there is no such key\n    did you mean `resend`?",
        ),
    ],
)
def test_an_unknown_key_is_told_with_its_line_and_the_nearest_known_one(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert complaint(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("BYPOST_SENDER__EMIAL", "did you mean BYPOST_SENDER__EMAIL?"),
        ("BYPOST_SENDING_PROVIDER", "did you mean BYPOST_SENDING__PROVIDER?"),
        ("BYPOST_RESEND__API_KEY", "did you mean BYPOST_PROVIDERS__RESEND__API_KEY?"),
        ("BYPOST_SITE", "did you mean BYPOST_SITE__BASE_URL?"),
        ("BYPOST_ZZZ", "all settings: docs/settings.md"),
        ("BYPOST_", "all settings: docs/settings.md"),
    ],
)
def test_an_unknown_variable_is_told_with_the_nearest_known_one(
    tmp_path: Path, name: str, near: str
) -> None:
    said = complaint(tmp_path, "", **{name: SECRET})
    assert said == f"{name}: there is no such setting\n    {near}"


def test_a_request_is_kept_for_as_long_as_its_link_works(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[signup]\nconfirm_days = 20\n")
    assert said == "bypost.toml:1: signup: keep_unconfirmed_days must be at least confirm_days"


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    load(tmp_path, "", PATH="/bin", BYPOST_INSTANCE="a", XBYPOST_SITE__X="b")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sending.tick_seconds = 'soon'", "write a number"),
        ("sending.tick_seconds = [1]", "write a number"),
        ("sending.tick_seconds = 0", "must be more than 0"),
        ("sending.tick_seconds = inf", "write a number"),
        ("sending.tick_seconds = nan", "write a number"),
        ("sending.threads = 1.5", "write a whole number"),
        ("sending.threads = 'many'", "write a whole number"),
        ("sending.threads = 65", "must be at most 64"),
        ("sending.threads = 0", "must be at least 1"),
        ("sending.provider = []", "is empty"),
        ("sending.provider = 3", 'write a list such as ["one", "two"]'),
        ("sender.name = 5", "write a text in quotes"),
        ("sender.name = ''", "is empty or has a line break"),
        ('sender.name = "a\\nb"', "is empty or has a line break"),
        ("sender.postal_address = ' '", "is empty or has a line break"),
        ("sender.email = 'nobody'", "write an address such as course@example.org"),
        ("providers.outbox.path = 1", "write a path in quotes"),
        ("site = 3", "is a section, not a value"),
        (
            "site.base_url = 'https://a.example/course/'",
            "write scheme and host alone, without a path: https://a.example",
        ),
        (
            "site.base_url = 'https://a.example?x=1'",
            "write scheme and host alone, without a path: https://a.example",
        ),
        (
            "site.base_url = 'a.example'",
            "write scheme and host, e.g. https://course.example.org",
        ),
        (
            "site.base_url = 'https://user:pw@a.example'",
            "write scheme and host, e.g. https://course.example.org",
        ),
        (
            "preview.editor = 'javascript:alert({path})'",
            "write an address that opens your editor, e.g. vscode://file{path}:{line}",
        ),
        (
            "preview.editor = 'code {path}'",
            "write an address that opens your editor, e.g. vscode://file{path}:{line}",
        ),
        ("preview.editor = 'vscode://file'", "say with {path} where the file's path goes"),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_how_to_write_it(
    tmp_path: Path, line: str, said: str
) -> None:
    key = line.partition(" = ")[0]
    assert complaint(tmp_path, f"# a comment\n{line}\n") == f"bypost.toml:2: {key}: {said}"


def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[sending]\nthreads = 2\n", BYPOST_SENDING__THREADS="x")
    assert said == "BYPOST_SENDING__THREADS: sending.threads: write a whole number"


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[sending]\nthreads = 0\ntick_seconds = 0\n")
    assert re.findall(r"^bypost\.toml:\d", said, re.MULTILINE) == ["bypost.toml:3", "bypost.toml:2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[site]\nbase_url =\n", "bypost.toml:2: not readable as TOML: Invalid value"),
        (b"[site]\n[site]\n", "bypost.toml:2: not readable as TOML: Cannot declare"),
        (b"[site]\nbase_url = 'J\xe9'\n", "bypost.toml: not UTF-8"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "bypost.toml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value).startswith(said)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff[sending]\nthreads = 3\n").sending.threads == 3


def test_a_trailing_slash_of_the_site_is_taken_off(tmp_path: Path) -> None:
    settings = load(tmp_path, "site.base_url = 'https://a.example/'\n")
    assert settings.site.base_url == "https://a.example"


@pytest.mark.parametrize("key", [".".join(key) for key, secret in KEYS.items() if secret])
def test_a_secret_comes_from_the_environment_or_a_file_of_its_own_and_shows_nowhere(
    tmp_path: Path, key: str
) -> None:
    variable = "BYPOST_" + key.upper().replace(".", "__")
    (tmp_path / "key.txt").write_text(f"{SECRET}\n")
    name = key.rpartition(".")[2]
    for settings in (
        load(tmp_path, "", **{variable: SECRET}),
        load(tmp_path, f"{key}_file = 'key.txt'\n"),
        load(tmp_path, "", **{f"{variable}_FILE": str(tmp_path / "key.txt")}),
        load(
            tmp_path,
            f"{key}_file = 'nowhere'\n",
            **{variable: SECRET, f"{variable}_FILE": "key.txt"},
        ),
    ):
        found = value(settings, key)
        secrets = found if isinstance(found, tuple) else (found,)
        assert [secret.get_secret_value() for secret in secrets] == [SECRET]
        assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()
    said = complaint(tmp_path, f"[site]\n\n[{key.rpartition('.')[0]}.x]\n")
    assert SECRET not in said
    said = complaint(tmp_path, f"{key} = '{SECRET}'\n")
    assert SECRET not in said
    assert said == (
        f"bypost.toml:1: `{name}` is a secret and does not belong here\n"
        f"    set {variable}, or name a file with `{name}_file`"
    )


def test_several_secret_keys_stand_newest_first_with_commas_or_on_lines(tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text("new\nold\n\n")
    from_file = load(tmp_path, "site.secret_keys_file = 'keys.txt'\n").site.secret_keys
    from_variable = load(tmp_path, "", BYPOST_SITE__SECRET_KEYS="new, old,").site.secret_keys
    assert from_file == from_variable == (SecretStr("new"), SecretStr("old"))


def test_an_empty_variable_is_never_a_key_that_signs(tmp_path: Path) -> None:
    assert load(tmp_path, "", BYPOST_SITE__SECRET_KEYS="").site.secret_keys == ()
    said = complaint(tmp_path, "", BYPOST_PROVIDERS__RESEND__API_KEY="")
    assert said == "BYPOST_PROVIDERS__RESEND__API_KEY: providers.resend.api_key: is empty"


def test_a_secret_file_that_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[providers.resend]\napi_key_file = 'nowhere'\n")
    assert said == (
        "bypost.toml:2: api_key_file: cannot read `nowhere`\n    check the path and who may read it"
    )


def test_a_database_s_password_shows_nowhere(tmp_path: Path) -> None:
    settings = load(tmp_path, "", BYPOST_DATABASE__URL=f"postgresql://a:{SECRET}@host/db")
    assert SECRET not in repr(settings)


def test_settings_are_frozen(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(tmp_path).sending.threads = 3


def test_every_key_is_in_the_documentation() -> None:
    page = (Path(__file__).parent.parent / "docs/settings.md").read_text(encoding="utf-8")
    missing = [key for key in KEYS if f"`BYPOST_{'__'.join(key).upper()}`" not in page]
    assert missing == []


@pytest.mark.parametrize("value", ['"soon"', "2026-12-01T09:00:00", "1", '"2026-13-01"'])
def test_a_warm_up_begins_on_a_date(tmp_path: Path, value: str) -> None:
    told = complaint(tmp_path, f"[providers.resend]\nwarm_up_start = {value}\n")
    assert told == (
        "bypost.toml:2: providers.resend.warm_up_start: "
        "write a date without a time, e.g. 2026-12-01"
    )


def test_a_warm_up_that_does_not_grow_is_refused(tmp_path: Path) -> None:
    told = complaint(tmp_path, "[providers.resend]\nwarm_up_growth = 1\n")
    assert told == "bypost.toml:2: providers.resend.warm_up_growth: must be at least 1.01"


def test_the_host_of_ses_follows_the_region_unless_it_is_given(tmp_path: Path) -> None:
    def host(**given: str) -> str:
        named = {f"BYPOST_PROVIDERS__SES__{key.upper()}": text for key, text in given.items()}
        return str(load(tmp_path, "", **named).providers.ses.base_url)

    assert host() == "https://email.us-east-1.amazonaws.com"
    assert host(region="eu-west-1") == "https://email.eu-west-1.amazonaws.com"
    assert host(region="cn-north-1") == "https://email.cn-north-1.amazonaws.com.cn"
    assert host(region="eu-west-1", base_url="https://ses.example.com") == "https://ses.example.com"


@pytest.mark.parametrize(
    ("section", "line", "fix"),
    [
        ("ses", 'region = "Ireland"', "write a region such as eu-west-1"),
        ("mailgun", 'domain = "https://mg.example.org/"', "write the domain as it is named there"),
    ],
)
def test_a_region_and_a_domain_are_told_how_to_be_written(
    tmp_path: Path, section: str, line: str, fix: str
) -> None:
    said = complaint(tmp_path, f"[providers.{section}]\n{line}\n")
    assert "bypost.toml:2" in said
    assert fix in said
