"""How samples are kept: WebDataset shards, Parquet rows, rosbag2 episodes."""
