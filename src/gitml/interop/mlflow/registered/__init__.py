"""MLflow's model registry as models, model versions and aliases: what records say, and the deeds that write them."""
