"""Tests of timing, counting and the committed tables and figures."""

import argparse
import dataclasses
import itertools
import json
import subprocess
import types
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import __main__ as command_line
from benchmarks import (
    clock,
    counts,
    gpu,
    machine,
    stand_ins,
    step,
    store,
    suites,
    torch_device,
    update,
)


def test_ratio_is_computed_within_each_round():
    times = {"a": [1.0, 10.0, 2.0], "b": [2.0, 20.0, 4.0]}  # the second round is slow for both
    found = clock.compare(times, "a")
    assert clock.ratio(found["b"]) == (2.0, 2.0, 2.0)
    assert found["b"]["seconds"] == 4.0


def test_interleave_gives_each_one_turn_per_round():
    calls = []
    runs = {name: lambda name=name: calls.append(name) for name in "ab"}
    times = clock.interleave(runs, rounds=2, warm_up=1)
    assert [set(calls[start : start + 2]) for start in (0, 2, 4)] == [{"a", "b"}] * 3
    assert [len(seconds) for seconds in times.values()] == [2, 2]


@pytest.mark.parametrize("rounds", [10, 15])
def test_interleave_varies_who_comes_before(rounds):
    calls = []
    runs = {name: lambda name=name: calls.append(name) for name in "abcd"}
    clock.interleave(runs, rounds, warm_up=0)
    pairs = [*itertools.pairwise(calls)]
    for name in runs:
        before = [first for first, second in pairs if second == name]
        assert max(map(before.count, runs)) < 0.75 * len(before)


def test_untimed_calls_begin_each_turn():
    calls = []
    runs = {name: lambda name=name: calls.append(name) for name in "ab"}
    clock.interleave(runs, rounds=3, warm_up=1, calls=2, untimed=1)
    turns = [calls[start : start + 3] for start in range(0, len(calls), 3)]
    assert len(turns) == 8 and all(len(set(turn)) == 1 for turn in turns)


def test_counts_of_matmul_are_exact():
    x = jnp.ones((64, 64))
    found = counts.count(counts.compiled(jnp.matmul, x, x))
    assert found.flops == 2 * 64**3
    assert found.bytes == 3 * 4 * 64**2
    assert (found.collectives, found.transfers) == (0, 0)


def test_instructions_count_start_and_done_once():
    text = (
        "a = f32[] all-reduce-start(b), c\n d = f32[] all-reduce-done(a)\n e = f32[2] all-reduce(f)"
    )
    assert counts.instructions(text, "all-reduce") == 2


def test_unknown_suite_raises_with_nearest_name():
    with pytest.raises(SystemExit, match="choose from update"):
        suites.load("updates")


def test_sgd_update_moves_the_minimum_of_bytes():
    config = dataclasses.replace(update.QUICK, trees=((4_000, 4, "float32"),), rounds=1)
    (group,) = update.run(config, lambda progress: None)["groups"]
    sgd = group["rows"]["optax.sgd"]
    np.testing.assert_allclose(sgd["bytes"], sgd["least_bytes"], rtol=0.01)
    assert set(update.OPTIMIZERS) <= set(group["rows"])
    assert "`mm.nsgda`" in update.report({"groups": [group]})


def test_machine_describes_cores_versions_and_command():
    about = machine.describe()
    assert about["cores"] >= 1 and about["versions"]["jax"]
    assert "python -m benchmarks update" in machine.heading("update", about)


def test_turn_of_several_calls_is_divided_by_their_number():
    calls, waits = [], []

    def run():
        calls.append(None)
        return lambda: waits.append(None)  # as PyTorch on a GPU

    times = clock.interleave({"a": run}, rounds=2, warm_up=1, calls=5)
    assert (len(calls), len(waits), len(times["a"])) == (15, 3, 2)


