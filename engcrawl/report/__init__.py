"""The reports of a run: its log, verdict and proof, its files and feeds."""
