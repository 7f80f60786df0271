"""The sides of the images that residual networks make."""

from typing import NamedTuple


class Sides(NamedTuple):
    """Sides of a network's images and of its smallest feature maps.

    Attributes:
      doublings: Number of times that the generator doubles the sides.
      base: Height and width of the smallest feature maps. The shorter one is 4.
    """

    doublings: int
    base: tuple[int, int]


def sides_of(
    network: str, shape: tuple[int, ...], shortest: tuple[int, ...] = (32, 64, 128)
) -> Sides:
    """Returns the sides for images of a shape.

    Args:
      network: Name of the network, for the error message.
      shape: Shape of an example.
      shortest: Allowed lengths of the shorter side, four times a power of two.

    Raises:
      ValueError: If the examples are vectors, the shorter side is another one, or the longer side
        is not a multiple of a quarter of it.
    """
    side = min(shape[:2])
    doublings = (side // 4).bit_length() - 1
    if len(shape) == 3 and side in shortest and max(shape[:2]) % 2**doublings == 0:
        return Sides(doublings, (shape[0] >> doublings, shape[1] >> doublings))
    raise ValueError(
        f"{network} makes images (height, width, channels) whose shorter side is "
        f"{', '.join(map(str, shortest[:-1]))} or {shortest[-1]}, and whose longer side is a "
        f"multiple of a quarter of it, got shape {tuple(shape)}. Resize the images or use the "
        "network dcgan."
    )
