"""DiffAugment on few images."""
