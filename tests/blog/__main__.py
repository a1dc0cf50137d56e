"""``python -m tests.blog --port 8000 --posts 500``: the blog, for a person or a benchmark to look at."""

from __future__ import annotations

import argparse
import signal

from tests.blog import Blog, Server
from tests.blog.charsets import CHARSETS
from tests.blog.themes import THEMES


def main() -> None:
    """Serve the blog until interrupted; the first line printed is its address."""
    parser = argparse.ArgumentParser(prog="python -m tests.blog", description="Serve the bundled blog on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one (default)")
    parser.add_argument("--posts", type=int, default=500, help="how many posts, up to 100000 (default: 500)")
    parser.add_argument("--seed", type=int, default=1, help="another number makes another blog (default: 1)")
    parser.add_argument("--theme", choices=THEMES, default="classic", help="how pages look (default: classic)")
    parser.add_argument("--charset", choices=CHARSETS, default="utf-8", help="how they are encoded (default: utf-8)")
    options = parser.parse_args()
    with Server(Blog(options.posts, options.seed, theme=options.theme), port=options.port) as server:
        server.charset = options.charset
        print(server.url, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
