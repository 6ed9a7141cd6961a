"""Threads that wait on a SimClock in ``sleep_blocking``, and how they are killed."""

from __future__ import annotations

from rivers.clock.sleepers import Sleepers
from rivers.clock.threads import Seat
from rivers.clock.turns import Turns


class ThreadSleeper:
    """A thread asleep on simulated time. The driver wakes it and gives it the turn back before its gate opens."""

    def __init__(self, threads: BlockedThreads, seat: Seat, deadline_ns: int, rank: int) -> None:
        self.live = True
        self.seat = seat
        self.deadline_ns = deadline_ns
        self.rank = rank
        self._threads = threads

    def wake(self) -> None:
        self.live = False
        self._threads.resume(self.seat)


class BlockedThreads:
    """The sleeping threads, in the order in which they fell asleep, and the generation of work that may still sleep."""

    def __init__(self, sleepers: Sleepers, turns: Turns) -> None:
        self.generation = 0
        self._sleepers = sleepers
        self._turns = turns
        self._asleep: dict[Seat, ThreadSleeper] = {}

    def add(self, seat: Seat, deadline_ns: int, rank: int) -> None:
        """Register a thread that has fallen asleep. On the loop's thread."""
        sleeper = ThreadSleeper(self, seat, deadline_ns, rank)
        self._asleep[seat] = sleeper
        self._sleepers.add(deadline_ns, rank, sleeper)

    def resume(self, seat: Seat) -> None:
        """Let a thread go on. A thread of the clock takes the turn first; a thread of the user is merely woken."""
        del self._asleep[seat]
        if seat.work is None:
            seat.gate.release()
        else:
            self._turns.hand_to(seat.work, seat.gate.release)

    def rouse(self, seat: Seat, wait: object, now_ns: int) -> None:
        """Let the thread that is in this wait go on now; do nothing if it has gone on already."""
        sleeper = self._asleep.get(seat)
        if sleeper is not None and seat.wait is wait and not seat.killed:
            sleeper.live = False
            self._sleepers.note_death()
            self.add(seat, now_ns, seat.rank)

    def kill(self, now_ns: int) -> int:
        """Mark every sleeping thread as killed and due now; work that has begun so far can no longer sleep."""
        self.generation += 1
        doomed = list(self._asleep.values())
        for sleeper in doomed:
            sleeper.live = False
            sleeper.seat.killed = True
            self._sleepers.note_death()
            self.add(sleeper.seat, now_ns, sleeper.seat.rank)
        return len(doomed)

    def sleep_again(self) -> None:
        """Put every sleeping thread back on the heap, after the heap was cleared."""
        for sleeper in self._asleep.values():
            self._sleepers.add(sleeper.deadline_ns, sleeper.rank, sleeper)
