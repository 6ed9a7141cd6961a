"""What a repository answers before anybody has resolved it."""

from __future__ import annotations

from pathlib import Path

import pytest

import rivers as rs
from rivers.exceptions import ConfigurationError
from tests.execution.opened import Db, calls


@rs.Asset
def raw() -> int:
    return 1


@pytest.mark.rule("repository 2.4")
def test_validate_touches_neither_storage_nor_resources_nor_handler_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def keyed() -> int:
        return 1

    repo = rs.CodeRepository([rs.Asset(io_handler="nowhere")(keyed)], resources={"db": Db()})
    repo.validate()
    assert calls == []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigurationError, match=r"keyed.*nowhere"):
        repo.resolve()


def test_of_two_triggers_of_one_name_the_later_one_counts() -> None:
    first = rs.Sensor(name="s", job_name="j", description="first")
    second = rs.Sensor(name="s", job_name="j", description="second")
    repo = rs.CodeRepository([raw], jobs=[rs.Job("j", [raw])], sensors=[first, second])
    assert repo.sensors == [second]


def test_a_wrong_argument_is_that_of_the_class_which_users_know() -> None:
    with pytest.raises(TypeError, match=r"^CodeRepository\.__init__\(\) got an unexpected keyword argument 'asets'"):
        rs.CodeRepository(asets=[raw])
