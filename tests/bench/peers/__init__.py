"""What a capable user would write instead, and what it costs beside `archive`."""
