"""Whether a request's body is one that a vendor's description allows.

As much of JSON Schema as the copies in ``tests/recorded/specs`` use. A member that is not described
counts as a fault too, since descriptions rarely forbid one and a misspelt name is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES: Mapping[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}


def faults(schema: Mapping[str, Any], value: Any, at: str = "$") -> list[str]:
    """Return what is wrong with ``value``, each with its place."""
    wanted = schema.get("type")
    if wanted and not isinstance(value, _TYPES[wanted]):
        return [f"{at}: not {wanted}"]
    if isinstance(value, dict):
        return _of_object(schema, value, at)
    if isinstance(value, list):
        most = schema.get("maxItems", len(value))
        found = [f"{at}: {len(value)} items"] if len(value) > most else []
        for index, one in enumerate(value):
            found += faults(schema.get("items", {}), one, f"{at}[{index}]")
        return found
    if isinstance(value, str) and not (
        schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    ):
        return [f"{at}: {len(value)} characters"]
    return []


def _of_object(schema: Mapping[str, Any], value: Mapping[str, Any], at: str) -> list[str]:
    known, further = schema.get("properties", {}), schema.get("additionalProperties", False)
    found = [f"{at}: no {name}" for name in schema.get("required", ()) if name not in value]
    for name, one in value.items():
        inner = known.get(name, further)
        if inner is False:
            found.append(f"{at}: {name} is not described")
        else:
            found += faults(inner, one, f"{at}.{name}")
    return found
