"""Multi-process training matches one process, and failures end all processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import types
from concurrent import futures

import jax
import numpy as np
import pytest

from minmax_jax import gan, parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.data import decoding
from minmax_jax.gan.data.streaming import choice
from minmax_jax.gan.multihost import launch as launch_lib
from minmax_jax.gan.multihost import process_group, store
from minmax_jax.gan.run import checkpoint, run_folder
from tests.devices import first_devices
from tests.gan.cli.test_bad_input import images as write_images
from tests.gan.cli.test_bad_input import separate_caches  # noqa: F401  (a fixture)

CODE = "from minmax_jax.gan.cli.main import main; raise SystemExit(main())"
FLAGS = [
    "train",
    "--preset",
    "digits",
    "--optimizer",
    "extra_adam",
    "--width",
    "8",
    "--latent-dim",
    "4",
    "--batch-size",
    "16",
    "--log-every",
    "10",
    "--checkpoint-every",
    "20",
    "--evaluate",
    "0",
]


def start(folder, cache, *flags, devices=2, cwd=None):
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "JAX_ENABLE_COMPILATION_CACHE": "1",
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *FLAGS, "--out", str(folder), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=cwd,
    )


def two_launches():
    """Returns the flags that connect two processes, for each of them."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    together = ["--coordinator", address, "--num-processes", "2", "--host-timeout", "30"]
    return [[*together, "--process-id", str(index)] for index in range(2)]


def start_two(folders, cache, *flags):
    return [
        start(folder, cache, *together, *flags)
        for folder, together in zip(folders, two_launches(), strict=True)
    ]


def ends(process, timeout=500):
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def wait_for(process, folder, step):
    deadline = time.monotonic() + 400
    while not [r for r in run_folder.read_metrics(folder) if r["step"] >= step]:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def processes():
    """Processes of a test, which are killed at its end."""
    started = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def final(folder):
    return checkpoint.Checkpoints(folder / "checkpoints", pytest.fail).restore()


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [[], ["--conditional", "--optimizer", "adam_gda", "--max-steps", "3"]],
    ids=["unconditional", "conditional"],
)
def test_two_processes_match_one_and_only_the_first_writes(tmp_path, processes, flags):
    one, two, nothing = tmp_path / "one", tmp_path / "two", tmp_path / "nothing"
    cache = tmp_path / "programs"
    processes.append(start(one, cache, *flags, "--steps", "40", devices=4))
    code, _, err = ends(processes[-1])
    assert code == 0, err

    # The second session resumes. Only the coordinator has a checkpoint to restore.
    for steps in ("20", "40"):
        processes += start_two([two, nothing], cache, *flags, "--steps", steps)
        results = [ends(process) for process in processes[-2:]]
        assert [code for code, _, _ in results] == [0, 0], results
    assert "resuming" in results[0][2] and "4/4" not in results[1][2]
    assert "updates by" in results[0][1] and "updates by" not in results[1][1]
    assert not nothing.exists()

    (step, expected), (other, found) = final(one), final(two)
    assert step == other == 40 and expected.keys() == found.keys()
    moved = 0.0
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=2e-5, rtol=1e-3, err_msg=name)
        if name.startswith("players"):
            moved = max(moved, np.max(np.abs(value)))
    assert moved > 0.01
    configs = [json.loads((folder / "config.json").read_text()) for folder in (one, two)]
    for config in configs:
        config["config"]["run"].pop("out")
    assert configs[0] == configs[1]  # independent of the number of processes
    assert ("labels_crc32" in configs[1]["data"]) == bool(flags)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_killed_process_ends_the_other_with_one_line(tmp_path, processes, victim):
    processes += start_two([tmp_path / "a", tmp_path / "b"], tmp_path, "--steps", "10000000")
    wait_for(processes[0], tmp_path / "a", 60)
    processes[victim].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    code, _, err = ends(processes[1 - victim], 180)
    assert code == 5 and time.monotonic() - killed < 30, err
    line = err.splitlines()[-1]
    assert line.startswith(f"minmax-jax: process {victim} has ended without a message. ")
    assert "fatal" not in err and "Traceback" not in err and err.count("minmax-jax: ") == 1
    assert final(tmp_path / "a")[0] >= 20


