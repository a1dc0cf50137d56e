"""``python -m tests.bench speed|memory|clicks|nightly|peers|profile``: what ``make bench`` and its like run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.bench.clicks import clicks
from tests.bench.memory import memory
from tests.bench.nightly import nightly
from tests.bench.peers.run import large, peers
from tests.bench.sampling import profile
from tests.bench.speed import speed


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("what", choices=("speed", "memory", "clicks", "nightly", "peers", "profile"))
    parser.add_argument("--posts", type=int, default=1000, help="how many posts the blog has (1000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs (3)")
    parser.add_argument("--large", action="store_true", help="peers: what 10,000 and 100,000 posts cost")
    parser.add_argument(
        "--crawlee", type=Path, default=Path(sys.prefix, "peers/bin/python"), help="a Python that has crawlee"
    )
    options = parser.parse_args()
    if options.what == "speed":
        speed(options.posts, options.rounds)
    elif options.what == "memory":
        memory(500, 20_000)
    elif options.what == "nightly":
        nightly(1300, 20_000)
    elif options.what == "profile":
        profile(options.posts)
    elif options.what == "clicks":
        clicks(10, 300)
    elif options.large:
        large(options.crawlee, 1000, 10_000, 100_000)
    else:
        peers(options.crawlee, options.posts, options.rounds)


if __name__ == "__main__":
    main()
