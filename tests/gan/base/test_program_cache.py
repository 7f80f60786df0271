"""Tests of the cache of compiled programs, also with corrupt entries."""

import os
import stat
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

from minmax_jax.gan.base import private_folder, program_cache
from minmax_jax.gan.run import checkpoint
from tests.devices import xla_flags

SETTINGS = ("jax_enable_compilation_cache", "jax_compilation_cache_dir", *program_cache.SETTINGS)
HIT, MISS = "/jax/compilation_cache/cache_hits", "/jax/compilation_cache/cache_misses"


@pytest.fixture
def events(tmp_path, monkeypatch):
    """Uses a separate cache folder and returns the events of JAX's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = {name: getattr(jax.config, name) for name in SETTINGS}
    compilation_cache.reset_cache()
    jax.config.update("jax_enable_compilation_cache", True)
    jax.config.update("jax_compilation_cache_dir", None)
    recorded = []
    listen = lambda event, **_: recorded.append(event)  # noqa: E731
    jax.monitoring.register_event_listener(listen)
    yield recorded
    jax.monitoring.unregister_event_listener(listen)
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


X = np.linspace(0.0, 1.0, 7, dtype=np.float32)


def compile_again():
    """Returns the result of a program as in a process that has not compiled it yet."""
    jax.config.update("jax_compilation_cache_dir", None)
    program_cache.turn_on()
    return run_program()


def run_program():
    return np.asarray(jax.jit(lambda x: jnp.sin(x) @ x)(X))


def entries(folder, ending="-cache"):
    return sorted(folder.rglob(f"*{ending}"))


def test_second_compilation_reads_an_identical_program(events, tmp_path):
    first = compile_again()
    assert HIT not in events and MISS in events and entries(tmp_path)
    second = compile_again()
    assert HIT in events and second == first


@pytest.mark.parametrize("damage", ["truncated", "flipped", "no time of use"])
def test_corrupt_entry_is_removed_and_written_again(damage, events, tmp_path):
    first = compile_again()
    for entry in entries(tmp_path):
        whole = entry.read_bytes()
        if damage == "no time of use":
            entry.with_name(entry.name.replace("-cache", "-atime")).unlink()
        elif damage == "truncated":
            entry.write_bytes(whole[: len(whole) // 2])
        else:
            middle = len(whole) // 2
            entry.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    events.clear()
    assert compile_again() == first  # any warning is an error here
    assert MISS in events and HIT not in events
    events.clear()
    assert compile_again() == first and HIT in events


def test_folder_chosen_by_the_user_is_unchanged(events, tmp_path):
    own = tmp_path / "own"
    jax.config.update("jax_compilation_cache_dir", str(own))
    size = jax.config.jax_compilation_cache_max_size
    assert program_cache.turn_on() == own
    assert not own.exists() and jax.config.jax_compilation_cache_max_size == size


def test_tests_pass_while_another_process_writes_an_entry(events, tmp_path):
    own = tmp_path / "own"  # like the folder that the test processes share
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_compilation_cache_dir", str(own))
    first = run_program()
    for entry in entries(own):
        entry.write_bytes(entry.read_bytes()[:40])
    events.clear()
    assert run_program() == first  # JAX warns; the filter in pyproject.toml ignores that.
    assert HIT not in events


def test_disabled_cache_writes_nothing(events, tmp_path):
    jax.config.update("jax_enable_compilation_cache", False)
    assert program_cache.turn_on() is None
    compile_again()
    assert not list(tmp_path.iterdir())


def test_unwritable_folder_disables_the_cache(events, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert program_cache.turn_on() is None
    assert jax.config.jax_compilation_cache_dir is None


@pytest.mark.parametrize("place", [".", "minmax_jax", "minmax_jax/programs/*", "own"])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_cache_that_others_can_write_is_not_used(place, mode, events, tmp_path, monkeypatch):
    monkeypatch.setattr(private_folder, "_is_own_group", lambda group: False)
    first = compile_again()
    before = entries(tmp_path)
    if place == "own":
        (tmp_path / "own").mkdir()
        jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    else:
        jax.config.update("jax_compilation_cache_dir", None)
    next(tmp_path.glob(place) if place != "." else iter([tmp_path])).chmod(mode)
    notes = []
    assert program_cache.turn_on(notes.append) is None
    assert len(notes) == 1 and "not cached, because " in notes[0] and "can be written" in notes[0]
    events.clear()
    compilation_cache.reset_cache()  # JAX decides at the first compilation of a process.
    assert run_program() == first and HIT not in events and entries(tmp_path) == before
    tmp_path.chmod(0o700)


def test_new_cache_is_private(events, tmp_path):
    before = os.umask(0)
    try:
        folder = program_cache.turn_on(pytest.fail)
    finally:
        os.umask(before)
    made = [folder, *folder.parents][:3]
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o700] * 3


@pytest.mark.slow
def test_results_are_identical_for_any_cache_state(tmp_path):
    """Runs `minmax-jax train` in separate processes without, with a new, full and corrupt cache."""
    ends = {}
    for name, enabled in (("without", "0"), ("empty", "1"), ("full", "1"), ("corrupt", "1")):
        made = entries(tmp_path / "cache")
        if name == "corrupt":
            for entry in made:
                entry.write_bytes(entry.read_bytes()[:-9])
        subprocess.run(
            [
                sys.executable,
                "-m",
                "minmax_jax.gan.cli",
                "train",
                "--preset",
                "digits",
                "--width",
                "16",
                "--batch-size",
                "16",
                "--steps",
                "50",
                "--evaluate",
                "0",
                "--out",
                str(tmp_path / name),
            ],
            check=True,
            capture_output=True,
            env={
                **os.environ,
                "XLA_FLAGS": xla_flags(),
                "JAX_ENABLE_COMPILATION_CACHE": enabled,
                "JAX_COMPILATION_CACHE_DIR": "",
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
            },
        )
        if name == "full":
            assert made and entries(tmp_path / "cache") == made  # nothing was compiled
        found = checkpoint.Checkpoints(tmp_path / name / "checkpoints", pytest.fail).restore()
        ends[name] = found[1]
    for name, end in ends.items():
        assert end.keys() == ends["without"].keys()
        for key, value in end.items():
            np.testing.assert_array_equal(value, ends["without"][key], err_msg=f"{name}: {key}")