@pytest.mark.slow
def test_lost_processes_end_the_others_as_promised():
    """Kills and suspends processes in every phase."""
    trials = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.gan.multihost.lose_processes", "8"],
        env={**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""},
        capture_output=True,
        text=True,
    )
    assert trials.returncode == 0, trials.stdout + trials.stderr


@pytest.mark.slow
def test_different_settings_end_both_before_training(tmp_path, processes):
    processes += [
        start(tmp_path / "a", tmp_path, *together, "--learning-rate-min", rate)
        for together, rate in zip(two_launches(), ("0.001", "0.002"), strict=True)
    ]
    results = [ends(process) for process in processes]
    assert [code for code, _, _ in results] == [2, 2], results
    text = "learning_rate_min: 0.001 in process 0, 0.002 in process 1"
    assert all(text in err and len(err.splitlines()) == 1 for _, _, err in results), results
    assert not (tmp_path / "a").exists()


@pytest.mark.slow
def test_different_data_end_both_before_training(tmp_path, processes):
    hosts = [tmp_path / "host0", tmp_path / "host1"]
    for host in hosts:
        write_images(host / "set")
    (hosts[1] / "set" / "b" / "1.png").rename(hosts[1] / "set" / "a" / "1.png")
    processes += [
        start(tmp_path / "a", tmp_path, *together, "--data", "set", "--batch-size", "4", cwd=host)
        for host, together in zip(hosts, two_launches(), strict=True)
    ]
    results = [ends(process) for process in processes]
    assert [code for code, _, _ in results] == [2, 2], results
    assert all("data must be the same in all processes, got " in err for _, _, err in results)
    assert all("checksum: " in err for _, _, err in results), results
    assert not list(tmp_path.rglob("config.json"))


@pytest.mark.slow
def test_error_of_one_process_ends_both_with_its_reason(tmp_path, processes):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis.tex").write_text("years of work")
    processes += start_two([tmp_path / "a", tmp_path / "b"], tmp_path, "--steps", "20")
    results = [ends(process) for process in processes]
    assert [code for code, _, _ in results] == [2, 2], results
    assert "is not a run folder" in results[0][2].splitlines()[-1]
    assert "minmax-jax: process 0: out=" in results[1][2].splitlines()[-1]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["thesis.tex"]


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_sigterm_to_either_process_saves_and_ends_both(tmp_path, processes, victim):
    processes += start_two([tmp_path / "a", tmp_path / "b"], tmp_path, "--steps", "10000000")
    wait_for(processes[0], tmp_path / "a", 60)
    processes[victim].send_signal(signal.SIGTERM)
    results = [ends(process, 180) for process in processes]
    assert [code for code, _, _ in results] == [143, 143], results
    line = results[0][2].splitlines()[-1]
    assert line.startswith("minmax-jax: SIGTERM: saved at step ")
    assert final(tmp_path / "a")[0] == int(line.split("step ")[1].split(";")[0])


FUSED_ROUNDING = "--xla_cpu_use_fusion_emitters=false"
"""Flag with which XLA rounds a product and a sum once in some programs, and twice in others."""


def batches(images, num_devices, count):
    devices = first_devices(num_devices)
    size = 24 // num_devices

    def draw(images):
        first = jax.lax.axis_index(parallel.AXIS) * size
        return data_lib.batch(images, jax.random.key(3), first + jax.numpy.arange(size))

    drawn = jax.pmap(draw, axis_name=parallel.AXIS, devices=devices)(images)
    return np.asarray(drawn).reshape(24, *drawn.shape[2:])


