"""The network, its weights, and the contract between stored pictures and decoded outputs."""
