"""Processes meet before JAX connects them, and a misfit ends all of them."""

import contextlib
import socket
import threading
import time
from concurrent import futures

import pytest

from minmax_jax.gan import ConfigError
from minmax_jax.gan.base.errors import HostFailed
from minmax_jax.gan.multihost import introduction, rendezvous
from minmax_jax.gan.multihost.launch import Address
from minmax_jax.gan.multihost.listening import listen
from minmax_jax.gan.multihost.member import GREETING, Member
from minmax_jax.gan.multihost.wire import Wire

SETTINGS = {"width": "8"}


def member(index, count=3, settings=SETTINGS):
    return Member(index, count, settings)


@contextlib.contextmanager
def coordinator(own=None, timeout=20):
    """Yields the address of process 0, and a function that returns what it does."""
    with futures.ThreadPoolExecutor(8) as pool, listen(Address("127.0.0.1", free_port())) as socket:
        address = Address(*socket.getsockname())
        waiting = pool.submit(rendezvous.wait_for_members, socket, own or member(0), timeout)
        yield address, lambda *args: pool.submit(introduction.connect, *args), waiting


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def close(*wires):
    for wire in wires:
        wire.close()


def errors_of(*tasks):
    return [task.exception(timeout=30) for task in tasks]


def test_all_processes_meet_in_any_order():
    with coordinator() as (address, connect, waiting):
        others = [connect(address, member(index), 20) for index in (2, 1)]
        found = [task.result(30) for task in others]
        wires = waiting.result(30)
    assert sorted(wires) == [1, 2]
    wires[2].send({"number": 2})
    assert found[0].receive(10) == {"number": 2}
    close(*wires.values(), *found)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (member(1, settings={"width": "16"}), "width: 8 in processes 0 and 2, 16 in process 1"),
        (member(1, settings={}), "width: 8 in processes 0 and 2, missing in process 1"),
        (member(1, count=4), "num_processes must be the same .* got 3 in process 0 and 4"),
        (member(0), "process_id=0 is used twice"),
        (member(2), "process_id=2 is used twice"),
        (member(3), "process_id must be below num_processes=3, got 3"),
    ],
)
def test_odd_process_ends_all_with_one_line(odd, message):
    with coordinator() as (address, connect, waiting):
        others = [connect(address, member(2), 20), connect(address, odd, 20)]
        errors = errors_of(waiting, *others)
    assert {type(error) for error in errors} == {ConfigError}
    assert len({str(error) for error in errors}) == 1 and "\n" not in str(errors[0])
    with pytest.raises(ConfigError, match=message):
        raise errors[0]


def test_process_that_comes_after_an_error_is_told_too():
    with coordinator() as (address, connect, waiting):
        odd = connect(address, member(3), 20)
        time.sleep(0.3)
        errors = errors_of(connect(address, member(2), 20), odd, waiting)
    assert {type(error) for error in errors} == {ConfigError}


def test_error_ends_process_0_although_others_never_come(monkeypatch):
    monkeypatch.setattr(rendezvous, "LINGER", 0.2)
    with coordinator(timeout=60) as (address, connect, waiting):
        errors = errors_of(waiting, connect(address, member(3), 20))
    assert {type(error) for error in errors} == {ConfigError}


def test_missing_process_ends_all_and_is_named():
    with coordinator(timeout=1) as (address, connect, waiting):
        errors = errors_of(waiting, connect(address, member(2), 20))
    assert {type(error) for error in errors} == {HostFailed}
    assert f"process 1 has not connected to {address} within 1 s" in str(errors[1])


def test_process_0_that_never_comes_is_one_line():
    with pytest.raises(HostFailed, match=r"process 0 did not answer at 127.*refused") as error:
        introduction.connect(Address("127.0.0.1", free_port()), member(1), 0.3)
    assert "\n" not in str(error.value)


def test_process_waits_for_a_late_process_0():
    address = Address("127.0.0.1", free_port())
    with futures.ThreadPoolExecutor() as pool:
        early = pool.submit(introduction.connect, address, member(1, count=2), 20)
        while not early.running():
            pass
        with listen(address) as listener:
            wires = rendezvous.wait_for_members(listener, member(0, count=2), 20)
        close(early.result(30), *wires.values())


def test_restarted_process_may_connect_again():
    with coordinator() as (address, connect, waiting):
        lost = Wire(socket.create_connection(address))
        message = {"greeting": GREETING, "index": 1, "count": 3}
        lost.send({**message, "settings": SETTINGS, "where": "here"})
        lost.close()
        others = [connect(address, member(index), 20) for index in (1, 2)]
        close(*[task.result(30) for task in others], *waiting.result(30).values())


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x00\xff\xfe",
        b"[" * 200_000 + b"\n",
        b"x" * 3_000_000,
        b'{"greeting": "minmax-jax process", "index": true, "count": 3, "settings": {}}\n',
        b'{"greeting": "minmax-jax process", "index": 1, "count": 3, "settings": [1]}\n',
        b"",
    ],
    ids=["http", "tls", "nested", "long", "bool", "list", "nothing"],
)
def test_strangers_do_not_disturb(content):
    with coordinator() as (address, connect, waiting):
        stranger = socket.create_connection(address)
        with contextlib.suppress(OSError):  # Process 0 closes the connection when it can tell.
            stranger.sendall(content)
        others = [connect(address, member(index), 20) for index in (1, 2)]
        close(*[task.result(30) for task in others], *waiting.result(30).values())
        stranger.close()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n", b"\x00\x00\x12\x04"])
def test_another_program_at_the_port_is_one_line(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reply():
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        threading.Thread(target=reply).start()
        with pytest.raises(ConfigError, match="another program, or a run that has started"):
            introduction.connect(Address(*server.getsockname()), member(1), 10)
