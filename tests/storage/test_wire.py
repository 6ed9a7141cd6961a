"""The wire format."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError
from rivers.storage.wire import clamped, pack, pack_array, unpack, whole


@pytest.mark.parametrize("count", [0, 1, 23, 24, 255, 256, 70_000])
def test_an_array_of_encoded_items_is_an_array(count):
    assert unpack(pack_array([pack(["x", number]) for number in range(count)])) == [["x", n] for n in range(count)]


def test_numbers_that_do_not_fit_are_refused_or_clamped():
    assert whole(2**63 - 1) == 2**63 - 1
    for number in (2**63, -(2**63), 2**70):
        with pytest.raises(StorageError, match="63 bits"):
            whole(number)
    assert [clamped(number) for number in (-(10**30), 5, 10**30)] == [1 - 2**63, 5, 2**63 - 1]


def test_what_has_no_encoding_is_a_storage_error():
    with pytest.raises(StorageError, match="cannot be stored"):
        pack(object())