@pytest.mark.parametrize("num_devices", [2, 3, 8])
@pytest.mark.parametrize("kind", ["image", "vector"])
def test_batches_of_sharded_images_match_those_of_all_images(num_devices, kind):
    whole = data_lib.load("digits").images[:101]  # 101 is prime
    if kind == "vector":
        whole = np.random.default_rng(0).normal(size=(101, 3)).astype(np.float32)
    devices = first_devices(num_devices)
    expected = batches(parallel.replicate(whole, devices[:1]), 1, 101)
    spread = data_lib.shard_images(whole, 101, devices)
    assert spread.rows.shape[:2] == (num_devices, -(-101 // num_devices))
    found = batches(spread, num_devices, 101)
    if FUSED_ROUNDING in os.environ["XLA_FLAGS"] and kind == "image":
        np.testing.assert_allclose(found, expected, rtol=0, atol=1.2e-7)
        found, expected = (np.rint((images + 1) * 127.5) for images in (found, expected))
    np.testing.assert_array_equal(found, expected)


def test_batches_of_sharded_labels_match_those_of_all_labels():
    whole = data_lib.load("digits")
    some = whole._replace(images=whole.images[:101], labels=whole.labels[:101])
    devices = first_devices(3)

    def draw(examples):
        first = jax.lax.axis_index(parallel.AXIS) * 8
        return data_lib.labeled_batch(examples, jax.random.key(3), first + jax.numpy.arange(8))

    def drawn(data):
        examples = data_lib.put_on_devices(data, devices, labels=True)
        return jax.pmap(draw, axis_name=parallel.AXIS, devices=devices)(examples)

    sharded = drawn(some._replace(totals=data_lib.Totals(101, 0)))
    assert sharded.labels.dtype == np.int32
    np.testing.assert_array_equal(sharded.labels, drawn(some).labels)
    with pytest.raises(gan.DataError, match="data must have labels, got none in digits"):
        data_lib.put_on_devices(some._replace(labels=None), devices, labels=True)


def test_process_decodes_only_its_shard(tmp_path, monkeypatch):
    write_images(tmp_path / "set")
    whole = data_lib.load(str(tmp_path / "set"))
    decoded = []
    decode_one = decoding._decode_one
    record = lambda rows, row, *rest: decoded.append(row) or decode_one(rows, row, *rest)  # noqa: E731
    monkeypatch.setattr(decoding, "_decode_one", record)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    shards = [data_lib.shard_of_process(i, 2, 1) for i in range(2)]
    parts = [data_lib.load(str(tmp_path / "set"), shard_fn=shard) for shard in shards]
    assert len(decoded) == len(whole.images) == 6
    np.testing.assert_array_equal(np.concatenate([p.images for p in parts]), whole.images)
    assert [len(part.images) for part in parts] == [3, 3]
    assert [part.count for part in parts] == [6, 6] and not len(parts[0].test_images)


def test_single_process_group_communicates_nothing():
    with process_group.join(launch_lib.Launch()) as alone:
        values = {"a": np.arange(3)}
        assert alone.is_coordinator and alone.broadcast(values) == values
        assert (
            alone.checksum(np.zeros(3, np.uint8))
            == run_folder.describe(data_lib.load("digits")._replace(images=np.zeros(3, np.uint8)))[
                "crc32"
            ]
        )


def test_processes_must_connect_before_jax_is_used():
    jax.devices()
    launch = launch_lib.Launch("127.0.0.1:1", num_processes=2, process_id=1)
    with pytest.raises(gan.ConfigError, match="must connect before anything else uses JAX"):
        with process_group.join(launch):
            pass


def test_undetected_cluster_is_one_line(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("SLURM_", "OMPI_"))]:
        monkeypatch.delenv(name)
    with pytest.raises(gan.ConfigError, match="distributed: the processes cannot be detected"):
        with process_group.join(launch_lib.Launch(distributed=True, host_timeout=1)):
            pass


def member_groups(monkeypatch, count=2):
    """Returns groups of processes whose texts are exchanged in memory."""
    texts = {}

    class Client:
        def key_value_set(self, key, value):
            assert key not in texts
            texts[key] = value

        def blocking_key_value_get(self, key, _):
            if key not in texts:
                raise jax.errors.JaxRuntimeError("DEADLINE_EXCEEDED: try again")
            return texts[key]

    monkeypatch.setattr(store.Store, "_client", Client())
    beat = types.SimpleNamespace(stopped=False)
    return [process_group.ProcessGroup(beat, store.Store(i, count)) for i in range(count)]


def shard(index, **changes):
    part = data_lib.load("digits", shard_fn=data_lib.shard_of_process(index, 2, 1))
    return part._replace(totals=part.totals._replace(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, ""),
        ({"count": 7}, "training examples: 1438 in process 0, 7 in process 1"),
        ({"test_count": 3}, "held-out examples: 359 in process 0, 3 in process 1"),
        ({"identity": 1}, r"checksum: \d+ in process 0, 1 in process 1"),
    ],
)
def test_data_of_all_processes_are_compared(changes, message, monkeypatch):
    groups = member_groups(monkeypatch)
    parts = [shard(0), shard(1, **changes)]
    with futures.ThreadPoolExecutor() as pool:
        checks = list(pool.map(lambda one, part: _error(one.check_data, part), groups, parts))
    assert len(set(map(str, checks))) == 1
    assert re.search(message, str(checks[0])) and (checks[0] is None) == (not message)


