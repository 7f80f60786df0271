"""Settings that connect processes: forms that are accepted or refused."""

import pytest

from minmax_jax.gan import ConfigError
from minmax_jax.gan.multihost.launch import Address, Launch, check, parse_address


@pytest.mark.parametrize(
    ("launch", "message"),
    [
        ({"num_processes": 2}, "require --coordinator HOST:PORT"),
        (
            {"coordinator": "host", "num_processes": 2, "process_id": 0},
            "coordinator must be HOST:PORT",
        ),
        (
            {"coordinator": "::1:80", "num_processes": 2, "process_id": 0},
            "brackets",
        ),
        (
            {"coordinator": "host:65536", "num_processes": 2, "process_id": 0},
            "port from 1 to 65535, got 'host:65536'",
        ),
        ({"coordinator": "host:0", "num_processes": 2, "process_id": 0}, "port from 1 to 65535"),
        (
            {"coordinator": "host:" + "1" * 5000, "num_processes": 2, "process_id": 0},
            "port from 1 to 65535",
        ),
        ({"coordinator": "host:1", "num_processes": 2}, "got -1 with num_processes=2"),
        (
            {"coordinator": "host:1", "num_processes": 2, "process_id": 2},
            "process_id must be between 0 and num_processes - 1, got 2",
        ),
        (
            {"coordinator": "host:1", "num_processes": 10**12, "process_id": 2},
            "num_processes must be at most 65536, got 1000000000000",
        ),
        ({"host_timeout": 0}, "host_timeout must be at least 1 and at most 86400 seconds, got 0"),
        ({"host_timeout": 10**20}, "host_timeout must be at least 1 and at most 86400 seconds"),
    ],
)
def test_invalid_launch_raises_one_line(launch, message):
    with pytest.raises(ConfigError, match=message) as error:
        check(Launch(**launch))
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("node-1.example:29500", Address("node-1.example", 29500)),
        ("127.0.0.1:1", Address("127.0.0.1", 1)),
        ("[::1]:65535", Address("::1", 65535)),
    ],
)
def test_address_is_parsed_and_printed(text, address):
    assert parse_address(text) == address and str(address) == text


@pytest.mark.parametrize("launch", [Launch(), Launch(distributed=True)])
def test_only_given_processes_need_a_connection(launch):
    assert check(launch) is launch.distributed
    assert check(Launch("host:1", num_processes=1, process_id=0))
