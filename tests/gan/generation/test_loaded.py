"""Trained generators as JAX functions."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.base.messages import ignore_note
from minmax_jax.gan.generation import export
from minmax_jax.gan.generation import loaded as loaded_lib
from tests.gan.generation.runs import untrained_run

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def generator(untrained_digits):
    return gan.load(untrained_digits)


def test_load_maps_latents_to_the_samples_of_sample(untrained_digits, generator):
    samples = generator(generator.latents(5, seed=3))
    assert samples.dtype == jnp.float32 and samples.shape == (5, *generator.sample_shape)
    expected = gan.sample(untrained_digits, 5, seed=3, note=ignore_note)
    np.testing.assert_array_equal(gan.to_uint8(np.asarray(samples)), expected)
    assert (generator.step, generator.latent_dim, generator.num_classes) == (4, 4, 0)


def test_generator_is_differentiable_under_jit(generator):
    latents = generator.latents(2)

    @jax.jit
    def slope(latents):
        return jax.grad(lambda z: jnp.mean(generator(z) ** 2))(latents)

    found = slope(latents)
    assert found.shape == latents.shape and np.all(np.abs(found).max(axis=1) > 0)


def test_truncation_clips_latents_and_statistics(untrained_digits, generator):
    truncated = gan.load(untrained_digits, truncation=0.5)
    latents = truncated.latents(6)
    np.testing.assert_array_equal(truncated(latents), truncated(jnp.clip(latents, -0.5, 0.5)))
    plain = gan.load(untrained_digits, standing=16)
    variances = [
        jax.tree.leaves(each.stats)[1].sum() for each in (truncated, plain)
    ]  # Clipped latents vary less.
    assert variances[0] < variances[1]
    expected = gan.to_uint8(np.asarray(truncated(latents)))
    found = gan.sample(untrained_digits, 6, truncation=0.5, note=ignore_note)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"truncation": 0.0}, "truncation must be a positive number, got 0.0"),
        ({"truncation": float("nan")}, "truncation must be a positive number, got nan"),
        ({"standing": -1}, "standing must be from 0 to 10000, got -1"),
    ],
)
def test_load_refuses_values_out_of_range(untrained_digits, values, message):
    with pytest.raises(gan.ConfigError, match=message):
        gan.load(untrained_digits, **values)


def test_generator_refuses_other_shapes_and_labels(generator):
    with pytest.raises(ValueError, match=r"latents must have the shape \(n, 4\), got \(3, 5\)"):
        generator(jnp.zeros((3, 5)))
    with pytest.raises(ValueError, match=r"not conditional\. Call it without labels"):
        generator(jnp.zeros((3, 4)), labels=1)


def test_conditional_run_gives_a_generator_with_labels(tmp_path):
    run_dir = untrained_run(tmp_path / "run", conditional=True)
    generator = gan.load(run_dir)
    assert generator.num_classes == 10
    latents, labels = generator.latents(6), generator.labels(6)
    samples = generator(latents, labels)
    expected = gan.sample(run_dir, 6, note=ignore_note)
    np.testing.assert_array_equal(gan.to_uint8(np.asarray(samples)), expected)
    function = export.export_function(generator, ["cpu"])
    np.testing.assert_allclose(function.call(latents, labels), samples, atol=1e-6)
    assert not np.allclose(generator(latents, 1), generator(latents, 2))


def test_labels_are_checked_and_repeated():
    check = loaded_lib._check_labels
    np.testing.assert_array_equal(check(2, 3, 10), [2, 2, 2])
    np.testing.assert_array_equal(check([0, 9], 2, 10), [0, 9])
    assert check(np.arange(3, dtype=np.int64), 3, 10).dtype == jnp.int32
    with pytest.raises(ValueError, match=r"requires labels, got None\. Pass ints from 0 to 9"):
        check(None, 2, 10)
    with pytest.raises(ValueError, match=r"must be from 0 to 9, got \[0, 10\]"):
        check([0, 10], 2, 10)
    with pytest.raises(ValueError, match="must be one int or 3 ints, got int32"):
        check([0, 1], 3, 10)
    with pytest.raises(ValueError, match="must be one int or 1 ints, got float32"):
        check([0.5], 1, 10)


def test_page_of_trained_generators_runs(untrained_digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "digits").symlink_to(untrained_digits)
    page = (ROOT / "docs" / "trained_generators.md").read_text()
    blocks = re.findall(r"```python\n(?!# in another program)(.*?)```", page, re.DOTALL)
    found: dict = {}
    exec(compile("\n".join(blocks), "<page>", "exec"), found)
    start, end = (float(jnp.mean((found["G"](z) - found["target"]) ** 2)) for z in _ends(found))
    assert end < start / 2


def _ends(found):
    return found["G"].latents(1, seed=7), found["z"]
