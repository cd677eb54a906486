"""The files of a dataset: WebDataset shards, Parquet rows, rosbag2 episodes."""
