"""Adam and AMSGrad on a game with rare large gradients."""
