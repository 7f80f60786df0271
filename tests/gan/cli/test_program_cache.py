"""A second start reads what the first one compiled; damage costs a compilation, never a run."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

from minmax_jax.gan.cli import program_cache
from minmax_jax.gan.run import checkpoint

SETTINGS = ("jax_enable_compilation_cache", "jax_compilation_cache_dir", *program_cache.SETTINGS)
HIT, MISS = "/jax/compilation_cache/cache_hits", "/jax/compilation_cache/cache_misses"


@pytest.fixture
def events(tmp_path, monkeypatch):
    """A cache folder of its own, and what JAX says of its cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = {name: getattr(jax.config, name) for name in SETTINGS}
    compilation_cache.reset_cache()
    jax.config.update("jax_enable_compilation_cache", True)
    jax.config.update("jax_compilation_cache_dir", None)
    heard = []
    listen = lambda event, **_: heard.append(event)  # noqa: E731
    jax.monitoring.register_event_listener(listen)
    yield heard
    jax.monitoring.unregister_event_listener(listen)
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


X = np.linspace(0.0, 1.0, 7, dtype=np.float32)


def compiled_anew():
    """A program's result, as a process has it that has compiled nothing yet."""
    jax.config.update("jax_compilation_cache_dir", None)
    program_cache.turn_on()
    return np.asarray(jax.jit(lambda x: jnp.sin(x) @ x)(X))


def entries(folder, ending="-cache"):
    return sorted(folder.rglob(f"*{ending}"))


def test_a_second_compilation_is_read_with_the_same_bits(events, tmp_path):
    first = compiled_anew()
    assert HIT not in events and MISS in events and entries(tmp_path)
    second = compiled_anew()
    assert HIT in events and second == first


@pytest.mark.parametrize("damage", ["cut", "flipped", "no time of use"])
def test_a_damaged_entry_is_dropped_without_a_warning_and_made_again(damage, events, tmp_path):
    first = compiled_anew()
    for entry in entries(tmp_path):
        whole = entry.read_bytes()
        if damage == "no time of use":
            entry.with_name(entry.name.replace("-cache", "-atime")).unlink()
        elif damage == "cut":
            entry.write_bytes(whole[: len(whole) // 2])
        else:
            middle = len(whole) // 2
            entry.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    events.clear()
    assert compiled_anew() == first  # any warning is an error here
    assert MISS in events and HIT not in events
    events.clear()
    assert compiled_anew() == first and HIT in events


def test_a_folder_of_the_users_own_is_left_to_jax(events, tmp_path):
    own = tmp_path / "own"
    jax.config.update("jax_compilation_cache_dir", str(own))
    size = jax.config.jax_compilation_cache_max_size
    assert program_cache.turn_on() == own
    assert not own.exists() and jax.config.jax_compilation_cache_max_size == size


def test_turned_off_nothing_is_kept(events, tmp_path):
    jax.config.update("jax_enable_compilation_cache", False)
    assert program_cache.turn_on() is None
    compiled_anew()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_no_error(events, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert program_cache.turn_on() is None
    assert jax.config.jax_compilation_cache_dir is None


@pytest.mark.slow
def test_runs_without_a_cache_with_an_empty_a_full_and_a_damaged_one_end_in_the_same_bits(tmp_path):
    """Of `minmax-jax train`, each a process of its own."""
    ends = {}
    for name, enabled in (("without", "0"), ("empty", "1"), ("full", "1"), ("damaged", "1")):
        made = entries(tmp_path / "cache")
        if name == "damaged":
            for entry in made:
                entry.write_bytes(entry.read_bytes()[:-9])
        subprocess.run(
            [sys.executable, "-m", "minmax_jax.gan.cli", "train", "--preset", "digits", "--width",
             "16", "--batch-size", "16", "--steps", "50", "--evaluate", "0",
             "--out", str(tmp_path / name)],
            check=True, capture_output=True,
            env={**os.environ, "XLA_FLAGS": "", "JAX_ENABLE_COMPILATION_CACHE": enabled,
                 "JAX_COMPILATION_CACHE_DIR": "", "XDG_CACHE_HOME": str(tmp_path / "cache")},
        )  # fmt: skip
        if name == "full":
            assert made and entries(tmp_path / "cache") == made  # nothing was compiled
        found = checkpoint.Checkpoints(tmp_path / name / "checkpoints", pytest.fail).restore()
        ends[name] = found[1]
    for name, end in ends.items():
        assert end.keys() == ends["without"].keys()
        for key, value in end.items():
            np.testing.assert_array_equal(value, ends["without"][key], err_msg=f"{name}: {key}")
