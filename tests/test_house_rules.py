"""The house rules that a linter does not know, checked on the syntax trees of the sources.

Each rule is one function from a parsed module to complaints. For each there is a test that the sources keep it and a
test that plants the mistake and sees it caught, because a guard that cannot fail is no guard.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES_MAX = 500


@dataclass(frozen=True)
class Module:
    """One source file, parsed when a rule asks for more than its text."""

    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.path)

    @cached_property
    def imported(self) -> dict[str, str]:
        """What each name that an import binds stands for, dotted."""
        return _imported_names(self.tree)

    def dotted(self, node: ast.expr) -> str | None:
        """``time.sleep`` for any spelling of it; ``None`` when the root is not an imported name."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id)
        if isinstance(node, ast.Attribute):
            root = self.dotted(node.value)
            return None if root is None else f"{root}.{node.attr}"
        return None

    def complaint(self, node: ast.AST, text: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {text}"


def _imported_names(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


Rule = Callable[[Module], Iterator[str]]


# Time and chance come in from outside.

_AMBIENT = {
    "time.time": "take a clock",
    "time.time_ns": "take a clock",
    "time.monotonic": "take a clock",
    "time.monotonic_ns": "take a clock",
    "time.perf_counter": "take a clock",
    "time.sleep": "use clock.sleep_blocking",
    "datetime.datetime.now": "use clock.datetime()",
    "datetime.datetime.utcnow": "use clock.datetime()",
    "datetime.datetime.today": "use clock.datetime()",
    "datetime.date.today": "use clock.datetime()",
    "uuid.uuid1": "use rivers.ids",
    "uuid.uuid4": "use rivers.ids",
    "os.urandom": "use rivers.ids",
    "anyio.sleep": "use clock.sleep",
    "anyio.sleep_until": "use clock.wait_until",
    "anyio.current_time": "use clock.monotonic()",
    "anyio.move_on_after": "race clock.sleep against the work",
    "anyio.fail_after": "race clock.sleep against the work",
    "asyncio.sleep": "use clock.sleep",
    "asyncio.timeout": "race clock.sleep against the work",
    "asyncio.wait_for": "race clock.sleep against the work",
    "trio.sleep": "use clock.sleep",
}


def ambient_time_and_chance(module: Module) -> Iterator[str]:
    """No clock of the machine, no chance of its own. A reference may be a parameter's default or a module constant."""
    handed_in = _default_values(module.tree)
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Name | ast.Attribute) or node in handed_in:
            continue
        name = module.dotted(node)
        if name is None:
            continue
        if name in _AMBIENT:
            yield module.complaint(node, f"{name}: {_AMBIENT[name]}")
        elif name.startswith("secrets.") or (name.startswith("random.") and not name.startswith("random.Random")):
            yield module.complaint(node, f"{name}: use rivers.ids.random_for")


def _default_values(tree: ast.Module) -> set[ast.expr]:
    values = {node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value}
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            values.update(node.defaults)
            values.update(default for default in node.kw_defaults if default is not None)
    return values


# The order of a set differs from process to process.

_ORDERED_BY = {"list", "tuple", "enumerate", "iter", "map", "zip", "filter", "dict.fromkeys", "join", "extend"}
_SET_ANNOTATION = re.compile(r"\b(set|frozenset|Set|AbstractSet|MutableSet)\b")
_SET_METHODS = {"union", "intersection", "difference", "symmetric_difference", "copy"}


def iteration_over_sets(module: Module) -> Iterator[str]:
    """Nothing walks a set: sort it first, or keep a dict."""
    for scope in _scopes(module.tree):
        sets = _names_of_sets(scope) | _names_of_sets(module.tree, attributes=True)
        for node in _own_nodes(scope):
            for walked in _walked(node):
                if _is_set(walked, sets):
                    yield module.complaint(walked, f"walks a set ({ast.unparse(walked)}): sort it first")


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the functions in it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def _names_of_sets(scope: ast.AST, *, attributes: bool = False) -> set[str]:
    """The names that the scope declares to be sets; with ``attributes``, the dotted names of all scopes instead."""
    nodes = ast.walk(scope) if attributes else _own_nodes(scope)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.arg) and node.annotation is not None and not attributes:
            targets, is_set = [ast.Name(node.arg)], _is_set_annotation(node.annotation)
        elif isinstance(node, ast.AnnAssign):
            targets, is_set = [node.target], _is_set_annotation(node.annotation)
        elif isinstance(node, ast.Assign):
            targets, is_set = node.targets, _is_set(node.value, set())
        else:
            continue
        if is_set:
            found.update(ast.unparse(each) for each in targets if isinstance(each, ast.Attribute) == attributes)
    return found


