"""A process that is killed while it commits: what it acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from rivers.storage import Storage

WRITER = """
import sys
from rivers.records import NewEvent, NewRun, StoredTick, TickDecision
from rivers.storage import Storage

storage = Storage.embedded(sys.argv[1])
names = [f"s{number}" for number in range(10)]
for seq in range(1, 100_000):
    group = []
    for name in names:
        run = NewRun(f"{name}-{seq}", "job", ("a",), "NotStarted", seq, run_key=str(seq))
        tick = StoredTick(f"{name}/{seq}", name, "Schedule", "Success", seq, [run.run_id], cursor=str(seq), seq=seq)
        group.append(TickDecision("schedule", name, seq - 1, tick, runs=(run,), checkpoint=seq))
    assert len(storage.commit_ticks(group, retain=5)) == 10
    run_id = f"s0-{seq}"
    storage.start_runs([run_id], owner=storage.session, at=seq, lease_until=seq)
    storage.record_events(run_id, [NewEvent("StepStart", seq, "a"), NewEvent("Materialization", seq, "a"),
                                   NewEvent("StepSuccess", seq, "a")])
    assert storage.finish_run(run_id, "Success", seq)
    print(seq, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_everything_acknowledged_before_a_kill_is_found_whole_afterwards(tmp_path, lines):
    path = str(tmp_path / "store")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
    acknowledged = 0
    for _ in range(lines):
        acknowledged = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    writer.wait()
    writer.stdout.close()
    with Storage.embedded(path) as storage:
        states = storage.trigger_states("schedule")
        sequences = {state.last_seq for state in states.values()}
        assert len(sequences) == 1, "a group was committed by half"
        (newest,) = sequences
        assert acknowledged <= newest <= acknowledged + 1
        for name, state in states.items():
            assert (state.cursor, state.checkpoint) == (str(newest), newest)
            assert [tick.seq for tick in storage.get_ticks(name)] == list(range(newest, max(0, newest - 5), -1))
            keys = [str(seq) for seq in range(1, newest + 2)]
            used = storage.used_run_keys("schedule", name, keys)
            assert used == {str(seq): f"{name}-{seq}" for seq in range(1, newest + 1)}
        runs = storage.get_runs(10**6)
        assert len(runs) == 10 * newest
        succeeded = [run.run_id for run in runs if run.status == "Success"]
        assert len(succeeded) >= acknowledged
        for run_id in succeeded:
            assert len(storage.get_events_for_run(run_id)) == 3
        waiting = {run.run_id for run in storage.in_flight()}
        assert waiting == {run.run_id for run in runs if run.status != "Success"}
        assert len(storage.get_events_for_asset("a", 10**6)) == 3 * len(succeeded)
        orphans = storage.fail_orphans(1, "killed")
        assert len(orphans) <= 1
