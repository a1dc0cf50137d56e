"""engcrawl: the complete archive of a WordPress engineering blog, as JSON Lines."""

__version__ = "0.2.0"
