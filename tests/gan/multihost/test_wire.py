"""Messages between two processes."""

import socket
import threading

import pytest

from minmax_jax.gan.multihost.wire import MAX_LINE, Wire, WireError


@pytest.fixture
def pair():
    one, two = socket.socketpair()
    wires = Wire(one), Wire(two)
    yield *wires, one
    for wire in wires:
        wire.close()


def test_messages_arrive_whole_and_in_order(pair):
    one, two, raw = pair
    messages = [{"text": "ü\n" * 1000}, {}, {"number": 1}]
    raw.sendall(b'{"half"')
    with pytest.raises(TimeoutError):
        two.receive(0)
    raw.sendall(b": 1}\n")
    for message in messages:
        one.send(message)
    assert [two.receive(10) for _ in range(4)] == [{"half": 1}, *messages]
    with pytest.raises(TimeoutError, match="no message within"):
        two.receive(0.01)


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_other_lines_are_refused(pair, line):
    _, two, raw = pair
    sender = threading.Thread(target=raw.sendall, args=(line,))
    sender.start()
    with pytest.raises(WireError, match="a line that is not"):
        two.receive(10)
    sender.join()


def test_endless_line_is_refused(pair):
    _, two, raw = pair
    line = b"x" * (MAX_LINE + 2**17)
    sender = threading.Thread(target=lambda: raw.sendall(line))
    sender.start()
    with pytest.raises(WireError, match=f"more than {MAX_LINE} bytes"):
        two.receive(10)
    while len(two._received) < len(line):  # The sender ends when everything has been read.
        two._read(10)
    sender.join()


@pytest.mark.parametrize(("sent", "end"), [(b"", None), (b'{"ha', WireError), (b"{}\n", {})])
def test_end_of_connection_is_noticed(pair, sent, end):
    one, two, raw = pair
    raw.sendall(sent)
    one.close()
    if end is WireError:
        with pytest.raises(WireError, match="incomplete"):
            two.receive(10)
    else:
        assert two.receive(10) == end
