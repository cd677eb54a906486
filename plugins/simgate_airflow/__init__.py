"""The part of simgate that runs inside Airflow; never imports torch, pandas, onnx, newton or mlflow."""
