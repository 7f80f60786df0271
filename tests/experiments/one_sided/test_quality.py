"""Tests of the scores along runs, and of the settings of the runs."""

import dataclasses
import json

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.one_sided.norms import __main__ as command
from experiments.one_sided.norms import quality
from experiments.one_sided.norms import run as norms
from experiments.one_sided.trajectories import balance, problems, snapshots
from experiments.one_sided.trajectories.config import PRESETS, Config, make_problem
from experiments.one_sided.trajectories.training import train
from minmax_jax import gan

SMALL = {"width": 4, "batch_size": 8}


def gaussians(**fields):
    return problems.networks("gaussians", **SMALL, **fields)


@pytest.mark.slow
def test_scores_leave_norms_unchanged(tmp_path, monkeypatch):
    problem = gaussians()
    monkeypatch.setattr(norms, "make_problem", lambda config: problem)
    config = Config(methods=("sgda",), schedules=("constant",), seeds=2, steps=2)
    scored = norms.run(dataclasses.replace(config, runs=str(tmp_path / "a")))
    trivial = {"modes_covered": 8.0, "num_modes": 8}
    monkeypatch.setattr(quality, "evaluator", lambda problem: lambda params: trivial)
    plain = norms.run(dataclasses.replace(config, runs=str(tmp_path / "b")))
    (name,) = plain["runs"]
    found, average = (scored["runs"][name].pop(part) for part in ("quality", "average"))
    assert (plain["runs"][name].pop("quality"), plain["runs"][name].pop("average")) != (
        found,
        average,
    )
    assert scored["runs"] == plain["runs"]
    assert np.shape(found["modes_covered"]) == (2, len(plain["runs"][name]["steps"]))
    assert np.shape(average["high_quality_share"]) == (2, 1)
    assert found["num_modes"] == 8
    json.dumps(scored, allow_nan=False)


def test_evaluator_scores_the_given_generator():
    problem = gaussians()
    evaluate = quality.evaluator(problem)
    start = problem.start(0).min
    centers = problem.data.modes.centers
    # A generator with zero weights makes one point, the bias of its last layer.
    point = jax.tree.map(jnp.zeros_like, start)
    (bias,) = (leaf for leaf in jax.tree.leaves(start) if leaf.shape == (2,))
    at_mode = jax.tree.map(
        lambda leaf: jnp.asarray(centers[3]) if leaf.shape == bias.shape else leaf, point
    )
    found = evaluate(at_mode)
    assert found["high_quality_share"] == 1 and found["modes_covered"] == 1
    assert evaluate(point)["high_quality_share"] == 0


def test_score_of_dirac_gan_is_the_distance_from_the_data(measured):
    found = measured[0]["runs"]["adam_gda, constant"]
    assert found["quality"]["data_distance"] == found["parameter_norm"]["min"]
    evaluate = quality.evaluator(make_problem(Config(preset="dirac")))
    assert evaluate({"theta": jnp.asarray(-0.5)}) == {"data_distance": 0.5}


def test_success_needs_all_modes_or_classes_and_a_small_distance():
    modes = {"modes_covered": [[0.0, 8.0, 7.0, None]], "num_modes": 8}
    assert quality.successes(modes).tolist() == [[False, True, False, False]]
    images = {
        "frechet_distance": [[100.0, 25.0, 26.0, 20.0]],
        "classes_covered": [[1.0, 10.0, 10.0, 9.0]],
        "num_classes": 10,
    }
    assert quality.successes(images).tolist() == [[False, True, False, False]]
    dirac = {"data_distance": [[1.5, 0.1, 0.11, None]]}
    assert quality.successes(dirac).tolist() == [[False, True, False, False]]


def test_starts_are_the_networks_of_the_trainer():
    problem = gaussians()
    pair = gan.build_pair(gan.preset("gaussians", seed=3, **SMALL), (2,))
    chex.assert_trees_all_equal(
        problem.start(3), mm.Players(pair.generator.params, pair.discriminator.params)
    )


def test_summarize_marks_missing_scores():
    rows = [[{"modes_covered": 3, "num_modes": 8}, {"not_finite": 5}]] * 2
    assert quality.summarize(rows) == {
        "modes_covered": [[3.0, 3.0], [None, None]],
        "num_modes": 8,
    }