@pytest.mark.parametrize(
    ("platform", "device", "slug"),
    [
        ("cpu", "Intel(R) Xeon(R) Processor", "cpu"),
        ("gpu", "NVIDIA H100 80GB HBM3", "h100"),
        ("gpu", "NVIDIA A100-SXM4-40GB", "a100"),
        ("gpu", "NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("gpu", "NVIDIA", "gpu"),
    ],
)
def test_slug_names_the_device(platform, device, slug):
    assert machine.slug({"platform": platform, "device": device}) == slug


def test_results_do_not_change_the_commit(tmp_path):
    for folder in ("minmax_jax", "benchmarks/results"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").touch()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    before = machine.commit(tmp_path / "benchmarks")
    (tmp_path / "benchmarks/results/step-h100.part.json").touch()
    assert machine.commit(tmp_path / "benchmarks") == before and "+" not in before
    for folder in ("minmax_jax", "benchmarks"):
        (tmp_path / folder / "new").touch()
        assert machine.commit(tmp_path / "benchmarks") == f"{before}+"
        (tmp_path / folder / "new").unlink()


class FakeTorch:
    """Stands for the package torch on a machine with or without a GPU."""

    def __init__(self, has_gpu):
        self.waits = []
        self.cuda = types.SimpleNamespace(
            is_available=lambda: has_gpu, synchronize=lambda: self.waits.append(None)
        )

    def device(self, name):
        return types.SimpleNamespace(type=name)


@pytest.mark.parametrize(
    ("platform", "has_gpu", "expected"),
    [("cpu", True, "cpu"), ("cpu", False, "cpu"), ("gpu", True, "cuda"), ("gpu", False, None)],
)
def test_torch_runs_on_the_device_of_jax_or_not_at_all(platform, has_gpu, expected):
    device = torch_device.find(platform, FakeTorch(has_gpu))
    assert getattr(device, "type", None) == expected


@pytest.mark.parametrize(("kind", "waits"), [("cuda", 1), ("cpu", 0)])
def test_torch_is_waited_for_on_a_gpu(kind, waits):
    torch = FakeTorch(True)
    clock.wait(torch_device.waiter(torch.device(kind), torch))
    assert len(torch.waits) == waits


def test_step_measures_and_draws_one_update_order(tmp_path, monkeypatch):
    times = {name: {"ratio": [1.0, 1.0, 1.0], "seconds": 1.0} for name in (*step.OWN, "eager")}
    counted = {"flops": 1.0, "bytes": 1.0, "temporaries": 1}
    row = {"times": times, "counts": {"minmax_jax": counted, "handwritten": counted}}
    monkeypatch.setattr(step, "measure", lambda *args: row)
    result = step.run(step.GPU, lambda progress: None)
    assert {tuple(one["orders"]) for one in result["networks"].values()} == {("simultaneous",)}
    assert "eager" in step.report(result) and "alternating" not in step.report(result)
    step.draw(result, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize("on_cpu", [True, False])
def test_updates_compile_before_the_first_off_cpu(on_cpu, monkeypatch):
    made = []
    monkeypatch.setattr(update, "Update", lambda name, gradients: made.append(name) or name)
    monkeypatch.setattr(update, "_on_cpu", lambda: on_cpu)
    make = update.maker(update.FEW, None)
    assert sorted(made) == ([] if on_cpu else sorted(update.FEW))
    assert [make(name) for name in update.FEW] == [*update.FEW]
    assert len(made) == len(update.FEW)


@pytest.mark.parametrize("name", ["update", "step", "solve"])
def test_suites_have_a_configuration_for_a_gpu(name):
    suite = suites.load(name)
    assert suites.configure(suite, "gpu") == suite.GPU != suites.configure(suite, "cpu")
    assert suites.configure(suite, "gpu", quick=True) == suite.QUICK


def test_store_measures_each_case_once(tmp_path):
    path, calls = tmp_path / "kept.json", []
    measure = lambda: calls.append(None) or {"seconds": (1.0, 2.0)}  # noqa: E731
    first = store.Store(path, ["a", 1])("case", measure)
    assert store.Store(path, ["a", 1])("case", measure) == first == {"seconds": [1.0, 2.0]}
    assert len(calls) == 1
    store.Store(path, ["another commit", 1])("case", measure)
    assert len(calls) == 2


def test_interrupted_suite_continues_after_finished_cases(tmp_path, monkeypatch):
    measured = []

    def measure(gradients, names, config):
        measured.append(names)
        if len(measured) == 2:
            raise KeyboardInterrupt
        return [("optax.adam", {"ratio": [1.0, 1.0, 1.0], "seconds": 1.0})]

    monkeypatch.setattr(update, "measure", measure)
    monkeypatch.setattr(update, "draw", lambda record, path: path.touch())
    command = command_line.parse(["update", "--quick", "--here", "--out", str(tmp_path)])
    with pytest.raises(KeyboardInterrupt):
        command_line.main(command)
    command_line.main(command)
    assert measured == [tuple(update.OPTIMIZERS), update.FEW, update.FEW]
    assert (tmp_path / "update-cpu.json").exists()
    assert not list(tmp_path.glob("*.part*"))


def test_gpu_command_skips_records_and_stops_when_time_is_up(tmp_path, monkeypatch, capsys):
    about = {"platform": "gpu", "commit": "abc", "device": "NVIDIA H100 80GB HBM3"}

    def write(file, config, **other):
        record = {"machine": about | other, "config": dataclasses.asdict(config)}
        (tmp_path / file).write_text(json.dumps(record))

    write("step-h100.json", suites.load("step").GPU)
    write("update-cpu.json", update.GPU, platform="cpu")
    write("solve-h100.json", suites.load("solve").QUICK)
    write("trainer-h100.json", suites.load("trainer").Config(), commit="abd")
    monkeypatch.setattr(machine, "describe_without_device", lambda: {"commit": "abc"})
    ran = []

    def run(words, env, timeout):
        ran.append(words[3])
        assert 0 < timeout <= 60 and env["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
        if words[3] == "solve":
            raise subprocess.TimeoutExpired(words, timeout)
        return types.SimpleNamespace(returncode=0)

    monkeypatch.setattr(gpu.subprocess, "run", run)
    command = argparse.Namespace(minutes=1.0, quick=False, out=tmp_path)
    expected = {"step": "kept", "update": "done", "solve": "out of time", "trainer": "done"}
    assert gpu.main(command) == expected and ran == ["trainer", "update", "solve"]
    printed = capsys.readouterr().out
    assert "step: kept\n" in printed and "same command again" in printed
    assert set(gpu.main(argparse.Namespace(minutes=0.0, quick=False, out=tmp_path)).values()) == {
        "kept",
        "out of time",
    }


def test_stand_in_for_tyro_offers_what_configurations_use():
    tyro, conf, *_ = stand_ins.make_tyro()
    annotation = conf.arg(help="text")
    assert tyro.conf is conf and conf.Positional[int] is not None
    tyro.constructors.PrimitiveConstructorSpec(nargs=1, metavar="A", instance_from_str=None)

    @conf.configure(annotation)
    def decorated():
        return 1

    assert decorated() == 1


FOLDER = Path(suites.__file__).parent / "results"
RECORDS = [
    path for path in sorted(FOLDER.glob("*.json")) if path.stem.rpartition("-")[0] in suites.DEVICES
]


def test_records_carry_their_device():
    for path in RECORDS:
        about = json.loads(path.read_text())["machine"]
        assert path.stem.endswith(f"-{machine.slug(about)}"), path.name


@pytest.mark.parametrize("path", RECORDS, ids=[path.stem for path in RECORDS])
def test_tables_and_figures_are_built_from_json(path, tmp_path):
    name = path.stem.rpartition("-")[0]
    suite, record = suites.load(name), json.loads(path.read_text())
    text = f"{machine.heading(name, record['machine'])}\n\n{suite.report(record)}\n"
    assert path.with_suffix(".md").read_text() == text
    assert hasattr(suite, "draw") == path.with_suffix(".png").exists()
    if hasattr(suite, "draw"):
        suite.draw(record, tmp_path / "figure.png")
        assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_records_name_no_folder_of_their_machine():
    root = Path(__file__).parents[2]
    records = [p for part in ("benchmarks", "experiments") for p in (root / part).rglob("*.json")]
    assert len(records) > 10
    places = ("/tmp/", "/home/", "/root/", "../", "/bin/python")
    found = [p.name for p in records if any(place in p.read_text() for place in places)]
    assert not found
