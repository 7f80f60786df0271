"""Samples and latent interpolations from a trained generator."""
