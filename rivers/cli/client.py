"""The client of the server that holds a storage: HTTP on the loopback interface, with the bearer token."""

from __future__ import annotations

import http.client
import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from rivers.cli.failures import CliFailure

TIMEOUT_SECONDS: Final = 30.0


class ServerClient:
    """Sends requests to one server. ``address`` is the URL of the server, such as ``http://127.0.0.1:43121``."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self._token = token

    def get(self, *path: str, **query: str | int | None) -> Any:
        """Return the JSON document at ``/api/<path>``.

        :raises CliFailure: when the server refuses, with its message, or does not answer
        """
        given = {key: value for key, value in query.items() if value is not None}
        with self._request("GET", path, query=given) as response:
            return json.load(response)

    def post(self, *path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send ``body`` to ``/api/<path>`` and return the answer.

        :raises CliFailure: as ``get``
        """
        with self._request("POST", path, body=json.dumps(body or {})) as response:
            return json.load(response)

    def lines(self, *path: str) -> Generator[dict[str, Any]]:
        """Yield the documents of an NDJSON stream as they arrive, without a timeout.

        :raises CliFailure: as ``get``
        """
        with self._request("GET", path, timeout=None) as response:
            for line in response:
                yield json.loads(line)

    @contextmanager
    def _request(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, str | int] | None = None,
        body: str | None = None,
        timeout: float | None = TIMEOUT_SECONDS,
    ) -> Generator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=timeout)
        headers = {"Authorization": f"Bearer {self._token}", "Connection": "close"}
        target = "/api/" + "/".join(quote(part, safe="") for part in path)
        try:
            connection.request(method, f"{target}?{urlencode(query)}" if query else target, body, headers)
            response = connection.getresponse()
            if response.status == http.HTTPStatus.UNAUTHORIZED:
                raise CliFailure(
                    f"the server at {self.address} does not take the token that is beside the storage\n"
                    "  it is the server of another storage: restart the one that holds this storage"
                )
            if response.status >= 400:
                raise CliFailure(_message_of(response))
            yield response
        except ValueError as error:
            raise CliFailure(
                f"what answers at {self.address} is no rivers server ({type(error).__name__}: {error})\n"
                "  restart the server that holds this storage"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise CliFailure(
                f"the server at {self.address} does not answer ({type(error).__name__}: {error})\n"
                "  it may just have stopped: try again"
            ) from error
        finally:
            connection.close()


def _message_of(response: http.client.HTTPResponse) -> str:
    raw = response.read()
    try:
        return json.loads(raw)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return f"the server answered {response.status} {response.reason}"
