"""A store whose engine is far away: it answers late, loses replies or falls silent, as a server can.

The rows are those of a real engine in memory. ``LateEngine(clock)`` opens one and has it answer at once; assign
``trip`` to make every call from then on a way there and back that takes time on the clock:

    with LateEngine(clock) as far:
        far.storage.create_run(run)                # set up: answered at once
        far.trip = Trip(out=0.2, back=0.3)         # from here on, half a second a call
        far.trips += [Trip(out=5), Trip()]         # the next call takes five seconds to get there, the one after none
        graph = automation_graph(..., storage=far.storage, clock=clock)
        ...
        far.trip = None                            # look: answered at once again

A call is what holds the storage lock: one read, or all of a method that is one transaction. While ``trip`` is set, a
call on the loop's own thread raises ``RuntimeError``, as ``sleep_blocking`` does there: a daemon or a request handler
that forgets to await its store fails its test. Time passes before the lock is taken and after it is given back, never
under it: of two calls the later one may overtake, and a thread that waits for the lock holds up no simulated time.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from types import TracebackType

from rivers.clock import Clock
from rivers.records import StorageType
from rivers.storage import Storage
from rivers.storage.connection import EmbeddedConnection
from rivers.storage.engine import Engine
from rivers.storage.faults import OutcomeUnknown
from rivers.storage.schema import open_schema

_BEGIN = b"BEGIN;"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """The way of one call to the engine and back.

    :param out: seconds on the clock until the engine is asked
    :param back: seconds on the clock until its reply is here
    :param loses_reply: the transaction of the call is committed, and the caller gets ``OutcomeUnknown``
    :param never_returns: the call is made, and its thread hears nothing until the engine is closed
    """

    out: float = 0.0
    back: float = 0.0
    loses_reply: bool = False
    never_returns: bool = False


class LateEngine:
    """One store on a far engine. Leave the block, or call ``close``, to let go of the threads that hear nothing."""

    def __init__(self, clock: Clock) -> None:
        self.trip: Trip | None = None
        """The way of every call that has none of its own in ``trips``; ``None`` to answer at once, on any thread."""
        self.trips: deque[Trip] = deque()
        """The ways of the next calls while ``trip`` is set, in the order in which they are asked for."""
        self._clock = clock
        self._connection = _FarConnection()
        engine = Engine(StorageType.Remote, self._connection)
        open_schema(engine)
        engine._lock = _LateLock(self)
        self._silence = threading.Event()
        self.storage = Storage(engine, clock)

    def close(self) -> None:
        """Let go of every thread that hears nothing, and close the store."""
        self.trip = None
        self._silence.set()
        self.storage.close()

    def __enter__(self) -> LateEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _departing(self) -> Trip | None:
        if self.trip is None:
            return None
        trip = self.trips.popleft() if self.trips else self.trip
        self._clock.sleep_blocking(trip.out)
        return trip

    def _arrived(self, trip: Trip | None) -> None:
        self._connection.loses_reply = trip is not None and trip.loses_reply

    def _returning(self, trip: Trip | None) -> None:
        if trip is None:
            return
        if trip.never_returns:
            self._silence.wait()
        elif trip.back:
            self._clock.sleep_blocking(trip.back)


class _FarConnection:
    """The engine in memory, except for what it says of itself and for a reply that gets lost."""

    answers_inline = False

    def __init__(self) -> None:
        self.loses_reply = False
        self._near = EmbeddedConnection("mem://")

    def execute(self, frame: bytes) -> bytes:
        reply = self._near.execute(frame)
        if self.loses_reply and _BEGIN in frame:
            self.loses_reply = False
            raise OutcomeUnknown("the connection broke before the reply came")
        return reply

    def reopen(self) -> None:
        self._near.reopen()

    def close(self) -> None:
        self._near.close()


class _LateLock:
    """In place of the engine's lock: whoever takes it makes its way to the engine first, and back when it lets go."""

    def __init__(self, far: LateEngine) -> None:
        self._far = far
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._depth = 0
        self._trip: Trip | None = None

    def acquire(self) -> None:
        if self._holder == threading.get_ident():
            self._depth += 1
            return
        trip = self._far._departing()
        self._lock.acquire()
        self._holder, self._depth, self._trip = threading.get_ident(), 1, trip
        self._far._arrived(trip)

    def release(self) -> None:
        self._depth -= 1
        if self._depth:
            return
        trip, self._trip, self._holder = self._trip, None, None
        self._lock.release()
        self._far._returning(trip)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
