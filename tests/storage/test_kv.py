"""Key-value pairs and dynamic partition keys."""

from __future__ import annotations

import pytest

from rivers.exceptions import StorageError


def test_values_are_bytes_and_empty_ones_are_kept(storage):
    assert storage.kv_get("k") is None
    storage.kv_set("k", b"")
    assert storage.kv_get("k") == b""
    storage.kv_set("k", b"\x00\xff")
    assert storage.kv_get("k") == b"\x00\xff"
    storage.kv_set("", b"empty key")
    assert storage.kv_get("") == b"empty key"


@pytest.mark.parametrize("value", ["text", bytearray(b"x"), None, 3])
def test_other_types_are_refused(storage, value):
    with pytest.raises(TypeError, match="bytes"):
        storage.kv_set("k", value)


def test_the_keys_of_several_definitions_are_read_without_a_warning(storage):
    storage.add_dynamic_partitions("d", ["b", "a"])
    assert storage.registered_partitions(["d", "none"]) == {"d": {"a", "b"}, "none": frozenset()}
    assert storage.registered_partitions([]) == {}


@pytest.mark.rule("partitions 3.4.1")
def test_dynamic_partitions_collapse_duplicates_and_come_sorted(storage):
    storage.add_dynamic_partitions("d", ["b", "a", "b"])
    storage.add_dynamic_partitions("d", ["a", "k=1/x y"])
    storage.add_dynamic_partitions("other", [])
    assert storage.get_dynamic_partitions("d") == ["a", "b", "k=1/x y"]
    assert storage.has_dynamic_partition("d", "a")
    storage.delete_dynamic_partition("d", "a")
    storage.delete_dynamic_partition("d", "never there")
    assert not storage.has_dynamic_partition("d", "a")


def test_a_definition_without_keys_warns_with_its_name(storage):
    with pytest.warns(UserWarning, match="'nothing'"):
        assert storage.get_dynamic_partitions("nothing") == []


@pytest.mark.rule("partitions 3.4.2")
@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("", "'d': .*must not be empty"),
        ("a|b", r"a\|b.*'\|'"),
        ("a,b", "a,b.*','"),
        ("a\0", "cannot be stored"),
        ("\ud800", "cannot be stored"),
    ],
)
def test_one_bad_key_refuses_the_whole_list(storage, key, text):
    with pytest.raises(StorageError, match=text):
        storage.add_dynamic_partitions("d", ["good", key])
    assert not storage.has_dynamic_partition("d", "good")


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("abc", "'d' must be a list of str, got str"),
        (3, "got int"),
        (None, "NoneType"),
        (["good", 3], "must be a str, got int"),
    ],
)
def test_dynamic_keys_of_another_type_are_refused_and_a_text_is_no_list_of_keys(storage, keys, text):
    with pytest.raises(TypeError, match=text):
        storage.add_dynamic_partitions("d", keys)
    assert not storage.has_dynamic_partition("d", "good")
    assert not storage.has_dynamic_partition("d", "a")
