"""The probe stage: proves that a place runs stages."""
