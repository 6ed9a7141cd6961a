"""The declaration of hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rivers.definitions.assets.assets import Asset
from rivers.definitions.policies.hooks import Hook, HookContext
from rivers.exceptions import AssetDefinitionError


def tell(context: HookContext[Any]) -> None:
    """Tells."""


@pytest.mark.rule("execution 4.1")
@pytest.mark.parametrize(
    ("factory", "kind", "hook_type"),
    [(Hook.success, Hook.Success, "success"), (Hook.failure, Hook.Failure, "failure")],
)
def test_the_bare_form_and_the_factory_give_a_hook_of_its_kind(
    factory: Callable[..., Hook], kind: type[Hook], hook_type: str
) -> None:
    for hook in (factory(tell), factory()(tell), factory(name="tell")(lambda context: None)):
        assert isinstance(hook, kind)
        assert isinstance(hook, Hook)
        assert (hook.name, hook.hook_type, hook.is_async) == ("tell", hook_type, False)
    assert factory(tell).function is tell
    assert factory(tell, name="other").name == "other"
    assert repr(factory(tell)) == f"Hook.{hook_type}(name='tell')"


def test_an_unbound_hook_can_be_used_again_and_has_no_function() -> None:
    decorator = Hook.success(name="n")
    assert decorator(tell) is not decorator(tell)
    with pytest.raises(AssetDefinitionError, match="not applied"):
        _ = decorator.function
    assert Hook.success().name is None


@pytest.mark.rule("execution 4.2")
def test_a_hook_cannot_be_made_directly() -> None:
    with pytest.raises(TypeError, match=r"Hook\.success"):
        Hook()


@pytest.mark.rule("execution 4.2")
def test_applying_a_bound_hook_again_is_refused() -> None:
    with pytest.raises(AssetDefinitionError, match="'tell' is applied to a function already"):
        Hook.success(tell)(tell)


@pytest.mark.rule("execution 4.2")
@pytest.mark.parametrize("wrong", [3, "x", Hook.success(tell)])
def test_what_is_no_function_is_refused(wrong: Any) -> None:
    with pytest.raises(AssetDefinitionError, match="function"):
        Hook.failure(wrong)
    with pytest.raises(AssetDefinitionError, match="function"):
        Hook.failure()(wrong)
    with pytest.raises(AssetDefinitionError, match="exactly one"):
        Hook.failure()()


@pytest.mark.rule("assets 1.18")
def test_assets_take_bound_hooks_only() -> None:
    hook = Hook.success(tell)
    assert Asset(hooks=[hook])(lambda: 1, ).hooks == [hook]  # fmt: skip
    with pytest.raises(AssetDefinitionError, match="not applied"):
        Asset(hooks=[Hook.success()])
    with pytest.raises(TypeError, match="hooks"):
        Asset(hooks=[tell])


@pytest.mark.rule("execution 4.3", "execution 4.4")
def test_a_context_tells_what_happened() -> None:
    context = HookContext[int]("a", "run", "failure", None, "ValueError: boom", {"k": "v"}, 3)
    assert (context.asset_name, context.run_id, context.hook_type) == ("a", "run", "failure")
    assert (context.output, context.error, context.metadata, context.config) == (
        None,
        "ValueError: boom",
        {"k": "v"},
        3,
    )
    bare = HookContext[Any]("a", "run", "success", 1)
    assert (bare.output, bare.error, bare.metadata, bare.config) == (1, None, None, None)
    with pytest.raises(AttributeError):
        bare.output = 2
