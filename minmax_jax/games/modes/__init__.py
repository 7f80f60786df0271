"""The two-mode synthetic GAN: game, model and outcome of a run."""
