"""Absurd sizes are refused before anything is allocated."""

import pytest

from minmax_jax.gan.base import memory as memory_lib
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets
from minmax_jax.gan.generation import sampling
from minmax_jax.gan.training import build


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"width": 65536}, r"width=65536 needs at least 6\d\.\d GB of memory, and there are 16"),
        ({"batch_size": 2**31 - 1}, "batch_size=2147483647 needs at least"),
        ({"evaluate": 2**31 - 1}, "evaluate=2147483647 needs at least"),
        (
            {"network": "dcgan", "latent_dim": 2**20, "width": 1024},
            "latent_dim=1048576 needs at least",
        ),
    ],
)
def test_sizes_beyond_the_memory_are_refused(monkeypatch, fields, message):
    monkeypatch.setattr(memory_lib, "total_memory", lambda: 16e9)
    config = presets.preset("digits", **fields).check()
    with pytest.raises(ConfigError, match=message):
        build.build_pair(config, (8, 8, 1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"width": 10**12}, "width must be below 2147483648, got 1000000000000"),
        ({"width": 10**6}, "width must be at most 65536, got 1000000"),
        ({"steps": 10**20}, "steps must be below 2147483648, got 100000000000000000000"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 2**31}, "seed must be below 2147483648"),
        ({"latent_dim": 10**9}, "latent_dim must be at most 1048576"),
        ({"keep": 10**400}, "keep must be below 2147483648, got a huge int|got 1000000"),
        ({"learning_rate_min": 10**400}, "learning_rate_min must be at least 0, got"),
        ({"out": "a" * 10**6}, "out must be a text of at most 4096 characters"),
        ({"out": "a\0b"}, "without NUL"),
    ],
)
def test_absurd_values_are_one_short_line(fields, message):
    with pytest.raises(ConfigError, match=message) as error:
        presets.preset("digits", **fields).check()
    assert "\n" not in str(error.value) and len(str(error.value)) < 200


@pytest.mark.parametrize("value", [0, -1, 2**30 + 1, 10**11, 10**300])
def test_absurd_counts_are_refused(value):
    with pytest.raises(ConfigError, match=r"num must be at (least|most)"):
        sampling.check_count("num", value)


@pytest.mark.parametrize("value", [-1, 2**31, 10**20])
def test_seeds_out_of_range_are_refused(value):
    with pytest.raises(ConfigError, match="seed must be from 0 to 2147483647"):
        sampling.check_seed(value)


def test_memory_of_this_machine_is_known_or_unlimited(monkeypatch, tmp_path):
    assert 1e8 < memory_lib.total_memory()
    (tmp_path / "limit").write_text("1000\n")
    monkeypatch.setattr(memory_lib, "_CGROUP", tmp_path / "limit")
    assert memory_lib.total_memory() == 1000
    with pytest.raises(ConfigError, match=r"num=5 needs at least 2e-06 GB .*Draw fewer"):
        memory_lib.check_memory("num", 5, 2000, "Draw fewer.")
    memory_lib.check_memory("num", 5, 1000, "Draw fewer.")
