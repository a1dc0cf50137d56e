"""Whether the queue answers and a worker was seen in the last minute, for the container's health check: exit 0 then."""

import os
import sys

import psycopg
from sqlalchemy import make_url

address = make_url(os.environ["ENGCRAWL_STATE"]).set(drivername="postgresql").render_as_string(hide_password=False)
with psycopg.connect(address, connect_timeout=10) as connection:
    seen = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
    (workers,) = connection.execute(seen).fetchone()
print(f"{workers} workers")
sys.exit(0 if workers else 1)
