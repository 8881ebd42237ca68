import pytest

pytest.register_assert_rewrite(
    "tests.contracts.provider", "tests.contracts.http_provider", "tests.contracts.webhook"
)
