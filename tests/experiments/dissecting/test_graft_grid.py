"""Tests of the grafting grid."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from experiments.dissecting.gan_runs import training
from experiments.dissecting.graft_grid import __main__ as command
from experiments.dissecting.graft_grid import effects
from experiments.dissecting.graft_grid.config import Config
from experiments.dissecting.graft_grid.rules import RULES, optimizer, unit

LEARNING_RATES = mm.Players(0.1, 0.3)
RECORDERS = mm.Players(optax.identity(), optax.identity())


def field():
    keys = jax.random.split(jax.random.key(0), 4)
    leaf = lambda key: {"w": jax.random.normal(key, (4, 3)), "b": jnp.arange(1.0, 4.0)}  # noqa: E731
    return [mm.Players(leaf(a), leaf(b)) for a, b in (keys[:2], keys[2:])]


def steps(tx):
    """Returns the updates of two consecutive fields."""
    fields = field()
    state, found = tx.init(fields[0]), []
    for now in fields:
        updates, state = tx.update(now, state, fields[0])
        found.append(updates)
    return found


@pytest.mark.parametrize("name", RULES)
def test_optimizer_of_equal_pair_is_the_scaled_rule(name):
    grafted = steps(optimizer(name, name)(LEARNING_RATES, RECORDERS))
    rule = RULES[name]
    for side, rate in enumerate(LEARNING_RATES):
        fields = [f[side] for f in field()]
        state = rule.init(fields[0])
        for now, found in zip(fields, grafted, strict=True):
            expected, state = rule.update(now, state, fields[0])
            expected = jax.tree.map(lambda u, rate=rate: rate * u, expected)
            for a, b in zip(jax.tree.leaves(found[side]), jax.tree.leaves(expected), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-6)


def test_optimizer_combines_norm_and_direction_of_pair():
    found = steps(optimizer("Adam", "SGD")(LEARNING_RATES, RECORDERS))[1]
    adam = steps(optimizer("Adam", "Adam")(LEARNING_RATES, RECORDERS))[1]
    for step, length, gradient in zip(
        *map(jax.tree.leaves, (found, adam, field()[1])), strict=True
    ):
        np.testing.assert_allclose(jnp.linalg.norm(step), jnp.linalg.norm(length), rtol=1e-5)
        np.testing.assert_allclose(
            step / jnp.linalg.norm(step), -gradient / jnp.linalg.norm(gradient), atol=1e-6
        )


def test_muon_orthogonalizes_matrices_and_uses_nadam_for_vectors():
    muon = steps(optimizer("Muon", "Muon")(LEARNING_RATES, RECORDERS))[0]
    singular = jnp.linalg.svd(muon.min["w"], compute_uv=False)
    assert singular.max() / singular.min() < 2.5  # Five Newton–Schulz steps make it about one.
    nadam, vector = optax.nadam(LEARNING_RATES.min, b1=0.5), field()[0].min["b"]
    expected, _ = nadam.update(vector, nadam.init(vector))
    np.testing.assert_allclose(muon.min["b"], expected, rtol=1e-5)


def test_unit_is_adam_except_for_sgd():
    assert {unit(name) for name in RULES if name != "SGD"} == {"adam"}


TINY = {
    "rules": ("SGD", "Muon"),
    "width": 4,
    "batch_size": 8,
    "tune_steps": 5,
    "steps": 10,
    "seeds": 2,
    "powers": (0.0, 1.0),
    "evaluate": 40,
}


@pytest.mark.slow
def test_command_runs_resumes_and_redraws_gaussians(tmp_path, monkeypatch, capsys):
    config = Config(**TINY, runs=str(tmp_path / "runs"))
    command.main(config, out=tmp_path)
    result = json.loads((tmp_path / "gaussians.json").read_text())
    names = [(p["magnitude"], p["direction"]) for p in result["pairs"]]
    assert names == [("SGD", "SGD"), ("SGD", "Muon"), ("Muon", "SGD"), ("Muon", "Muon")]
    for found in result["pairs"]:
        assert len(found["tuning"]) == 4 and [run["seed"] for run in found["final"]] == [0, 1]
        best = min(found["tuning"], key=lambda cell: cell["badness"])
        assert found["best"] == best["rates"]
        assert all(0 <= run["scores"]["modes_covered"] <= 8 for run in found["final"])
    monkeypatch.setattr(training.Trainer, "train", pytest.fail)
    command.main(config, out=tmp_path)
    assert json.loads((tmp_path / "gaussians.json").read_text()) == result
    capsys.readouterr()
    command.main(Config(), redraw=True, out=tmp_path)
    assert "| Muon | SGD |" in capsys.readouterr().out
    assert (tmp_path / "gaussians.png").stat().st_size > 10_000


@pytest.mark.slow
def test_command_scores_images_by_frechet_distance(tmp_path):
    config = Config(
        **{**TINY, "rules": ("Adam",)},
        problem="images",
        data="digits",
        latent_dim=4,
        extractor="pixels",
        runs=str(tmp_path / "runs"),
    )
    command.main(config, out=tmp_path)
    (found,) = json.loads((tmp_path / "images.json").read_text())["pairs"]
    assert all(run["scores"]["frechet_distance"] > 0 for run in found["final"])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"problem": "cifar"}, "problem='cifar'"),
        ({"rules": ("Adm",)}, "did you mean Adam"),
        ({"seeds": 0}, "seeds=0"),
        ({"powers": ()}, "powers is empty"),
    ],
)
def test_command_fails_with_one_line_for_invalid_values(tmp_path, capsys, change, text):
    with pytest.raises(SystemExit) as error:
        command.main(Config(**change), out=tmp_path)
    assert error.value.code == 2 and text in capsys.readouterr().err


def pairs_with(logs):
    """Returns pairs whose final runs have the given logarithms of a score."""
    return [
        {
            "magnitude": magnitude,
            "direction": direction,
            "final": [{"scores": {"distance": float(np.exp(value))}} for value in values],
        }
        for (magnitude, direction), values in logs.items()
    ]


def test_spreads_of_additive_scores_are_exact_without_some_pairs():
    magnitude, direction = {"a": 0.0, "b": 1.0, "c": 5.0}, {"a": 2.0, "b": 2.5, "c": 2.0}
    logs = {(m, d): [magnitude[m] + direction[d]] * 3 for m in magnitude for d in direction}
    del logs["a", "a"], logs["c", "b"]
    pairs = pairs_with(logs)
    found = effects.spreads(pairs, effects.log_distances(pairs, "distance"))
    expected = [np.std(list(one.values()), ddof=1) for one in (magnitude, direction)]
    np.testing.assert_allclose(found.magnitude, [expected[0]] * 3)
    np.testing.assert_allclose(found.direction, [expected[1]] * 3)
    np.testing.assert_allclose(found.difference, [expected[0] - expected[1]] * 3)


def test_distances_of_diverged_runs_are_the_largest_one():
    logs = {
        ("a", "a"): [0.0, 0.2],
        ("a", "b"): [0.1, 0.1],
        ("b", "a"): [3.0, 3.0],
        ("b", "b"): [1, 2],
    }
    pairs = pairs_with(logs)
    pairs[3]["final"][0]["scores"] = {}
    equal = pairs_with({**logs, ("b", "b"): [3.0, 2.0]})
    outcomes = effects.log_distances(pairs, "distance")
    np.testing.assert_array_equal(outcomes, effects.log_distances(equal, "distance"))
    found = effects.spreads(pairs, outcomes)
    assert found.difference.low < found.difference.estimate < found.difference.high


def test_diverged_runs_have_no_modes():
    pairs = [{"final": [{"scores": {"modes_covered": 7}}, {"scores": {}}]}]
    np.testing.assert_array_equal(effects.modes(pairs, "modes_covered"), [[7, 0]])


def test_spreads_of_unconnected_pairs_are_refused():
    pairs = pairs_with({("a", "a"): [1.0], ("b", "b"): [2.0]})
    with pytest.raises(ValueError, match="without a common rule"):
        effects.spreads(pairs, effects.log_distances(pairs, "distance"))
