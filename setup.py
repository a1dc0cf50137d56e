"""For `scrapyd-deploy`, which makes eggs with it; all that it would say is in pyproject.toml."""

from setuptools import setup

setup()
