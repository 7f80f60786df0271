"""Exports the generator of a run to StableHLO, for programs without this library."""

import json
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import export as jax_export
from jax import lax

from minmax_jax.gan import networks
from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import Note, print_note
from minmax_jax.gan.generation.image_io import check_file
from minmax_jax.gan.generation.latents import truncate
from minmax_jax.gan.generation.loaded import LoadedGenerator, load
from minmax_jax.gan.run import files, ownership

FORMATS: Mapping[str, str] = types.MappingProxyType(
    {
        ".jax": "function for `jax.export.deserialize`",
        ".mlir": "StableHLO as text",
        ".mlirbc": "StableHLO as portable bytecode",
    }
)
"""Maps the ending of a file name to the format of the file."""

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
"""Platforms for which a generator can be exported."""


def export(
    run_dir: str | Path,
    out: str | Path,
    *,
    step: int | None = None,
    truncation: float | None = None,
    standing: int = 0,
    uint8: bool = False,
    platforms: Sequence[str] = ("cpu", "cuda", "tpu"),
    note: Note = print_note,
) -> Path:
    """Exports the generator of a run to a file, with its parameters and a symbolic batch size.

    A file `OUT.jax` needs only JAX. With latents of shape `(n, latent_dim)` for any n:

        function = jax.export.deserialize(Path("generator.jax").read_bytes())
        samples = function.call(latents)  # or function.call(latents, labels)

    A JSON file beside it, `OUT.jax.json`, describes inputs, output and origin.

    Args:
      run_dir: Run folder.
      out: File to write. Its ending chooses the format, see `FORMATS`.
      step: Step of the checkpoint. Default: the newest valid checkpoint.
      truncation: Clips latents to ±truncation inside the exported function. Default: no
        truncation.
      standing: Number of passes for standing statistics, see `gan.load`.
      uint8: Whether images are uint8 pixels. Otherwise they are float32 in −1…1.
      platforms: Platforms that can run the function, names in `PLATFORMS`.
      note: Called with one line per corrupt checkpoint. Default: prints to standard error.

    Returns:
      The path of the file.

    Raises:
      ConfigError: If an argument is invalid, the folder does not contain a run or a valid
        checkpoint, or the networks do not support a symbolic batch size.
    """
    path = check_target(out)
    for platform in platforms:
        check_name("platform", platform, PLATFORMS)
    if not platforms:
        raise ConfigError(f"platforms must name at least one of {', '.join(PLATFORMS)}, got none.")
    generator = load(run_dir, step=step, truncation=truncation, standing=standing, note=note)
    if uint8 and generator.data["kind"] != "image":
        raise ConfigError("uint8 must be false for a run on vectors, got true.")
    exported = export_function(generator, platforms, uint8=uint8)
    about = _describe(generator, exported, uint8=uint8)
    files.make_folder(path.parent)
    files.write_atomically(path, _content(exported, path.suffix))
    beside = path.with_name(path.name + ".json")
    files.write_atomically(beside, json.dumps(about, indent=2) + "\n")
    return path


def check_target(out: str | Path) -> Path:
    """Returns the path to write, after checks that need no generator.

    Raises:
      ConfigError: If the ending is not in `FORMATS`, a package is missing, or the place cannot be
        written.
    """
    path = check_file(out, tuple(FORMATS))
    files.check_replaceable(path)
    ownership.check_not_of_training(path)
    if path.suffix == ".jax":
        try:
            import flatbuffers  # noqa: F401  (an optional extra, which JAX imports)
        except ImportError as error:
            raise ConfigError(
                f"out={path} requires the package flatbuffers. Run pip install "
                "'minmax-jax[export]', or choose a name that ends in .mlir or .mlirbc."
            ) from error
    return path


