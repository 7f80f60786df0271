"""Tests that methods train a GAN on points, or are listed as unsuited.

The methods are those of the table of Fréchet distances on the page docs/gan_trainer.md.
"""

import re
from pathlib import Path

import jax
import pytest

import minmax_jax as mm
from minmax_jax import gan
from minmax_jax.gan.config.optimizer import NOT_FOR_NETWORKS

PAGE = Path(__file__).parents[3] / "docs" / "gan_trainer.md"
ROW = re.compile(r"`(\w+)` \| (\**)([\d.]+)\** \|")
DISTANCES = {
    name: (float(distance), bool(bold))
    for name, bold, distance in ROW.findall(PAGE.read_text(encoding="utf-8"))
}
"""Distances of the page by method, and whether they are bold."""
SMALL = {"width": 32, "batch_size": 64, "devices": 1, "steps": 400, "evaluate": 500}


def test_page_marks_the_methods_not_made_for_networks():
    assert len(DISTANCES) >= 19 and set(DISTANCES) <= set(mm.optimizers)
    assert {name for name, (_, bold) in DISTANCES.items() if bold} == set(NOT_FOR_NETWORKS)
    assert all((distance > 2) == bold for distance, bold in DISTANCES.values())


@pytest.mark.slow  # One compilation per method.
@pytest.mark.parametrize("optimizer", sorted(DISTANCES))
def test_method_reaches_gaussians_or_is_listed(optimizer, tmp_path, capfd):
    jax.clear_caches()  # Otherwise, the programs of all methods stay in memory.
    run = gan.train(gan.preset("gaussians", optimizer=optimizer, out=str(tmp_path), **SMALL))
    distance = run.summary["evaluation"]["scores"]["frechet_distance"]
    warns = f"optimizer={optimizer} is not made for networks: " in capfd.readouterr().err
    assert warns == (optimizer in NOT_FOR_NETWORKS)
    assert distance > 2 if warns else distance < 0.35, distance
