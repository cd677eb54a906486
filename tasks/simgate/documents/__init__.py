"""Documents: what one stage hands to another, apart from what a stage is asked (`specs/`)."""