def test_hosts_that_choose_streaming_differently_are_named(tmp_path, monkeypatch):
    """The choice depends on the memory of each host."""
    pytest.importorskip("grain", reason="needs the extra stream")
    write_images(tmp_path / "set")
    groups, parts = member_groups(monkeypatch), []
    for index, memory in enumerate((1e9, 1e2)):
        monkeypatch.setattr(choice, "total_memory", lambda memory=memory: memory)
        streaming = data_lib.Streaming(above=0.5, workers=0)
        shard_fn = data_lib.shard_of_process(index, 2, 1)
        parts.append(data_lib.load(str(tmp_path / "set"), shard_fn=shard_fn, streaming=streaming))
    with futures.ThreadPoolExecutor() as pool:
        checks = list(pool.map(lambda one, part: _error(one.check_data, part), groups, parts))
    for error in checks:
        assert str(error).startswith(
            "data must be the same in all processes, got streamed: false in process 0, true in "
            "process 1. Give"
        )
        assert "--stream-above 0, to all" in str(error)


def _error(function, *arguments):
    try:
        function(*arguments)
    except gan.ConfigError as error:
        return error


def test_checksums_of_shards_are_those_of_the_dataset(monkeypatch):
    groups, whole = member_groups(monkeypatch), data_lib.load("digits")

    def checksums(group, part):
        labels = np.asarray(part.labels, np.int32)
        return group.checksum(part.images), group.checksum(labels, "labels_crc32")

    with futures.ThreadPoolExecutor() as pool:
        found = pool.map(checksums, groups, map(shard, (0, 1)))
        assert set(found) == {(data_lib.crc32(whole.images), whole.labels_crc32)}


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (gan.ConfigError("width must be\n8"), 2, "width must be 8"),
        (KeyboardInterrupt(), 130, "KeyboardInterrupt"),
        (RuntimeError("a bug"), 5, "RuntimeError: a bug"),
        (ValueError("Gloo all-reduce failed: Connection reset by peer"), 5, "ValueError: Gloo all"),
    ],
)
def test_error_ends_all_with_its_code_and_one_line(error, code, text, monkeypatch, capsys):
    failed, slept = [], []
    monkeypatch.setattr(process_group.time, "sleep", slept.append)
    beat = types.SimpleNamespace(timeout=3, fail=lambda *arguments: failed.append(arguments))
    process_group.abort(beat, 1, error)
    [(found, line, index)] = failed
    assert (found, index) == (code, 1) and line.startswith(text) and "\n" not in line
    assert bool(slept) == ("Gloo" in str(error))  # The heartbeat may know the lost process.
    assert (type(error).__name__ in capsys.readouterr().err) == (code == 5)  # a bug: traceback
