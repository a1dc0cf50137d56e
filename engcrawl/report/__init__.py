"""What a run tells: its log, verdict and proof, its files and feeds."""
