"""Measure run after run on one output."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from tests.bench.measure import cost, table
from tests.blog import Blog, Server
from tests.support.crawls import command

SWEEP = "a sweep"


def nightly(few: int, many: int) -> None:
    """Print what a first run costs, and runs with nothing new, 5 new posts and 5 edited ones, and a sweep.

    *few* posts are read from their pages, without and with the inventory, and from REST; *many* from REST.
    """
    rows = []
    for posts, argument in (
        (few, "inventory=no"),
        (few, "inventory=yes"),
        (few, "source=rest"),
        (many, "source=rest"),
    ):
        blog = Blog(posts)
        with Server(blog) as server, tempfile.TemporaryDirectory() as folder:
            output, log = Path(folder, "output"), Path(folder, "log")
            line = command("-a", argument, site=server.url, settings={"LOG_FILE": str(log), "LOG_LEVEL": "INFO"})

            def publish(blog: Blog = blog) -> None:
                for slug in ("web", "storage", "video", "mobile", "hardware"):
                    blog.publish((slug,))

            def edit(blog: Blog = blog) -> None:
                listed = [post for post in map(blog.post, blog.whole[5:30]) if not post.external]
                for post in listed[:5]:
                    blog.edit(post.index, title=f"Edited {post.id}")

            for name, happens in (
                ("first", None),
                ("nothing new", None),
                ("5 new posts", publish),
                ("5 edited posts", edit),
                (SWEEP, None),
            ):
                if happens:
                    happens()
                server.requests.clear()
                log.unlink(missing_ok=True)
                spent = cost([*line, "-a", "full=yes"] if name == SWEEP else line, output)
                received = re.search(r"downloader/response_bytes': (\d+)", log.read_text())
                latest = json.loads((output / "runs" / "latest.json").read_text())
                done = json.loads((output / "runs" / latest["file"]).read_text())["posts"]
                rows.append(
                    (
                        f"{posts:,}",
                        f"`{argument}`",
                        name,
                        f"{len(server.requests):,}",
                        f"{spent.wall:.1f}",
                        f"{spent.cpu:.1f}",
                        f"{int(received.group(1)) / 1e6:.1f}" if received else "?",
                        f"{spent.peak:.0f}",
                        f"{done['new'] + done['updated']:,}",
                    )
                )
    numbers = dict.fromkeys(("requests", "seconds", "CPU seconds", "MB received", "peak MB", "changes"), ">")
    print(table({"posts": ">", "arguments": "<", "run": "<"} | numbers, rows))
