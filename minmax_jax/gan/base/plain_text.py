"""Replaces characters that a terminal or a file cannot encode."""

import codecs

HANDLER = "minmax-plain"
"""Name of the error handler, for example in `stream.reconfigure(errors=HANDLER)`."""

_PLAIN = {
    "↓": "v",
    "↑": "^",
    "±": "+-",
    "×": "x",
    "–": "-",
    "…": "...",
    "é": "e",
    "−": "-",
}
"""Maps the characters of tables and messages to ASCII."""


def replace(error: UnicodeError) -> tuple[str, int]:
    r"""Replaces characters that cannot be encoded with similar ASCII characters.

    Characters for which none is known become backslash escapes.

    Example:
      >>> "12.5 ± 0.3 ↓ Ж".encode("ascii", errors=HANDLER)
      b'12.5 +- 0.3 v \\u0416'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    plain = [_PLAIN.get(c, c.encode("unicode_escape").decode()) for c in text]
    return "".join(plain), error.end


codecs.register_error(HANDLER, replace)
