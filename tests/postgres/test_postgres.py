"""The store over PostgreSQL: the shared rules, and what is PostgreSQL's own."""

from __future__ import annotations

from typing import Any

from bypost.store import Connection
from tests.contracts.assets import AssetContract
from tests.contracts.caps import CapContract
from tests.contracts.events import EventContract
from tests.contracts.holds import HoldContract
from tests.contracts.impact import ImpactContract
from tests.contracts.settling import SettlingContract
from tests.contracts.signups import SignupContract
from tests.contracts.store import StoreContract
from tests.contracts.tokens import TokenContract


class TestPostgres(
    StoreContract,
    AssetContract,
    CapContract,
    EventContract,
    HoldContract,
    ImpactContract,
    SettlingContract,
    SignupContract,
    TokenContract,
):
    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        # As the server does by itself, once there are enough rows to count.
        with connection.engine.connect() as other:
            other.execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=False)
            other.exec_driver_sql("ANALYZE")
        # A small table is read as a whole, faster; here it counts whether an index could serve.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {sql}", parameters)
        return "\n".join(str(row[0]) for row in rows)
