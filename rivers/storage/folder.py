"""The folder of an embedded store: the lock on it, and which folders may be opened at all.

The engine does not lock its folder, and two engines on one folder destroy it. The lock is a file beside the folder
(``<folder>.lock``), which the kernel frees when its holder dies. A sidecar (``<folder>.owner.json``, mode 0600) says
who the holder is and at which address it serves. Local disks only.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rivers.exceptions import StorageError, StorageLocked

_PROBE_SECONDS = 0.1
_STORE_ENTRIES = ("manifest", "clog", "vlog", "sstables", "wal", "LOCK")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The holder of a folder. ``address`` and ``token`` are those of the server that it runs, ``None`` without one."""

    pid: int
    boot_id: str
    address: str | None = None
    token: str | None = None


def read_sidecar(path: str | os.PathLike[str]) -> Sidecar | None:
    """Return what the holder of a folder has written, ``None`` when nobody holds it.

    A holder that was killed leaves its sidecar behind, so the text counts only while the lock is held.
    """
    folder = _resolved(path)
    if not _is_held(folder):
        return None
    return _read(folder)


class FolderLock:
    """The lock on a folder, taken by the constructor and held until ``release``.

    :raises StorageLocked: another process, or another store of this one, holds the lock
    :raises StorageError: the path cannot be the folder of a store
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.folder = _resolved(path)
        self.boot_id = ""
        """The number of this opening of the store, known and advertised once the store is open."""
        self._process = os.getpid()
        _refuse_foreign(self.folder)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(_lock_path(self.folder), thread_local=False)
            # A process that looks for a sidecar holds the lock for a moment, which is no reason to refuse.
            self._lock.acquire(timeout=_PROBE_SECONDS, poll_interval=_PROBE_SECONDS / 10)
        except Timeout:
            if not _lock_path(self.folder).exists():
                raise StorageError(f"failed to open {self.folder}: no lock file can be made beside it") from None
            raise _locked(self.folder) from None
        except (FileExistsError, NotADirectoryError) as error:
            blocking = next((each for each in self.folder.parents if each.is_file()), error.filename)
            raise StorageError(f"failed to open {self.folder}: {blocking} is a file, not a folder") from error
        except OSError as error:
            raise StorageError(f"failed to open {self.folder}: {error.strerror or error}") from error
        try:
            self.advertise(None, None)
        except OSError as error:
            self._lock.release()
            raise StorageError(f"failed to open {self.folder}: {error.strerror or error}") from error

    def advertise(self, address: str | None, token: str | None) -> None:
        """Write the sidecar: this process, and the server that it runs, if any."""
        sidecar = Sidecar(self._process, self.boot_id, address, token)
        target = _sidecar_path(self.folder)
        fresh = target.with_name(f"{target.name}.{self._process}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(sidecar), file)
        os.replace(fresh, target)

    def release(self) -> None:
        """Free the folder. Idempotent; a forked child leaves the lock of its parent alone."""
        if os.getpid() != self._process or not self._lock.is_locked:
            return
        _sidecar_path(self.folder).unlink(missing_ok=True)
        self._lock.release()


def _resolved(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, an unknown home, a current folder that is gone
        raise StorageError(f"failed to open {os.fspath(path)}: its place cannot be found: {error}") from error


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _sidecar_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.owner.json")


def _is_held(folder: Path) -> bool:
    if not _lock_path(folder).exists():
        return False
    probe = FileLock(_lock_path(folder), timeout=0, thread_local=False)
    try:
        probe.acquire()
    except (Timeout, OSError):
        return True
    probe.release()
    return False


def _read(folder: Path) -> Sidecar | None:
    try:
        facts = json.loads(_sidecar_path(folder).read_text(encoding="utf-8"))
        address, token = facts.get("address"), facts.get("token")
        if not (isinstance(address, str) and isinstance(token, str)):
            address = token = None  # a holder that serves nothing, or a file that is not ours
        return Sidecar(int(facts["pid"]), str(facts["boot_id"]), address, token)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _locked(folder: Path) -> StorageLocked:
    holder = _read(folder)
    if holder is None:
        who = "another process"
    elif holder.pid == os.getpid():
        who = f"another Storage of this process (pid {holder.pid})"
    else:
        who = f"process {holder.pid}"
    pid, address = (None, None) if holder is None else (holder.pid, holder.address)
    where = "" if address is None else f", which serves it at {address}"
    message = f"failed to open {folder}: {who} holds it{where}. Close it there, or wait until it ends"
    return StorageLocked(message, folder=str(folder), pid=pid, address=address)


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder that cannot be a store, before anything is created."""
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise StorageError(f"failed to open {folder}: storage dir cannot be created, a file has that name")
        entries = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise StorageError(f"failed to open {folder}: {error.strerror or error}") from error
    if entries and not any(entry in _STORE_ENTRIES for entry in entries):
        raise StorageError(
            f"failed to open {folder}: it is not empty and holds no rivers store (found {entries[0]}); "
            "name an empty or new folder"
        )
