"""index: opens every chosen scene of a snapshot, checks it, and plans the shards."""