def _is_set_annotation(annotation: ast.expr) -> bool:
    outermost = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return isinstance(outermost, ast.Name | ast.Attribute) and bool(
        _SET_ANNOTATION.fullmatch(ast.unparse(outermost).rpartition(".")[2])
    )


def _walked(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions whose order the node makes visible."""
    if isinstance(node, ast.For | ast.comprehension):
        yield node.iter
    elif isinstance(node, ast.Starred):
        yield node.value
    elif isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        if name in _ORDERED_BY or ast.unparse(node.func) in _ORDERED_BY:
            yield from node.args


def _is_set(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Subscript(value=ast.Name(id="set" | "frozenset"))):
            return True
        case ast.Call(func=ast.Attribute(attr=method, value=value)) if method in _SET_METHODS:
            return _is_set(value, names)
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), left=left, right=right):
            return _is_set(left, names) or _is_set(right, names)
        case ast.Name() | ast.Attribute():
            return ast.unparse(node) in names
        case _:
            return False


# The engine's language stays in storage.

_SURREALQL = re.compile(
    r"\b(SELECT\s+\S.*\bFROM\b|CREATE\s+(ONLY\s+)?(\$\w|\w+:\S|\w+\s+(SET|CONTENT)\b|type::)|UPSERT\s+\S|UPDATE\s+\S+\s+(SET|CONTENT|MERGE)\b|INSERT\s+INTO\b"
    r"|DELETE\s+(FROM\s+)?[$\w]+(:|\s+WHERE\b|;)|RELATE\s+\S|(BEGIN|COMMIT|CANCEL)\s+TRANSACTION|LET\s+\$\w"
    r"|(DEFINE|REMOVE)\s+(TABLE|FIELD|INDEX|NAMESPACE|DATABASE|EVENT)\b)",
    re.DOTALL,
)


def surrealql_outside_storage(module: Module) -> Iterator[str]:
    """Queries are written in rivers/storage and nowhere else."""
    docstrings = _docstrings(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            found = _SURREALQL.search(node.value)
            if found:
                yield module.complaint(node, f"SurrealQL ({found[0][:30]!r}): it belongs in rivers/storage")


def _docstrings(tree: ast.Module) -> set[ast.expr]:
    """Every bare string: those of modules, classes and functions, and those below attributes."""
    return {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


# On the graph's loop nothing waits but on the clock, a channel, an event or the store.

_CLOCK_WAITS = {
    "sleep",
    "wait_until",
    "wait_until_ns",
    "idle",
    "settle",
    "offload",
    "offload_future",
    "every",
    "advance",
}
_CHANNEL_WAITS = {"receive", "send", "aclose"}


def foreign_waits(module: Module) -> Iterator[str]:
    """An ``await`` is for the injected clock, a channel, an event, the store or a coroutine of our own."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Await) and not _is_allowed_wait(module, node.value):
            yield module.complaint(
                node,
                f"awaits {ast.unparse(node.value)[:60]}: only the clock, channels, events, the store and our own",
            )


def _is_allowed_wait(module: Module, awaited: ast.expr) -> bool:
    if not isinstance(awaited, ast.Call):
        return False
    called = awaited.func
    dotted = module.dotted(called)
    if dotted is not None:
        return dotted.startswith("rivers.")
    if isinstance(called, ast.Name):
        return True  # a function of this module, or one that was handed in
    if not isinstance(called, ast.Attribute):
        return False
    owner = ast.unparse(called.value)
    if called.attr in _CLOCK_WAITS and re.search(r"(^|[._])clock$", owner):
        return True
    if owner in {"self", "cls", "super()"} or re.search(r"(^|[._])(supervisor|graph|executions|endings|book)$", owner):
        return True
    if called.attr in {"run", "run_shielded"} and re.search(r"(^|[._])store$", owner):
        return True
    return called.attr in _CHANNEL_WAITS or called.attr == "wait" or called.attr.startswith("wait_")


# Nothing is tied to one machine.

_ABSOLUTE = re.compile(r"(?<![\w./:~<>])/(home|root|work|tmp|Users)(/[\w.-]+)+|\b[A-Z]:\\\\?\w")


def absolute_paths(module: Module) -> Iterator[str]:
    """No string names a folder of somebody's machine."""
    if not _ABSOLUTE.search(module.source):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _ABSOLUTE.search(node.value)
            if found:
                yield module.complaint(node, f"absolute path {found[0]!r}")


# Size and shape.


def long_modules(module: Module) -> Iterator[str]:
    """Past 500 lines something else has moved in; most modules want 60 to 300."""
    lines_count = len(module.source.splitlines())
    if lines_count > LINES_MAX:
        yield f"{module.path}: {lines_count} lines, at most {LINES_MAX}"


def missing_docstrings(module: Module) -> Iterator[str]:
    """Every module opens with what it owns."""
    if not module.source.startswith('"""') and module.tree.body and ast.get_docstring(module.tree) is None:
        yield f"{module.path}: the module has no docstring"


def unfinished(module: Module) -> Iterator[str]:
    """Nothing is promised in code that is not there."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Raise) and node.exc is not None and "NotImplementedError" in ast.unparse(node.exc):
            yield module.complaint(node, "NotImplementedError: finish it or leave it out")


@dataclass(frozen=True)
class Scope:
    """Where a rule holds: below these folders, but for these exceptions, each with its reason."""

    rule: Rule
    folders: tuple[str, ...]
    excepted: dict[str, str]


SCOPES = [
    Scope(
        ambient_time_and_chance,
        ("rivers",),
        {
            "rivers/clock/": "it is where time comes from",
            "rivers/io_handlers/pickled.py": "its documented metadata says how long the real store took",
            "rivers/server/serving.py": "an access token must be unpredictable, not reproducible",
        },
    ),
    Scope(iteration_over_sets, ("rivers",), {}),
    Scope(surrealql_outside_storage, ("rivers",), {"rivers/storage/": "its home"}),
    Scope(
        foreign_waits,
        ("rivers/daemons", "rivers/channels", "rivers/execution"),
        {
            "rivers/execution/attempts/coroutine_host.py": "runs user coroutines on a loop and thread of their own",
            "rivers/execution/steps/dynamic_outputs.py": "its coroutine awaits the function there",
            "rivers/execution/attempts/several.py": "its coroutine awaits the function there",
            "rivers/execution/triggers/in_worker.py": "runs in a worker process, on a loop of its own",
        },
    ),
    Scope(absolute_paths, ("rivers", "tests", "scenarios", "examples", "scripts", "bench"), {}),
    Scope(long_modules, ("rivers", "scenarios"), {}),
    Scope(missing_docstrings, ("rivers", "tests", "scenarios", "scripts", "bench"), {}),
    Scope(unfinished, ("rivers",), {}),
]


@cache
def modules_below(folder: str) -> tuple[Module, ...]:
    """Every module below a folder of the project, by path."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return tuple(Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


def complaints(scope: Scope) -> list[str]:
    return [
        complaint
        for folder in scope.folders
        for module in modules_below(folder)
        if not any(module.path.startswith(prefix) for prefix in scope.excepted)
        for complaint in scope.rule(module)
    ]


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.rule.__name__)
def test_the_sources_keep_the_rule(scope: Scope) -> None:
    assert complaints(scope) == []


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.rule.__name__)
def test_every_exception_to_a_rule_is_still_needed(scope: Scope) -> None:
    for prefix in scope.excepted:
        excepted = [
            module for module in modules_below(scope.folders[0].partition("/")[0]) if module.path.startswith(prefix)
        ]
        assert any(list(scope.rule(module)) for module in excepted), f"{prefix} needs no exception"


