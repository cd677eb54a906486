"""train: one split in, one network out, by distributed data parallelism."""
