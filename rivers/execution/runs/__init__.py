"""What a run has while it executes: its ledger, its environment, its hooks and its claims on pools."""
