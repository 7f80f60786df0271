"""PyTorch on the device on which JAX runs."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax


def find(platform: str | None = None, torch: Any = None) -> Any:
    """Returns PyTorch's device of JAX's kind, or None if PyTorch is missing or has none.

    Args:
      platform: JAX's platform, `"cpu"` or `"gpu"`. Default: the platform of its first device.
      torch: The package. Default: the installed one.
    """
    platform = jax.devices()[0].platform if platform is None else platform
    try:
        if torch is None:
            import torch
    except ImportError:
        return None
    if platform == "cpu":
        return torch.device("cpu")
    if platform == "gpu" and torch.cuda.is_available():
        return torch.device("cuda")
    print(f"PyTorch is left out: JAX runs on {platform!r}, and PyTorch has no such device.")
    return None


def waiter(device: Any, torch: Any = None) -> Callable[[], None]:
    """Returns a function that waits until the work of the device is done."""
    if device.type == "cpu":
        return _done
    if torch is None:
        import torch
    return torch.cuda.synchronize


def _done() -> None:
    """Does nothing: on CPU, PyTorch returns when its work is done."""


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Computes matrix products and convolutions in float32 without TF32."""
    import torch

    flags = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [flag.allow_tf32 for flag in flags]
    for flag in flags:
        flag.allow_tf32 = False
    try:
        yield
    finally:
        for flag, value in zip(flags, before, strict=True):
            flag.allow_tf32 = value


def use_tensor_cores(measure: bool = True) -> None:
    """Allows TF32, as JAX does by default, and lets cuDNN time its algorithms, as XLA does.

    Args:
      measure: Whether cuDNN times its algorithms when a convolution with new sizes runs.
    """
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = measure


def name(device: Any) -> str:
    """Returns a name of the device for tables."""
    if device.type == "cpu":
        return "CPU"
    import torch

    return torch.cuda.get_device_name(device)
