"""A run that several files only read."""

import pytest

from tests.gan.generation.runs import untrained_run


@pytest.fixture(scope="session")
def untrained_digits(tmp_path_factory):
    return untrained_run(tmp_path_factory.mktemp("untrained") / "digits", network="dcgan")
