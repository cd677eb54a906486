"""Candidates, approvals and the ledger: what may go live, who said so, and what was live when. Imports core and
specs."""
