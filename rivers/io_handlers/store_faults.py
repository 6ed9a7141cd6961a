"""The errors of object stores, in sentences that a person can act on.

Stores report everything: a response body, how long each attempt took, and the structure behind the error. The body is
read. The times are dropped, since they differ from run to run. The structure is left to the chained exception.
"""

from __future__ import annotations

import re
from typing import Final

from obstore.exceptions import BaseError

STORE_ERRORS: Final = (BaseError, OSError, ValueError)
"""The exceptions of obstore: its own, ``FileNotFoundError`` for what is not there, ``ValueError`` for a bad path."""

_RESPONSE: Final = re.compile(r"<\?xml.*", re.DOTALL)
_CODE: Final = re.compile(r"<Code>(.*?)</Code>")
_MESSAGE: Final = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
_TIMES: Final = re.compile(r" in [\d.]+[nµm]?s\b")
_SYSTEM: Final = re.compile(r'message: "(.*?)"')
_BLANK: Final = re.compile(r"\s+")


def place(store: object) -> str:
    """Return the name of a store for messages: its ``repr``, or its class where that is an address in memory."""
    said = repr(store)
    return f"{type(store).__name__}()" if said.startswith("<") else said


def refusal(error: BaseException) -> str | None:
    """Return the code and message of an XML response, as S3 and its like send them; ``None`` without one."""
    text = str(error)
    code, message = _CODE.search(text), _MESSAGE.search(text)
    if code is None:
        return None
    return code.group(1) if message is None else f"{code.group(1)}: {message.group(1)}"


def reason(error: BaseException) -> str:
    """Return why the store refused, on one line, with the code and message of an XML response."""
    text, _, structure = str(error).partition("\n\nDebug source:")
    refused = refusal(error)
    if refused is not None:
        text = text[: found.start()] + refused if (found := _RESPONSE.search(text)) else text
    for system in dict.fromkeys(_SYSTEM.findall(structure)):
        # Only the structure says why there is no connection.
        if system not in text:
            text += f" ({system})"
    return _BLANK.sub(" ", _TIMES.sub("", text)).strip()


def explained(error: Exception, what: str) -> Exception:
    """Return an exception of the same class whose message has ``what`` could not be done before the reason."""
    message = f"{what}: {reason(error)}"
    kind = type(error)
    # Obstore's own classes and these two take one text. Of any other class only the builtin base is kept.
    if isinstance(error, BaseError) or kind in (FileNotFoundError, ValueError):
        return kind(message)
    return OSError(message) if isinstance(error, OSError) else ValueError(message)
