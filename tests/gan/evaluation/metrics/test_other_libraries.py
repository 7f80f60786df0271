"""Tests metrics against torch-fidelity and prdc on the same features."""

import numpy as np
import pytest

from tests.gan.evaluation.metrics import cross_check

TOLERANCE = 1e-4


def assert_equal_scores(rows):
    for name, value, reference in rows:
        np.testing.assert_allclose(value, reference, rtol=TOLERANCE, err_msg=name)


def test_metrics_match_torch_fidelity():
    pytest.importorskip("torch_fidelity", reason="needs the extra peers (torch-fidelity)")
    rows = list(cross_check.against_torch_fidelity())
    assert len(rows) == 12
    assert_equal_scores(rows)


def test_neighbor_metrics_match_prdc():
    pytest.importorskip("prdc", reason="needs prdc, of the extra dev")
    rows = list(cross_check.against_prdc())
    assert len(rows) == 12
    assert_equal_scores(rows)
