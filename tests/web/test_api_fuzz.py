"""The description of the API, taken at its word: odd requests of every kind, and what comes back.

Schemathesis makes the requests from the description: such as it allows, and such as it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.web import make_site
from bypost.web.problem import API
from tests.web.api_client import make_token

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
]
#: Requests of each kind for each operation.
EXAMPLES = 10


@pytest.fixture
def described(project: Path, open_context: Callable[..., Context]) -> tuple[Any, dict[str, str]]:
    """The API as it describes itself, and the headers of a program that may do everything."""
    context = open_context(project, {"BYPOST_API__PER_MINUTE": "1000000"})
    Pass(context).run()
    schema = schemathesis.openapi.from_asgi(f"{API}/openapi.json", make_site(context))
    return schema, {"Authorization": f"Bearer {make_token(context)}"}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_request_finds_a_server_error_or_an_answer_that_is_not_described(
    described: tuple[Any, dict[str, str]], mode: GenerationMode
) -> None:
    schema, headers = described
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        _try(operation, headers, mode)


def _try(operation: Any, headers: dict[str, str], mode: GenerationMode) -> None:
    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    send()
