"""Which registered keys a definition depends on."""

from __future__ import annotations

from datetime import datetime

from rivers.partitions import PartitionsDefinition as D
from rivers.partitions.namespaces import dynamic_namespaces


def test_the_namespaces_of_definitions_and_of_their_dimensions_are_named_once() -> None:
    users, shops = D.dynamic("users"), D.dynamic("shops")
    product = D.multi({"day": D.daily(datetime(2024, 1, 1)), "shop": shops, "user": users})
    assert dynamic_namespaces([users, D.static_(["a"]), product, users]) == ("users", "shops")
    assert dynamic_namespaces([]) == ()
