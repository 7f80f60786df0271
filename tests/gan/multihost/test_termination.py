import os
import signal

import pytest

from minmax_jax.gan.multihost.termination import Termination


@pytest.mark.parametrize("forwarded", [False, True])
@pytest.mark.parametrize(("signals", "codes"), [(1, []), (2, [143])])
def test_only_second_own_sigterm_exits(signals, codes, forwarded, monkeypatch):
    exits = []
    monkeypatch.setattr(os, "_exit", exits.append)
    with Termination() as termination:
        termination.requested = forwarded  # process 0 sets it if another process has SIGTERM
        for _ in range(signals):
            signal.raise_signal(signal.SIGTERM)
    assert termination.requested
    assert exits == codes
