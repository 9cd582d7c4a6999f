"""Which runs of an experiment are best, how that changed, how far they overfit, and what their parameters do."""
