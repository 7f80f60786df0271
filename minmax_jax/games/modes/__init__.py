"""Two-mode synthetic GANs."""
