"""The handler that pickles values into an object store: a folder, memory, S3, GCS, Azure or HTTP, through obstore."""

from __future__ import annotations

import pickle
from time import perf_counter
from typing import Any

import obstore
from obstore.store import ObjectStore
from pydantic_settings import SettingsConfigDict

from rivers.io_handlers.base import BaseIOHandler
from rivers.io_handlers.locations import partition_segments
from rivers.records import InputContext, OutputContext


class PickleIOHandler(BaseIOHandler):
    """Stores each value as one pickle, under ``{prefix}/{name}.pkl`` or ``{prefix}/{name}/{key}/data.pkl``.

    ``load_input`` raises ``FileNotFoundError`` when nothing was stored. A value that cannot be pickled raises what
    pickle raises, and leaves what was stored before as it was.
    """

    # Without a prefix of their own, the field names would read STORE and PREFIX from the environment.
    model_config = SettingsConfigDict(env_prefix="RIVERS_PICKLE_")

    store: ObjectStore
    prefix: str = ""

    def _path(self, asset_name: str, partition: Any) -> str:
        segments = partition_segments(partition)
        tail = [asset_name, *segments, "data.pkl"] if segments else [f"{asset_name}.pkl"]
        prefix = self.prefix.strip("/")
        return "/".join([prefix, *tail] if prefix else tail)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Pickle ``obj`` and put it; metadata: ``path``, ``serializer``, ``size_bytes``, ``write_duration_s``."""
        path = self._path(context.asset_name, context.partition)
        data = pickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL)
        before = perf_counter()
        obstore.put(self.store, path, data)
        context.add_output_metadata(
            {
                "path": path,
                "serializer": "pickle",
                "size_bytes": len(data),
                "write_duration_s": perf_counter() - before,
            }
        )

    def load_input(self, context: InputContext) -> Any:
        """The unpickled value; ``FileNotFoundError`` when there is none."""
        response = obstore.get(self.store, self._path(context.asset_name, context.partition))
        return pickle.loads(bytes(response.bytes()))
