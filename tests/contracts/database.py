"""Everything that a database must do, in one class: what is added here holds for each of them."""

from __future__ import annotations

from tests.contracts.assets import AssetContract
from tests.contracts.caps import CapContract
from tests.contracts.events import EventContract
from tests.contracts.holds import HoldContract
from tests.contracts.impact import ImpactContract
from tests.contracts.many_rows import ManyRowsContract
from tests.contracts.rest import RestContract
from tests.contracts.settling import SettlingContract
from tests.contracts.signups import SignupContract
from tests.contracts.store import StoreContract
from tests.contracts.tokens import TokenContract


class DatabaseContract(
    StoreContract,
    AssetContract,
    CapContract,
    EventContract,
    HoldContract,
    ImpactContract,
    ManyRowsContract,
    RestContract,
    SettlingContract,
    SignupContract,
    TokenContract,
):
    """All rules of a database."""
