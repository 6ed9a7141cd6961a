"""Loading the user's module: every way in which it can go wrong names the thing and the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Project


def failure(project: Project, module: str, *options: str) -> str:
    """The stderr of a command that must fail with exit code 1 and without a traceback."""
    done = project.rivers("materialize", module, "--memory", *options)
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def test_a_module_that_does_not_exist_is_named_with_the_folder_and_a_near_name(project: Project) -> None:
    text = failure(project, "pipelin")
    assert "module 'pipelin' not found (ModuleNotFoundError" in text
    assert str(project.folder) in text
    assert "did you mean 'pipeline'" in text


def test_a_path_is_told_apart_from_a_module(project: Project) -> None:
    assert "such as 'pipeline'" in failure(project, "./pipeline.py")


@pytest.mark.parametrize("name", ["", ".pipeline"])
def test_a_name_that_cannot_be_a_module_is_refused(project: Project, name: str) -> None:
    assert "not a module name" in failure(project, name)


def test_a_module_with_a_missing_import_of_its_own_is_not_called_missing(project: Project) -> None:
    project.write("broken", "import rivers\nimport not_installed_anywhere\n")
    text = failure(project, "broken")
    assert "could not be imported, at" in text
    assert "broken.py:2" in text
    assert text.rstrip().endswith("ModuleNotFoundError: No module named 'not_installed_anywhere'")


def test_a_module_that_raises_is_named_with_file_and_line(project: Project) -> None:
    project.write("raising", "x = 1\n\nraise RuntimeError('no database')\n")
    text = failure(project, "raising")
    assert "raising.py:3" in text
    assert text.rstrip().endswith("RuntimeError: no database")


def test_a_syntax_error_is_named_with_file_and_line(project: Project) -> None:
    project.write("wrong", "x = 1\ndef (:\n")
    assert "wrong.py:2" in failure(project, "wrong")


def test_a_module_that_exits_is_named_with_file_and_line(project: Project) -> None:
    project.write("leaving", "import sys\nsys.exit(0)\n")
    text = failure(project, "leaving")
    assert "called sys.exit(0)" in text
    assert "leaving.py:2" in text


@pytest.mark.parametrize(
    ("declaration", "named"),
    [
        ("rs.Schedule(name='s', cron_schedule='99 * * * *', job_name='ab')", "99 * * * *"),
        ("rs.Schedule(name='s', cron_schedule='* * * * *', job_name='ab', timezone='Mars/Base')", "Mars/Base"),
    ],
)
def test_an_invalid_definition_names_the_line_of_the_user_and_what_is_wrong(
    project: Project, declaration: str, named: str
) -> None:
    project.write("invalid", f"import rivers as rs\n\n{declaration}\n")
    text = failure(project, "invalid")
    assert "invalid.py:3" in text
    assert named in text


def test_an_attribute_that_is_missing_is_named_with_those_that_are_there(project: Project) -> None:
    text = failure(project, "pipeline", "--repo-var", "zz")
    assert "'zz' not found in module 'pipeline'" in text
    assert "it has: repo" in text


def test_an_attribute_that_is_no_repository_is_refused(project: Project) -> None:
    assert "'ab' is not a CodeRepository" in failure(project, "pipeline", "--repo-var", "ab")


def test_an_error_bears_the_name_that_can_be_caught(project: Project) -> None:
    project.write(
        "wrong",
        "import rivers as rs\n@rs.Asset\ndef a(nope):\n    return 1\nrepo = rs.CodeRepository(assets=[a])\n",
    )
    stderr = project.rivers("materialize", "wrong", "--memory").stderr
    assert stderr.startswith("Error: ConfigurationError: Asset 'a': unresolved input 'nope'")


def test_debug_shows_the_traceback_before_or_after_the_command(project: Project) -> None:
    project.write("raising", "raise RuntimeError('no database')\n")
    for arguments in (("--debug", "materialize", "raising"), ("materialize", "raising", "--debug")):
        done = project.rivers(*arguments)
        assert done.returncode == 1
        assert "Traceback (most recent call last)" in done.stderr
        assert done.stderr.rstrip().endswith("RuntimeError: no database")


def test_a_repository_that_can_never_run_is_refused_before_a_store_is_created(project: Project) -> None:
    project.write(
        "dangling",
        "import rivers as rs\n"
        "@rs.Asset\ndef a():\n    return 1\n"
        "s = rs.Schedule(name='s', cron_schedule='* * * * *', job_name='nope')\n"
        "repo = rs.CodeRepository(assets=[a], schedules=[s])\n",
    )
    for command in ("serve", "materialize"):
        done = project.rivers(command, "dangling")
        assert done.returncode == 1
        assert "ScheduleDefinitionError: Schedule 's': job 'nope' not found" in done.stderr
    assert not (project.folder / ".rivers").exists()
