"""Whether Scrapyd answers (daemonstatus.json), for the container's health check: the exit status is 0 if it does."""

import os

from scrapyd_client.pyclient import ScrapydClient

port = os.environ.get("SCRAPYD_HTTP_PORT", "6800")
login = {name: os.environ[f"SCRAPYD_{name.upper()}"] for name in ("username", "password")}
print(ScrapydClient(f"http://127.0.0.1:{port}", **login).daemonstatus())
