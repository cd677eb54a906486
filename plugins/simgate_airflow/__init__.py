"""What of simgate runs inside Airflow; never imports torch, pandas, onnx, newton or mlflow."""
