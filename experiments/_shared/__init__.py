"""Parts that the experiments of several papers share."""
