"""The command that holds our requests against the vendors' descriptions finds what is wrong."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from tests.contracts.shape import SPECS
from tests.specs import __main__ as command
from tests.specs import descriptions
from tests.specs.made import Made, made_by

ITEM = orjson.loads((SPECS / "resend-batch.json").read_bytes())["schema"]["items"]
RESEND: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://api.resend.com"}],
    "paths": {
        "/emails/batch": {
            "parameters": [{"name": "Idempotency-Key", "in": "header", "required": True}],
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "array",
                                "items": {"$ref": "#/components/schemas/Email"},
                            }
                        }
                    }
                }
            },
        },
        "/domains": {
            "get": {"parameters": [{"name": "after", "in": "query"}]},
        },
    },
    "components": {
        "schemas": {"Email": ITEM},
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
}
KNOWN = descriptions.KNOWN["resend"][1].words


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mails.json").write_bytes(orjson.dumps(RESEND))
    return tmp_path


@pytest.fixture(scope="module")
def batch() -> Made:
    return next(made for made in made_by("resend") if made.people > 1)


def faults(folder: Path, made: Made) -> list[str]:
    found = descriptions.find(descriptions.load(folder), made)
    assert found
    return list(found[0].content.faults(found[1], made))


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["tests.specs", str(folder)])
    monkeypatch.setattr(command, "HOOKS", ["resend"])
    return command.main()


def test_every_adapter_makes_requests_for_one_and_for_many_and_asks() -> None:
    for name in command.HOOKS:
        made = made_by(name)
        assert min(one.people for one in made) == 0
        assert {1, 3} <= {one.people for one in made}
        assert max(one.people for one in made) >= 50
        assert {one.method for one in made} == {"post", "get"}


def test_a_good_request_has_the_known_fault_alone(folder: Path, batch: Made) -> None:
    assert faults(folder, batch) == ["header x-batch-validation: is not described"]
    known = descriptions.excuse("resend", faults(folder, batch)[0])
    assert known
    assert known.words == KNOWN
    assert descriptions.excuse("postmark", faults(folder, batch)[0]) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"body": b'[{"from": "a", "to": "b"}]'}, "$[0]: 'subject' is a required property"),
        ({"body": b'[{"from": "a", "to": "b", "subject": "", "txt": ""}]'}, "'txt' was unexpected"),
        ({"headers": {"Content-Type": "text/plain"}}, "header content-type: text/plain, not app"),
        ({"headers": {}}, "header idempotency-key: is missing"),
        ({"url": "https://api.resend.com/emails/batch?test=1"}, "query test: is not described"),
    ],
    ids=repr,
)
def test_what_the_description_does_not_allow_is_found(
    folder: Path, batch: Made, changes: dict[str, Any], said: str
) -> None:
    assert said in " ".join(faults(folder, replace(batch, **changes)))


def test_another_address_is_described_nowhere(folder: Path, batch: Made) -> None:
    known = descriptions.load(folder)
    for url in ("https://api.resend.com/emails/batches", "https://example.org/emails/batch"):
        assert descriptions.find(known, replace(batch, url=url)) is None
    assert descriptions.find(known, replace(batch, method="put")) is None


def test_swagger_2_is_read_as_well(tmp_path: Path, batch: Made) -> None:
    schema = {"type": "array", "items": {"$ref": "#/definitions/Email"}}
    email = {"properties": {name: {} for name in ITEM["properties"] if name != "tags"}}
    document = {
        "swagger": "2.0",
        "host": "api.resend.com",
        "consumes": ["application/json"],
        "paths": {
            "/emails/batch": {
                "post": {"parameters": [{"name": "body", "in": "body", "schema": schema}]}
            }
        },
        "definitions": {"Email": email},
    }
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(document))
    found = faults(tmp_path, batch)
    assert "$[0]: Unevaluated properties are not allowed ('tags' was unexpected)" in found


def test_amazon_s_form_is_read_as_well(tmp_path: Path) -> None:
    spec = orjson.loads((SPECS / "ses.json").read_bytes())
    http = {"SendEmail": "/v2/email/outbound-emails"}
    for name, uri in http.items():
        spec["operations"][name]["http"] = {"method": "POST", "requestUri": uri}
    operations = {name: spec["operations"][name] for name in http}
    document = {**spec, "operations": operations, "metadata": {"endpointPrefix": "email"}}
    (tmp_path / "service-2.json").write_bytes(orjson.dumps(document))
    one = next(made for made in made_by("ses") if made.people == 1)
    assert faults(tmp_path, one) == []
    wrong = replace(one, body=one.body.replace(b'"Subject"', b'"Subjekt"'))
    assert "Subjekt is not known" in " ".join(faults(tmp_path, wrong))


def test_what_a_third_party_wrote_is_passed_over(folder: Path) -> None:
    (folder / "other.json").write_bytes(orjson.dumps({**RESEND, "paths": {}}))
    about = {"files": {"oth*.json": {"official": False}}}
    (folder / "README.json").write_bytes(orjson.dumps(about))
    assert [one.file for one in descriptions.load(folder)] == ["mails.json"]


def test_the_command_says_what_it_found_and_ends_well(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, monkeypatch) == 0
    said = capsys.readouterr().out
    assert "POST /emails/batch" in said
    assert f"known of resend's: {KNOWN}: met " in said


@pytest.mark.parametrize("trouble", ["FAULT", "GONE", "NEW"])
def test_the_command_fails_on_a_fault_and_on_what_is_known_no_more(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trouble: str,
) -> None:
    document = orjson.loads(orjson.dumps(RESEND))
    if trouble == "FAULT":
        document["components"]["schemas"]["Email"]["properties"].pop("tags")
    if trouble == "GONE":
        header = {"name": "x-batch-validation", "in": "header"}
        document["paths"]["/emails/batch"]["parameters"].append(header)
    if trouble == "NEW":
        about = {"files": {"mails.json": {"known_faults": ["it is yellow"]}}}
        (folder / "README.json").write_bytes(orjson.dumps(about))
    (folder / "mails.json").write_bytes(orjson.dumps(document))
    assert run(folder, monkeypatch) == 1
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines if line.split()[0].isupper()} == {trouble}


def test_a_folder_without_descriptions_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, monkeypatch) == 2
    told = capsys.readouterr().err.replace("\n", "")  # as wide as the terminal
    assert str(tmp_path.name) in told
