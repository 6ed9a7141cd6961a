"""Which daemon holds which end of each edge.

One frozen class a daemon: receive ends are what wakes it, send ends are whom it tells. An end has one owner; the edges
are opened, and the ends handed out, in ``rivers/daemons/graph.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from chrono_daemon import ReceiveStream, SendStream

from rivers.channels.messages import (
    CancelRun,
    ControlRequest,
    RunFinished,
    RunsAdmitted,
    RunsChanged,
    RunsEnded,
    RunsQueued,
    TriggerCommand,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerPorts:
    """The ends of ``ScheduleDaemon``, and those of ``SensorDaemon``."""

    commands: ReceiveStream[TriggerCommand]
    runs_queued: SendStream[RunsQueued]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQueuePorts:
    """The ends of ``RunQueueDaemon``."""

    queued_by_schedules: ReceiveStream[RunsQueued]
    queued_by_sensors: ReceiveStream[RunsQueued]
    queued_by_people: ReceiveStream[RunsQueued]
    ended: ReceiveStream[RunsEnded]
    reclaimed: ReceiveStream[RunsEnded]
    changed_outside: ReceiveStream[RunsChanged]
    admitted: SendStream[RunsAdmitted]
    launching: SendStream[RunsAdmitted]


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherPorts:
    """The ends of ``LauncherDaemon``."""

    admitted: ReceiveStream[RunsAdmitted]
    finished: ReceiveStream[RunFinished]
    cancellations: ReceiveStream[CancelRun]
    ended: SendStream[RunsEnded]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasePorts:
    """The ends of ``LeaseDaemon``."""

    launching: ReceiveStream[RunsAdmitted]
    reclaimed: SendStream[RunsEnded]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPorts:
    """The ends of ``ControlDaemon``."""

    requests: ReceiveStream[ControlRequest]
    schedule_commands: SendStream[TriggerCommand]
    sensor_commands: SendStream[TriggerCommand]
    cancellations: SendStream[CancelRun]
    runs_queued: SendStream[RunsQueued]
