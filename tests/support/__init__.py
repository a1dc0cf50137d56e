"""Hold what several tests use, and no test."""
