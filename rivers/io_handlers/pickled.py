"""The handler that pickles values into an object store: a folder, memory, S3, GCS, Azure or HTTP, through obstore."""

from __future__ import annotations

import pickle
from contextlib import suppress
from time import perf_counter
from typing import Any

import obstore
from obstore.store import ObjectStore
from pydantic_settings import SettingsConfigDict

from rivers.definitions.values.output_report import OutputContext
from rivers.io_handlers.base import BaseIOHandler
from rivers.io_handlers.locations import all_partition_segments, partition_segments
from rivers.io_handlers.store_faults import STORE_ERRORS, explained, place, refusal
from rivers.records import InputContext


class PickleIOHandler(BaseIOHandler):
    """Stores each value as one pickle, under ``{prefix}/{name}.pkl`` or ``{prefix}/{name}/{key}/data.pkl``.

    ``load_input`` raises ``FileNotFoundError`` when nothing was stored, and ``pickle.UnpicklingError`` for something
    that is no pickle or refers to what cannot be imported. A value that cannot be pickled raises what pickle raises,
    and leaves an earlier value as it was. A fault of the store raises the class of exception that obstore has for it.
    All of these name the asset, the handler and the path. Whatever the code of the value raises while it is pickled or
    unpickled comes through as it is, with a note.

    Pickles run code when they are loaded. Keep them where only people whom you trust can write.
    """

    # Without a prefix of their own, the field names would read STORE and PREFIX from the environment.
    model_config = SettingsConfigDict(env_prefix="RIVERS_PICKLE_")

    store: ObjectStore
    prefix: str = ""

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Pickle and store ``obj``; metadata: ``path``, ``serializer``, ``size_bytes`` and ``write_duration_s``.

        The value of a batch is stored under each of its keys. ``path`` is that of the first key.
        """
        paths = [self._path(context.asset_name, segments) for segments in all_partition_segments(context.partition)]
        try:
            data = pickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            with suppress(Exception):  # an exception may refuse to be given anything
                error.add_note(f"{self._named(context.asset_name, paths[0])} cannot be stored")
            raise
        before = perf_counter()
        for path in paths:
            self._put(context.asset_name, path, data)
        context.add_output_metadata(
            {
                "path": paths[0],
                "serializer": "pickle",
                "size_bytes": len(data),
                "write_duration_s": perf_counter() - before,
            }
        )

    def load_input(self, context: InputContext) -> Any:
        """Return the unpickled value.

        :raises FileNotFoundError: when there is none
        """
        path = self._path(context.asset_name, partition_segments(context.partition))
        data = self._get(context, path)
        try:
            return pickle.loads(data)
        except Exception as error:
            named = self._named(context.asset_name, path)
            if not _is_of_pickle(error):
                with suppress(Exception):
                    error.add_note(f"{named} cannot be loaded")
                raise
            raise pickle.UnpicklingError(
                f"{named} cannot be loaded, for what is there cannot be unpickled: {type(error).__name__}: {error}"
            ) from error

    def _path(self, asset_name: str, segments: list[str]) -> str:
        tail = [asset_name, *segments, "data.pkl"] if segments else [f"{asset_name}.pkl"]
        prefix = self.prefix.strip("/")
        return "/".join([prefix, *tail] if prefix else tail)

    def _named(self, asset_name: str, path: str) -> str:
        return f"{type(self).__name__}: the value of '{asset_name}' at '{path}' in {place(self.store)}"

    def _put(self, asset_name: str, path: str, data: bytes) -> None:
        try:
            obstore.put(self.store, path, data)
        except STORE_ERRORS as error:
            raise explained(error, f"{self._named(asset_name, path)} cannot be stored") from error

    def _get(self, context: InputContext, path: str) -> memoryview:
        try:
            return memoryview(obstore.get(self.store, path).bytes())
        except FileNotFoundError as error:
            refused = refusal(error)
            # The cause says nothing more, and a missing value is nothing out of the ordinary.
            raise FileNotFoundError(
                f"{type(self).__name__} has no value of '{context.asset_name}': "
                f"there is no {path} in {place(self.store)}{f' ({refused})' if refused else ''}"
            ) from None
        except STORE_ERRORS as error:
            raise explained(error, f"{self._named(context.asset_name, path)} cannot be loaded") from error


def _is_of_pickle(error: Exception) -> bool:
    """Return whether pickle itself raised ``error``. Then neither code of the value nor of a module was running."""
    below = error.__traceback__.tb_next if error.__traceback__ is not None else None
    return below is None
