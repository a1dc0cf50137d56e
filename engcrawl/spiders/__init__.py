"""The spiders: each takes arguments and decides which page comes next."""
