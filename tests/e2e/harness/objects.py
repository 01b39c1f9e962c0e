"""Places where objects are: the server's folder, and a bucket of an S3-compatible server that checks signatures.

Objects are also put there past the server, as a product does that tells of uploads by the activity feed.
"""

import os
import pathlib
import socket
import subprocess
import sys
import time

from .server import clean_environment, free_port

ACCESS_KEY, SECRET_KEY = "AKIAOFTHEBUCKET00001", "secret-of-the-bucket-of-the-tests-000001"


class Folder:
    """The server's own folder of objects."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.env = {"CARILLON_OBJECTS": f"file:{self.root}"}

    def put(self, key, content):
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def delete(self, key):
        (self.root / key).unlink()

    def keys(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}

    def start(self, later=None):
        pass

    def stop(self):
        pass


class Bucket(Folder):
    """A bucket with a prefix. nanio keeps objects as files, so a test can look at them as the server cannot."""

    def __init__(self, root):
        self.data = pathlib.Path(root)
        super().__init__(self.data / "chime" / "carillon")
        self.root.mkdir(parents=True)
        self.port = free_port()
        self.process = None
        self.env = {
            "CARILLON_OBJECTS": "s3://chime/carillon",
            "CARILLON_OBJECTS_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "CARILLON_OBJECTS_ACCESS_KEY_ID": ACCESS_KEY,
            "CARILLON_OBJECTS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def start(self, later=None):
        """With a clock that is as far ahead as a server's that was restarted later."""
        command = [
            str(pathlib.Path(sys.executable).parent / "nanio"), "serve", "--data-dir", str(self.data),
            "--host", "127.0.0.1", "--port", str(self.port),
        ]
        env = clean_environment(
            HOME=str(self.data), NANIO_ACCESS_KEY=ACCESS_KEY, NANIO_SECRET_KEY=SECRET_KEY, **(later or {}))
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.data.parent / "nanio.log", "ab"))
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None, "the store ended"
                assert time.monotonic() < deadline, "the store did not start"
                time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
