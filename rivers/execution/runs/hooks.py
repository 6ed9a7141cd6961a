"""Calling the hooks of a step, in the run's process, once its outcome is settled."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any

from rivers.definitions.config import build_config
from rivers.definitions.policies.hooks import Hook, HookContext
from rivers.exceptions import Killed, Superseded
from rivers.execution.attempts.capture import Captured, captured_by
from rivers.execution.attempts.outcomes import StepOutcome
from rivers.execution.runs.environment import Environment
from rivers.execution.steps.compiled_steps import Step, StepTarget


class HookCaller:
    """Calls the hooks of one run, on the run's thread. ``config`` holds the overrides of a node's config by its name.

    What a hook raises changes nothing: it goes to stderr, and with all that the hook prints to the log of the step. In
    a scenario that leaves the users' functions alone, hooks are left alone too.
    """

    def __init__(self, environment: Environment, run_id: str, config: Mapping[str, Mapping[str, Any]]) -> None:
        self._environment = environment
        self._run_id = run_id
        self._config = config

    def call(self, step: Step, outcome: StepOutcome) -> None:
        """Call those that the outcome is for, target by target, each in the order of its list."""
        interceptor = self._environment.interceptor
        if interceptor is not None and not interceptor.calls_hooks:
            return
        if not [target for target in step.targets if target.hooks]:
            return
        captured = Captured()
        with captured_by(captured):
            for target in step.targets:
                self._call_for(step, target, outcome)
        if captured:
            environment = self._environment
            at = environment.clock.now_ns()
            environment.storage.record_log(self._run_id, step.name, at, *captured.texts())

    def _call_for(self, step: Step, target: StepTarget, outcome: StepOutcome) -> None:
        failure = outcome.failure_of(target.name)
        kind = Hook.Success if failure is None else Hook.Failure
        hooks = [hook for hook in target.hooks if isinstance(hook, kind)]
        if not hooks:
            return
        if failure is None and outcome.failure is not None and target.name not in outcome.values:
            sys.stderr.write(f"the hooks of '{target.name}' get no output: {outcome.failure.text}\n")
        context = HookContext[Any](
            target.name,
            self._run_id,
            kind.hook_type,
            None if failure is not None else outcome.values.get(target.name),
            None if failure is None else failure.text,
            target.metadata,
            self._config_of(step),
        )
        for hook in hooks:
            try:
                self._call(hook, context)
            except (Killed, Superseded):
                raise
            except (Exception, SystemExit):
                sys.stderr.write(f"hook '{hook.name}' of '{target.name}' failed:\n{traceback.format_exc()}")

    def _call(self, hook: Hook, context: HookContext[Any]) -> None:
        with self._environment.evaluating():
            if hook.is_async:
                self._environment.coroutines.run_apart(lambda: hook.function(context))
            else:
                hook.function(context)

    def _config_of(self, step: Step) -> Any:
        """The config that the step had, or would have had if it could be built."""
        try:
            given = next((self._config[name] for name in step.config_names if name in self._config), None)
            return build_config(step.name, step.arguments.config_annotation, given)
        except (Exception, SystemExit):  # a validator is a user's, and may exit
            return None