def test_penalty_changes_only_the_discriminator():
    key = jax.random.key(1)
    fields = []
    for weight in (0.0, 1.0, 10.0):
        problem = gaussians(loss="wasserstein", penalty=weight)
        z = problem.start(0)
        fields.append(problem.descended(z, key))
        zero_sum = problem.saturating(z, key)
        for a, b in zip(*map(jax.tree.leaves, (fields[-1], zero_sum)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    without, one, ten = (jax.tree.leaves(f.max) for f in fields)
    for a, b, c in zip(without, one, ten, strict=True):
        np.testing.assert_allclose(c - a, 10 * (b - a), rtol=1e-3, atol=1e-4)
        if a.shape == (1,):  # The last bias shifts all outputs, and no gradient.
            np.testing.assert_allclose(a, c, atol=1e-6)
    assert any(np.abs(c - a).max() > 1e-2 for a, c in zip(without, ten, strict=True))
    for a, c in zip(*(jax.tree.leaves(fields[i].min) for i in (0, 2)), strict=True):
        np.testing.assert_array_equal(a, c)


def test_penalty_raises_for_discriminator_with_batch_norm():
    with pytest.raises(gan.ConfigError, match="dcgan has BatchNorm"):
        problems.networks("digits", network="dcgan", **SMALL, loss="wasserstein", penalty=1.0)


def test_balanced_discriminator_has_nearest_number_of_parameters():
    config = gan.preset("digits", width=4, latent_dim=40)
    shape = (8, 8, 1)
    width = balance.balanced_width(config, shape)
    wanted = balance.parameters(config, shape, 4)[0]
    ratio = lambda w: abs(np.log(balance.parameters(config, shape, w)[1] / wanted))  # noqa: E731
    assert width > 4 and ratio(width) == min(map(ratio, (width - 1, width, width + 1)))
    problem = problems.networks("digits", balanced=True, width=4, latent_dim=40, batch_size=8)
    sizes = norms.sizes(problem)
    assert sizes["min"] == wanted
    assert sizes["max"] == balance.parameters(config, shape, width)[1]


def test_name_contains_changes_of_the_preset():
    assert Config().name == "gaussians"
    assert Config(loss="wgan-gp", balanced=True).name == "gaussians-wgan-gp-balanced"


def test_runs_of_earlier_configurations_continue(tmp_path):
    config = Config(preset="dirac", seeds=1, steps=2, runs=str(tmp_path))
    folder = snapshots.folder_of(config, "sgda", False)
    snapshots.open_folder(config, folder)
    kept = json.loads((folder / "config.json").read_text())
    assert kept == {"preset": "dirac", "seeds": 1, "steps": 2, "width": 8}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"preset": "x"}, "preset='x'"),
        ({"loss": "x"}, "loss='x'"),
        ({"schedules": ("x",)}, "schedules='x'"),
        ({"methods": ("x",)}, "methods='x'"),
        ({"preset": "dirac", "loss": "wgan-gp"}, "loss needs a preset with networks"),
        ({"preset": "dirac", "balanced": True}, "balanced needs a preset with networks"),
    ],
)
def test_make_problem_raises_for_invalid_values(wrong, message):
    with pytest.raises(gan.ConfigError, match=message):
        make_problem(Config(**wrong))


def test_record_keeps_runs_of_other_methods(tmp_path):
    path, config = tmp_path / "record.json", Config(preset="dirac", methods=("sgda",))
    assert command.earlier_runs(path, config) is None
    runs = {"sgda, constant": 5, "sgda, dual decay": 6}
    new = {"rates": {"sgda": 1}, "seconds": 2.0, "runs": runs}
    assert command.join(None, new) == new
    earlier = {
        **command.describe(config),
        **command.environment(),
        "rates": {"rmsprop": 3},
        "seconds": 1.0,
        "runs": {"rmsprop, constant": 1, "sgda, constant": 2},
    }
    path.write_text(json.dumps(earlier))
    found = command.join(command.earlier_runs(path, config), new)
    assert list(found["runs"].values()) == [1, 5, 6]
    assert found["rates"] == {"rmsprop": 3, "sgda": 1} and found["seconds"] == 3.0
    longer = dataclasses.replace(config, steps=7)
    with pytest.raises(gan.ConfigError, match=r"steps: 3000 -> 7.*Choose another folder"):
        command.earlier_runs(path, longer)
    every = dataclasses.replace(longer, methods=("sgda", "rmsprop"))
    assert command.earlier_runs(path, every) is None  # Nothing is lost.


@pytest.mark.slow
@pytest.mark.parametrize("preset", [p for p in PRESETS if p.startswith("cifar10")])
def test_train_supports_cifar_presets(preset, tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (80, 32, 32, 3), np.uint8)
    data = gan.from_arrays(images)
    monkeypatch.setattr(problems.gan, "load_data", lambda source: data)
    config = Config(preset=preset, seeds=1, steps=1, width=2, runs=str(tmp_path))
    problem = make_problem(config)
    train(config, problem, "adam_gda", False, norms.TimeLimit(1e9))
    end = snapshots.last(config, problem, "adam_gda", False)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(end.players))
