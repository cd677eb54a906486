"""What a stage is given: inputs, random draws, scratch, snapshots; an edit here may move bytes, so it moves keys."""
