"""Which assets are stale and why: a pure function of asset records and the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rivers.records import AssetRecord, StaleCause

Verdict = tuple[str, list[StaleCause]]


def judge(records: Mapping[str, AssetRecord], deps: Mapping[str, Sequence[str]]) -> dict[str, Verdict]:
    """Return ``UpToDate``, ``Stale`` or ``Missing`` for each record, with the causes.

    :param deps: the direct upstreams of each asset in definition order; one without a record causes nothing
    """
    verdicts: dict[str, Verdict] = {}
    for key in records:
        # Upstreams first, on a stack of our own: a chain may be longer than the stack of Python.
        stack = [key]
        while stack:
            asset = stack[-1]
            waiting = [
                dep for dep in deps.get(asset, ()) if dep in records and dep not in verdicts and dep not in stack
            ]
            if asset in verdicts:
                stack.pop()
            elif waiting:
                stack.extend(waiting)
            else:
                verdicts[asset] = _judge_one(records[asset], deps.get(asset, ()), records, verdicts)
                stack.pop()
    return {key: verdicts[key] for key in records}


def _judge_one(
    record: AssetRecord, deps: Sequence[str], records: Mapping[str, AssetRecord], verdicts: Mapping[str, Verdict]
) -> Verdict:
    if record.last_event_id is None:
        return "Missing", []
    key = record.asset_key
    causes: list[StaleCause] = []
    if record.code_version is not None and record.code_version != record.last_materialization_code_version:
        causes.append(StaleCause(key, "Code", "code version changed"))
    consumed = dict(record.last_input_data_versions)
    for dep in deps:
        upstream = records.get(dep)
        if upstream is None:
            continue
        reason = _data_reason(dep, upstream, verdicts.get(dep, ("UpToDate", []))[0], consumed)
        if reason is not None:
            causes.append(StaleCause(key, "Data", reason, dep))
    return ("Stale" if causes else "UpToDate"), causes


def _data_reason(dep: str, upstream: AssetRecord, status: str, consumed: Mapping[str, str]) -> str | None:
    if status == "Stale" or (status == "Missing" and dep not in consumed):
        return f"upstream '{dep}' is stale"
    if upstream.last_data_version is None:
        return None
    if dep not in consumed:
        return f"upstream '{dep}' has data not yet consumed"
    if consumed[dep] != upstream.last_data_version:
        return f"upstream '{dep}' has new data version"
    return None
