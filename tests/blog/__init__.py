"""A small WordPress-like blog on loopback, with ground truth and faults; `python -m tests.blog` serves it."""

from tests.blog.blog import Blog
from tests.blog.faults import Fault
from tests.blog.server import Server

__all__ = ["Blog", "Fault", "Server"]
