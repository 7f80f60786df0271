"""The networks of `minmax_jax.gan` as PyTorch functions of the same parameters.

Images are NCHW. Kernels are converted to PyTorch's layout once, in `convert`.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import torch
from torch.nn import functional as nn

SLOPE = 0.2
LAYOUTS = (torch.contiguous_format, torch.channels_last)


def name(generator: Any) -> str:
    """Returns the name of the networks, found from the generator's parameters."""
    keys = set(generator)
    return "mlp" if "body" in keys else "dcgan" if "double" in keys else "resnet"


def convert(tree: Any, device: Any, channels_last: bool = False) -> Any:
    """Returns the parameters as PyTorch leaves, with kernels in PyTorch's layout.

    Args:
      tree: Parameters of one of our networks.
      device: Device of the result.
      channels_last: Whether kernels of convolutions are stored with channels last.
    """

    def leaf(path: Any, array: Any) -> Any:
        value = torch.from_numpy(np.array(array))
        if value.ndim == 4 and any(getattr(key, "key", None) == "double" for key in path):
            # PyTorch's transposed convolution flips the kernel in both spatial dimensions.
            value = value.flip(0, 1).permute(2, 3, 0, 1)
        elif value.ndim == 4:
            value = value.permute(3, 2, 0, 1)  # (h, w, in, out) to (out, in, h, w)
        value = value.contiguous(memory_format=LAYOUTS[channels_last and value.ndim == 4])
        return value.to(device).requires_grad_()

    return jax.tree_util.tree_map_with_path(leaf, tree)


def dense(p: Any, x: Any) -> Any:
    return x @ p["kernel"] + (p["bias"] if "bias" in p else 0.0)


def convolve(p: Any, x: Any, stride: int = 1) -> Any:
    kernel = p["kernel"]
    return nn.conv2d(x, kernel, p.get("bias"), stride, padding=1 if kernel.shape[-1] > 1 else 0)


def double(p: Any, x: Any) -> Any:
    return nn.conv_transpose2d(x, p["kernel"], p.get("bias"), stride=2, padding=1)


def norm(p: Any, x: Any) -> Any:
    return nn.batch_norm(x, None, None, p["scale"], p["bias"], training=True, eps=1e-5)


def mlp_body(p: Any, x: Any) -> Any:
    x = nn.leaky_relu(dense(p["first"], x), SLOPE)
    return dense(p["last"], nn.leaky_relu(dense(p["second"], x), SLOPE))


def mlp_generator(p: Any, latents: Any) -> Any:
    flat = mlp_body(p["body"], latents).tanh()
    side = int(flat.shape[1] ** 0.5)  # one channel
    return flat.reshape(len(flat), 1, side, side)


def mlp_discriminator(p: Any, x: Any) -> Any:
    return mlp_body(p["body"], x.permute(0, 2, 3, 1).reshape(len(x), -1))[:, 0]


def dcgan_generator(p: Any, latents: Any) -> Any:
    channels = p["norm"]["level0"]["scale"].shape[0]
    x = dense(p["dense"], latents)
    side = int((x.shape[1] // channels) ** 0.5)
    x = x.reshape(len(x), side, side, channels).permute(0, 3, 1, 2)
    # In another layout than the kernels', `torch.compile` fails on transposed convolutions.
    kernel = p["double"][min(p["double"])]["kernel"]
    channels_last = kernel.is_contiguous(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=LAYOUTS[channels_last])
    for level in sorted(p["double"]):
        x = double(p["double"][level], norm(p["norm"][level], x).relu())
    return x.tanh()


def dcgan_discriminator(p: Any, x: Any) -> Any:
    for level in sorted(p["halve"]):
        x = convolve(p["halve"][level], x, stride=2)
        if level in p["norm"]:
            x = norm(p["norm"][level], x)
        x = nn.leaky_relu(x, SLOPE)
    return dense(p["dense"], x.permute(0, 2, 3, 1).reshape(len(x), -1))[:, 0]


def enlarge(x: Any) -> Any:
    return nn.interpolate(x, scale_factor=2, mode="nearest")


def resnet_generator(p: Any, latents: Any) -> Any:
    x = dense(p["dense"], latents)
    x = x.reshape(len(x), 4, 4, -1).permute(0, 3, 1, 2)
    for level in sorted(p["block"]):
        q = p["block"][level]
        hidden = convolve(q["conv1"], enlarge(norm(q["norm1"], x).relu()))
        hidden = convolve(q["conv2"], norm(q["norm2"], hidden).relu())
        x = hidden + enlarge(convolve(q["shortcut"], x))
    return convolve(p["last"], norm(p["norm"], x).relu()).tanh()


def resnet_discriminator(p: Any, x: Any) -> Any:
    for index, level in enumerate(sorted(p["block"])):
        q = p["block"][level]
        hidden = convolve(q["conv1"], x.relu() if index else x)
        hidden = convolve(q["conv2"], hidden.relu())
        if index < 2:  # with 32 pixels, only the first two blocks downsample
            hidden, x = nn.avg_pool2d(hidden, 2), nn.avg_pool2d(x, 2)
        x = hidden + (convolve(q["shortcut"], x) if "shortcut" in q else x)
    return dense(p["dense"], x.relu().mean(dim=(2, 3)))[:, 0]


NETWORKS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "mlp": (mlp_generator, mlp_discriminator),
    "dcgan": (dcgan_generator, dcgan_discriminator),
    "resnet": (resnet_generator, resnet_discriminator),
}
"""Generator and discriminator, by name of the network."""
