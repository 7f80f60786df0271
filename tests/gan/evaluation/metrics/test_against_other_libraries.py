"""Every score that torch-fidelity or prdc computes, on the same features, to 1e-4 relative."""

import numpy as np
import pytest

from tests.gan.evaluation.metrics import cross_check

TOLERANCE = 1e-4


def agree(rows):
    for what, ours, theirs in rows:
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, err_msg=what)


def test_scores_are_those_of_torch_fidelity():
    pytest.importorskip("torch_fidelity", reason="needs the extra fid (torch-fidelity)")
    rows = list(cross_check.against_torch_fidelity())
    assert len(rows) == 12
    agree(rows)


def test_precision_recall_density_and_coverage_are_those_of_prdc():
    pytest.importorskip("prdc", reason="needs prdc, of the extra dev")
    rows = list(cross_check.against_prdc())
    assert len(rows) == 12
    agree(rows)
