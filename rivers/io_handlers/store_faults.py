"""What an object store says when it cannot do something, in a sentence that a person can act on.

Stores say everything they know: a response body, how long each try took, and the structure behind the error. The first
of these is read, the second would differ from one run to the next, and the third is left to the chained exception.
"""

from __future__ import annotations

import re
from typing import Final

from obstore.exceptions import BaseError

STORE_ERRORS: Final = (BaseError, OSError, ValueError)
"""What obstore raises: its own errors, ``FileNotFoundError`` for what is not there, ``ValueError`` for a bad path."""

_RESPONSE: Final = re.compile(r"<\?xml.*", re.DOTALL)
_CODE: Final = re.compile(r"<Code>(.*?)</Code>")
_MESSAGE: Final = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
_TIMES: Final = re.compile(r" in [\d.]+[nµm]?s\b")
_SYSTEM: Final = re.compile(r'message: "(.*?)"')
_BLANK: Final = re.compile(r"\s+")


def place(store: object) -> str:
    """What a store is called in a message: what it says itself, but for an address in memory."""
    said = repr(store)
    return f"{type(store).__name__}()" if said.startswith("<") else said


def refusal(error: BaseException) -> str | None:
    """The code and message of an XML response, as S3 and its like give them; ``None`` when there is none."""
    text = str(error)
    code, message = _CODE.search(text), _MESSAGE.search(text)
    if code is None:
        return None
    return code.group(1) if message is None else f"{code.group(1)}: {message.group(1)}"


def reason(error: BaseException) -> str:
    """Why the store refused, on one line: an XML response by its code and message, no structures, no times."""
    text, _, structure = str(error).partition("\n\nDebug source:")
    refused = refusal(error)
    if refused is not None:
        text = text[: found.start()] + refused if (found := _RESPONSE.search(text)) else text
    for system in dict.fromkeys(_SYSTEM.findall(structure)):
        # Why there is no connection stands in the structure alone.
        if system not in text:
            text += f" ({system})"
    return _BLANK.sub(" ", _TIMES.sub("", text)).strip()


def explained(error: Exception, what: str) -> Exception:
    """An exception of the same class that says ``what`` could not be done, before the reason."""
    message = f"{what}: {reason(error)}"
    kind = type(error)
    # Those of obstore's own take one text, and so do these two; anything else keeps to what it is known as.
    if isinstance(error, BaseError) or kind in (FileNotFoundError, ValueError):
        return kind(message)
    return OSError(message) if isinstance(error, OSError) else ValueError(message)