# Planted in pieces, so that the checks of this very file do not see them.
HOME = "/" + "home"

MISTAKES: list[tuple[Rule, str]] = [
    (ambient_time_and_chance, "import time\ndef f():\n    return time.time()"),
    (ambient_time_and_chance, "import time as t\ndef f():\n    t.sleep(1)"),
    (ambient_time_and_chance, "from time import monotonic\ndef f():\n    return monotonic()"),
    (ambient_time_and_chance, "import datetime\ndef f():\n    return datetime.datetime.now(datetime.UTC)"),
    (ambient_time_and_chance, "from datetime import datetime\nSTARTED = datetime.utcnow()"),
    (ambient_time_and_chance, "from uuid import uuid4\ndef f():\n    return str(uuid4())"),
    (ambient_time_and_chance, "import random\ndef f():\n    return random.random()"),
    (ambient_time_and_chance, "from random import choice\ndef f(xs):\n    return choice(xs)"),
    (ambient_time_and_chance, "import secrets\ndef f():\n    return secrets.token_hex()"),
    (ambient_time_and_chance, "import time\ndef f(g):\n    g(time.time)"),
    (ambient_time_and_chance, "import anyio\nasync def f():\n    with anyio.move_on_after(1):\n        pass"),
    (iteration_over_sets, "for x in {1, 2}:\n    pass"),
    (iteration_over_sets, "y = [x for x in set(z)]"),
    (iteration_over_sets, "y = list(frozenset(z))"),
    (iteration_over_sets, "y = ', '.join({str(x) for x in z})"),
    (iteration_over_sets, "def f(names: set[str]):\n    for name in names:\n        pass"),
    (iteration_over_sets, "def f(a, b):\n    left = set(a)\n    return [x for x in left - b]"),
    (
        iteration_over_sets,
        "class A:\n    def __init__(self):\n        self.n: set[int] = set()\n    def f(self):\n        yield *self.n,",
    ),
    (surrealql_outside_storage, "q = 'SELECT * FROM run'"),
    (surrealql_outside_storage, "q = f'UPDATE {table} SET status = 1'.format()\np = 'UPDATE run SET status = 1'"),
    (surrealql_outside_storage, "q = 'DELETE run WHERE id = 1'"),
    (surrealql_outside_storage, "q = 'BEGIN TRANSACTION; COMMIT TRANSACTION'"),
    (foreign_waits, "import anyio\nasync def f():\n    await anyio.sleep(1)"),
    (foreign_waits, "from anyio import to_thread\nasync def f(g):\n    await to_thread.run_sync(g)"),
    (foreign_waits, "async def f(self):\n    await self._client.get('x')"),
    (foreign_waits, "async def f(self):\n    await self._storage.async_get_runs()"),
    (foreign_waits, "async def f(self):\n    await self._store.flush()"),
    (foreign_waits, "async def f(future):\n    await future"),
    (foreign_waits, "async def f(self):\n    await self._loop.sleep(1)"),
    (absolute_paths, f"path = '{HOME}/somebody/rivers'"),
    (absolute_paths, f"path = 'see {HOME}/somebody'"),
    (long_modules, "x = 1\n" * 501),
    (missing_docstrings, "x = 1"),
    (unfinished, "def f():\n    raise NotImplementedError('later')"),
]

