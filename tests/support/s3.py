"""Serve buckets on loopback as S3 does (moto's server), and break them on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any
from uuid import uuid4

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

Answer = Iterable[bytes]


class Buckets:
    """A running server with one bucket: *requests* tells what it was asked, *refuse* makes it answer an error."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        """Method and path."""
        self.refuse: Callable[[str, str], int | None] = lambda method, path: None
        """Give the status of the error that is the answer to a request, by method and path."""
        self.bucket = f"archive-{uuid4().hex}"  # what moto knows is the process's, not the server's
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever)

    @property
    def environment(self) -> dict[str, str]:
        """Make the environment in which a process finds the server, and may use it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "secret-of-tests",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def written(self) -> list[str]:
        """List the names of the objects that were written, in that order, each as often as that was tried."""
        return [path.removeprefix(f"/{self.bucket}/") for method, path in self.requests if method == "PUT"]

    def objects(self) -> dict[str, bytes]:
        """Return what is in the bucket: the content of each object by its name."""
        found = self._client().list_objects_v2(Bucket=self.bucket).get("Contents", [])
        names = [one["Key"] for one in found]
        return {name: self._client().get_object(Bucket=self.bucket, Key=name)["Body"].read() for name in names}

    def delete(self, name: str) -> None:
        """Delete an object."""
        self._client().delete_object(Bucket=self.bucket, Key=name)

    def _client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="tests",
            aws_secret_access_key="secret-of-tests",
        )

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if "boto" not in environ.get("HTTP_USER_AGENT", "").lower():
            self.requests.append((method, path))
        if status := self.refuse(method, path):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(f"{status} Refused", [("Content-Type", "application/xml")])
            return [b"<Error><Code>Refused</Code></Error>"]
        return self._app(environ, start_response)  # type: ignore[no-any-return]

    def __enter__(self) -> Buckets:
        self._thread.start()
        self._client().create_bucket(Bucket=self.bucket)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
