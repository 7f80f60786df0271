"""GAN runs that share one compiled program per method."""
