"""Tests of the replacement of characters that a stream cannot encode."""

import io

import pytest

from minmax_jax.gan.base import plain_text


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", "1 +- 2 ^ x - \\u6570"),
        ("latin-1", "1 ± 2 ^ × - \\u6570"),
        ("utf-8", "1 ± 2 ↑ × – 数"),
    ],
)
def test_stream_prints_characters_that_it_cannot_encode(encoding, expected):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors=plain_text.HANDLER)
    print("1 ± 2 ↑ × – 数", file=stream, flush=True)
    assert raw.getvalue().decode(encoding) == expected + "\n"


def test_replacement_does_not_hide_decoding_errors():
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", errors=plain_text.HANDLER)
