"""The input side of a stage: inputs, random draws, scratch, snapshots. An edit here may move bytes, so keys move."""
