"""Exported generators run without this library, for any batch size."""

import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan import networks
from minmax_jax.gan.cli import main
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.generation import export, loaded
from minmax_jax.gan.networks import _platform

pytest.importorskip("flatbuffers")

OTHER_PROGRAM = """
import sys

for name in ("minmax_jax", "flax", "optax"):
    sys.modules[name] = None  # Importing it would fail.
import jax, jax.export, numpy

with open(sys.argv[1], "rb") as file:
    function = jax.export.deserialize(file.read())
latents = numpy.load(sys.argv[2])
numpy.savez(sys.argv[3], one=function.call(latents[:1]), all=function.call(latents))
"""


def test_export_command_writes_a_function_for_jax_alone(untrained_digits, tmp_path, capsys):
    out = tmp_path / "new" / "generator.jax"
    words = ["export", "--run", str(untrained_digits), "--out", str(out), "--truncation", "0.5"]
    assert main.main([*words, "--uint8", "--platforms", "cpu", "tpu"]) == 0
    assert f"jax.export.deserialize` in {out}" in capsys.readouterr().out
    latents = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.save(tmp_path / "latents.npy", latents)
    files = [str(tmp_path / name) for name in ("latents.npy", "found.npz")]
    subprocess.run([sys.executable, "-c", OTHER_PROGRAM, str(out), *files], check=True)
    generator = gan.load(untrained_digits, truncation=0.5)
    expected = gan.to_uint8(np.asarray(generator(latents))).astype(int)
    with np.load(tmp_path / "found.npz") as found:
        assert found["all"].dtype == np.uint8 and found["one"].shape == (1, 8, 8, 1)
        assert np.abs(found["all"] - expected).max() <= 1  # A level may round to its neighbor.
        assert np.abs(found["one"] - expected[:1]).max() <= 1
    about = json.loads((tmp_path / "new" / "generator.jax.json").read_text())
    assert about["inputs"] == [{"name": "latents", "dtype": "float32", "shape": ["n", 4]}]
    assert about["output"] == {"dtype": "uint8", "shape": ["n", 8, 8, 1], "range": [0, 255]}
    assert about["platforms"] == ["cpu", "tpu"] and about["step"] == 4


def toy(apply, num_classes=0):
    """Returns a generator with one vector of parameters."""
    network = networks.Network(apply, {"scale": jnp.arange(3.0)}, {})
    pair = networks.Pair(network, network, 3, (3,), num_classes)
    about = {"kind": "vector", "name": "toy"}
    return loaded.LoadedGenerator(pair, network.params, {}, 7, Config(), about)


def conditional(params, stats, latents, *, train, keys=None, labels=None):
    assert not train
    return params["scale"] * latents + labels[:, None], stats


def test_conditional_generators_take_labels():
    generator = toy(conditional, num_classes=4)
    function = export.export_function(generator, ["cpu"])
    latents = generator.latents(5)
    labels = jnp.array([0, 3, 1, 1, 2], jnp.int32)
    np.testing.assert_array_equal(function.call(latents, labels), generator(latents, labels))
    assert export._describe(generator, function, uint8=False)["inputs"][1]["name"] == "labels"


def test_layers_have_the_form_of_each_platform():
    def apply(params, stats, latents, *, train, keys=None):
        scale = 2.0 if _platform.on_cpu() else 3.0
        return scale * latents, stats

    generator = toy(apply)
    latents = jnp.ones((2, 3))
    found = {}
    for platforms in (("cpu",), ("cuda",), ("cpu", "cuda")):
        text = export.export_function(generator, platforms).mlir_module()
        found[platforms] = [f"{factor}.0" + "0" * 5 in text for factor in (2, 3)]
    assert found == {("cpu",): [True, False], ("cuda",): [False, True], ("cpu", "cuda"): [True] * 2}
    both = export.export_function(generator, ("cpu", "cuda"))
    if jax.default_backend() == "cpu":
        np.testing.assert_array_equal(both.call(latents), 2 * latents)


def test_fixed_batch_sizes_are_one_line():
    def apply(params, stats, latents, *, train, keys=None):
        return jnp.zeros((len(latents), 3)), stats

    with pytest.raises(gan.ConfigError, match="cannot be exported for any batch size") as error:
        export.export_function(toy(apply), ["cpu"])
    assert "\n" not in str(error.value)


def test_other_endings_write_stablehlo():
    function = export.export_function(toy(lambda p, s, z, *, train: (p["scale"] * z, s)), ["cpu"])
    text = export._content(function, ".mlir").decode()
    assert "stablehlo.multiply" in text and "tensor<?x3xf32>" in text
    assert export._content(function, ".mlirbc").startswith(b"ML\xefR")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "g.onnx"], "must end in .jax or .mlir or .mlirbc"),
        (
            ["--out", "g.jax", "--platforms", "gpu"],
            "platform='gpu' is not known; did you mean",
        ),
        (["--out", "g.jax", "--truncation", "-1"], "truncation must be a positive number"),
        (["--out", "config.json"], "must end in .jax"),
    ],
)
def test_bad_arguments_of_export_are_one_line(untrained_digits, capsys, words, message):
    out = words[1]
    words = ["--out", str(untrained_digits / "sub" / out), *words[2:]]
    assert main.main(["export", "--run", str(untrained_digits), *words]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert not (untrained_digits / "sub").exists()


def test_missing_flatbuffers_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    with pytest.raises(gan.ConfigError, match=r"pip install 'minmax-jax\[export\]', or choose"):
        export.check_target(tmp_path / "g.jax")
    assert export.check_target(tmp_path / "g.mlir").name == "g.mlir"


@pytest.mark.slow
@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("name", sorted(networks.NETWORKS))
def test_every_generator_is_exported_for_any_batch_size(name, num_classes):
    vectors = name in ("mlp", "mangoubi_gaussians")
    shape = (2,) if vectors else (28, 28, 1) if name == "mangoubi_mnist" else (32, 32, 3)
    pair = networks.build(name, shape, latent_dim=4, width=16, seed=0, num_classes=num_classes)
    params, stats = pair.generator.params, pair.generator.stats
    data = {"kind": "vector" if vectors else "image", "name": name}
    generator = loaded.LoadedGenerator(pair, params, stats, 0, Config(), data)
    function = export.export_function(generator, ("cpu", "cuda", "tpu"))
    for size in (1, 3):
        labels = [] if generator.labels(size) is None else [generator.labels(size)]
        inputs = [generator.latents(size), *labels]
        np.testing.assert_allclose(function.call(*inputs), generator(*inputs), rtol=1e-3, atol=1e-4)
