"""Layers of published networks in NumPy and float64."""

import jax
import numpy as np


def without_arrays(build):
    """Returns the pair of `build()` with shapes in place of its initial arrays."""
    built = []

    def arrays():
        built.append(build())
        return [network[1:3] for network in built[0][:2]]

    shapes = jax.eval_shape(arrays)
    nets = [
        network._replace(params=params, stats=stats)
        for network, (params, stats) in zip(built[0][:2], shapes, strict=True)
    ]
    return built[0]._replace(generator=nets[0], discriminator=nets[1])


def randomized(tree):
    """Replaces all leaves. Zeros and ones at the start would hide mistakes."""
    leaves, structure = jax.tree.flatten(tree)
    return structure.unflatten(
        [
            0.5 * np.random.default_rng(i).normal(size=leaf.shape).astype(np.float32)
            for i, leaf in enumerate(leaves)
        ]
    )


def conv(x, layer, groups=1):
    """Convolves `(n, h, w, c)` with `(k, k, c / groups, o)` and zero padding."""
    kernel = np.asarray(layer["kernel"], np.float64)
    size, _, channels, outputs = kernel.shape
    pad = (size - 1) // 2
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    result = np.zeros((*x.shape[:3], outputs))
    each = outputs // groups
    for group in range(groups):
        mine = slice(group * each, (group + 1) * each)
        part = padded[..., group * channels : (group + 1) * channels]
        for i in range(size):
            for j in range(size):
                window = part[:, i : i + x.shape[1], j : j + x.shape[2]]
                result[..., mine] += window @ kernel[i, j][:, mine]
    return result + np.asarray(layer.get("bias", 0.0), np.float64)


def dense(x, layer):
    """Multiplies by a matrix and adds the bias, if there is one."""
    return x @ np.asarray(layer["kernel"], np.float64) + np.asarray(layer.get("bias", 0.0))


def normalized(layer, stats):
    """Divides the kernel by its singular value after one power iteration, as in training."""
    kernel = np.asarray(layer["kernel"], np.float64)
    matrix, u = kernel.reshape(-1, kernel.shape[-1]), np.asarray(stats["singular"], np.float64)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    u = v @ matrix / np.linalg.norm(v @ matrix)
    return {**layer, "kernel": kernel / (v @ matrix @ u)}


def batch_norm(x, layer, scale=None, bias=None):
    """Normalizes by the batch. `scale` and `bias` per example replace the layer's own."""
    axes = tuple(range(x.ndim - 1))
    normal = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5)
    if scale is None:
        return normal * np.asarray(layer["scale"]) + np.asarray(layer["bias"])
    return normal * scale[:, None, None] + bias[:, None, None]


def nearest(x):
    """Repeats every pixel in a 2×2 block."""
    return x.repeat(2, 1).repeat(2, 2)


def bilinear(x):
    """Interpolates at half-pixel centers, with the coordinates of the definition."""
    for axis in (1, 2):
        size = x.shape[axis]
        place = np.clip((np.arange(2 * size) + 0.5) / 2 - 0.5, 0, size - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, size - 1)
        weight = (place - low).reshape([-1 if a == axis else 1 for a in range(4)])
        x = x.take(low, axis) * (1 - weight) + x.take(high, axis) * weight
    return x


def pool(x):
    """Averages 2×2 blocks."""
    return sum(x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4


def relu(x):
    """Sets negative numbers to zero."""
    return np.maximum(x, 0.0)


def leaky_relu(x):
    """Multiplies negative numbers by 0.2."""
    return np.where(x > 0, x, 0.2 * x)
