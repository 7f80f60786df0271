"""Runs of a Dirac-GAN that several tests measure."""

import pytest

from experiments.one_sided.mvi import run as mvi
from experiments.one_sided.norms import run as norms
from experiments.one_sided.trajectories.config import Config


@pytest.fixture(scope="package")
def small(tmp_path_factory):
    return Config(
        preset="dirac",
        methods=("adam_gda",),
        seeds=2,
        steps=40,
        runs=str(tmp_path_factory.mktemp("runs")),
    )


@pytest.fixture(scope="package")
def measured(small):
    """Returns the norms, and the condition on the same snapshots."""
    return norms.run(small), mvi.run(small)
