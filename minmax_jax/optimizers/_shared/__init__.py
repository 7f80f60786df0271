"""Parts that several optimizers share."""