FINE: list[tuple[Rule, str]] = [
    (ambient_time_and_chance, "import time\nSLEEP = time.sleep\ndef f(now=time.time):\n    return now()"),
    (ambient_time_and_chance, "import random\ndef f(seed):\n    return random.Random(seed)"),
    (ambient_time_and_chance, "def f(clock):\n    return clock.time.time()"),
    (iteration_over_sets, "for x in sorted({1, 2}):\n    pass\nn = len(set(z))\nok = 1 in {1, 2}"),
    (iteration_over_sets, "def f(names: dict[str, set[str]]):\n    for name in names:\n        pass"),
    (
        surrealql_outside_storage,
        "'''Explains SELECT * FROM run.'''\nx = 'CREATE a job'\ny = 'Select a run from the list'",
    ),
    (
        foreign_waits,
        "async def f(port, done, clock):\n    await port.receive()\n    await done.wait()\n    await clock.sleep(1)",
    ),
    (
        foreign_waits,
        "async def f(self, evaluate):\n    await self._clock.offload(1, 2)\n    await evaluate()\n    await self._f()",
    ),
    (foreign_waits, "async def f(self):\n    await self._store.run(call)"),
    (absolute_paths, "url = 'http://host/tmp'\nroute = '/runs/{id}'\nrelative = 'a/tmp/b'"),
    (long_modules, "x = 1\n" * 500),
    (missing_docstrings, "'''Owns this.'''"),
    (unfinished, "def f():\n    raise ValueError('no')"),
]


@pytest.mark.parametrize(("rule", "source"), MISTAKES, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_mistake_is_caught(rule: Rule, source: str) -> None:
    assert list(rule(Module("planted.py", source)))


@pytest.mark.parametrize(("rule", "source"), FINE, ids=lambda value: getattr(value, "__name__", None))
def test_what_is_allowed_passes(rule: Rule, source: str) -> None:
    assert list(rule(Module("fine.py", source))) == []


def test_every_rule_has_a_planted_mistake() -> None:
    planted = [rule for rule, _ in MISTAKES]
    assert [scope.rule.__name__ for scope in SCOPES if scope.rule not in planted] == []
