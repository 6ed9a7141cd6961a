"""``make demo``: the bundled example by hand, through a simulated day, and live for ten seconds.

Everything goes through the public faces: the ``rivers`` command and ``rivers.simulation``. Exits 1 when no run
succeeded.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

MODULE = "examples.shop"
ROOT = Path(__file__).resolve().parents[1]
RIVERS = [sys.executable, "-m", "rivers.cli"]
LIVE_SECONDS = 10


def main() -> int:
    """The demo, from top to bottom; the exit code says whether the live system ran anything."""
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="rivers-demo-") as folder:
        storage = f"{folder}/storage"
        say("1. Materialize the example once, by hand")
        rivers("materialize", MODULE, "--storage-path", storage)
        say("2. Its next day, simulated")
        simulate_next_day()
        say(f"3. The same system on real time, for {LIVE_SECONDS} seconds, with a trigger every second")
        serve_for_a_while(storage)
        say("4. What happened, read back from storage")
        rivers("runs", "--limit", "5", "--storage-path", storage)
        rivers("ticks", "every_second", "--limit", "5", "--storage-path", storage)
        return verdict(storage)


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def rivers(*arguments: str) -> None:
    print("$ rivers " + " ".join(arguments), flush=True)
    subprocess.run([*RIVERS, *arguments], check=True)


def simulate_next_day() -> None:
    """Run the example's next day on a simulated clock and show its timeline."""
    sys.path.insert(0, str(ROOT))
    from examples.shop import repo
    from rivers.simulation import Scenario

    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    began = time.perf_counter()
    with Scenario(repo, start=midnight).blocking() as sim:
        sim.advance("24h")
        took = time.perf_counter() - began
        for event in sim.trace.events():
            line = timeline_line(event)
            if line:
                print(line)
        succeeded = len(sim.runs(status="Success"))
        print(f"one day in {took:.2f} s: {succeeded} runs succeeded, trace {sim.trace.digest()[:12]}")


def timeline_line(event: dict) -> str | None:
    """One fact of the trace as a line of the timeline."""
    at = datetime.fromtimestamp(event["at"] / 1e9, UTC).strftime("%a %H:%M:%S")
    if event["kind"] == "tick":
        what = event.get("skip_reason") or event.get("error") or _runs(event["runs"])
        return f"  {at}  tick  {event['subject']:<14} {event['status']:<8} {what}"
    if event["kind"] == "run" and event["status"] in ("Started", "Success", "Failure"):
        return f"  {at}  run   {event['subject'][:8]}       {event['status']:<8} {event.get('job') or 'ad hoc'}"
    return None


def _runs(run_ids: Sequence[str]) -> str:
    return ", ".join(f"run {run_id[:8]}" for run_id in run_ids) or "nothing new: the run key has been used"


def serve_for_a_while(storage: str) -> None:
    """Start the server, switch the pulse on, let it beat, and stop it as a person would: with Ctrl-C."""
    command = ["serve", MODULE, "--storage-path", storage]
    print("$ rivers " + " ".join(command), flush=True)
    server = subprocess.Popen([*RIVERS, *command], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        wait_until_serving(server.stdout)
        rivers("automations", "resume", "every_second", "--storage-path", storage)
        deadline = time.monotonic() + LIVE_SECONDS
        for line in server.stdout:
            print(line, end="", flush=True)
            if time.monotonic() > deadline:
                deadline = float("inf")
                server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
    finally:
        server.kill()
        server.wait()
    if server.returncode != 0:
        raise SystemExit(f"rivers serve ended with exit code {server.returncode}")


def wait_until_serving(lines: Sequence[str]) -> None:
    for line in lines:
        print(line, end="", flush=True)
        if re.search(r"serving|http://", line, re.IGNORECASE):
            return
    raise SystemExit("rivers serve ended before it was ready")


def verdict(storage: str) -> int:
    """0 when the per-second trigger produced runs that succeeded."""
    listed = subprocess.run(
        [*RIVERS, "runs", "--limit", "1000", "--json", "--storage-path", storage], check=True, capture_output=True
    )
    runs = json.loads(listed.stdout)
    beats = [run for run in runs if run["job_name"] == "beat" and run["status"] == "Success"]
    failed = [run for run in runs if run["status"] == "Failure"]
    print(f"\n{len(beats)} runs of the per-second trigger succeeded, {len(failed)} runs failed")
    return 0 if beats and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
