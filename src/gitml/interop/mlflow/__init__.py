"""MLflow's clients over a gitml store: `mlflow.set_tracking_uri("gitml:///path/to/repository")`."""