def export_function(
    generator: LoadedGenerator, platforms: Sequence[str], *, uint8: bool = False
) -> jax_export.Exported:
    """Returns the exported function from latents, and labels if there are any, to samples.

    Args:
      generator: Generator with its parameters, which become constants of the function.
      platforms: Names in `PLATFORMS`.
      uint8: Whether to convert images to uint8.

    Raises:
      ConfigError: If the generator does not support a symbolic batch size.
    """

    def function(latents: jax.Array, *labels: jax.Array) -> jax.Array:
        latents = truncate(latents, generator.truncation)
        samples = _per_platform(generator, platforms, latents, *labels)
        return _to_uint8(samples) if uint8 else samples

    (size,) = jax_export.symbolic_shape("n", constraints=["n >= 1"])
    inputs = [jax.ShapeDtypeStruct((size, generator.latent_dim), jnp.float32)]
    if generator.num_classes:
        inputs.append(jax.ShapeDtypeStruct((size,), jnp.int32))
    function.__name__ = "generator"
    try:
        return jax_export.export(jax.jit(function), platforms=list(platforms))(*inputs)
    except (TypeError, ValueError, NotImplementedError) as error:
        text = " ".join(str(error).split())
        raise ConfigError(
            f"network={generator.config.networks.name} cannot be exported for any batch size "
            f"({text:.300}). Use shapes without len() and int() in the network."
        ) from error


def _per_platform(
    generator: LoadedGenerator, platforms: Sequence[str], latents: jax.Array, *labels: jax.Array
) -> jax.Array:
    """Applies the generator in the form that the layers have on each platform."""

    def traced_for(platform: str) -> Callable[..., jax.Array]:
        def apply(params: Any, stats: Any, latents: jax.Array, *labels: jax.Array) -> jax.Array:
            network = generator.pair.generator
            options = networks.labels_option(network, labels[0] if labels else None)
            with networks.tracing_for(platform):
                return network.apply(params, stats, latents, train=False, **options)[0]

        return apply

    # Parameters of a checkpoint are NumPy arrays, which labels under tracing cannot index.
    constants = jax.tree.map(jnp.asarray, (generator.params, generator.stats))
    inputs = (*constants, latents, *labels)
    if "cpu" not in platforms:
        return traced_for("gpu")(*inputs)
    if set(platforms) == {"cpu"}:
        return traced_for("cpu")(*inputs)
    return lax.platform_dependent(*inputs, cpu=traced_for("cpu"), default=traced_for("gpu"))


def _to_uint8(images: jax.Array) -> jax.Array:
    """Does the same as `image_io.to_uint8`."""
    levels = jnp.nan_to_num(jnp.rint((images + 1) * 127.5))
    return jnp.clip(levels, 0, 255).astype(jnp.uint8)


def _content(exported: jax_export.Exported, suffix: str) -> bytes:
    if suffix == ".jax":
        return bytes(exported.serialize())
    if suffix == ".mlir":
        return str(exported.mlir_module()).encode()
    return exported.mlir_module_serialized


def _describe(
    generator: LoadedGenerator, exported: jax_export.Exported, *, uint8: bool
) -> dict[str, Any]:
    """Returns the content of the JSON file beside an exported function."""
    inputs = [{"name": "latents", "dtype": "float32", "shape": ["n", generator.latent_dim]}]
    if generator.num_classes:
        inputs.append({"name": "labels", "dtype": "int32", "shape": ["n"]})
    dtype = "uint8" if uint8 else "float32"
    output = {"dtype": dtype, "shape": ["n", *generator.sample_shape]}
    if generator.data["kind"] == "image":
        output["range"] = [0, 255] if uint8 else [-1, 1]
    return {
        "inputs": inputs,
        "latents": "standard normal",
        "truncation": generator.truncation,
        "num_classes": generator.num_classes,
        "output": output,
        "network": generator.config.networks.name,
        "data": generator.data["name"],
        "step": generator.step,
        "platforms": list(exported.platforms),
        "jax": jax.__version__,
        "calling_convention_version": exported.calling_convention_version,
    }
