"""An authoritative name server: Knot, whose records change while it runs."""

import pathlib
import subprocess
import time

from .server import free_port

# Zones that are there from the start. The last one has no data until it is given some, and answers with SERVFAIL.
ZONES = ("example.com", "example.org")
BROKEN = "example.net"

ZONE = """$TTL 5
@ SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 5
@ NS ns.example.com.
"""


class NameServer:
    """Serves on a loopback port of its own until it is stopped."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.config = self.folder / "knot.conf"
        zones = "".join(f"  - domain: {zone}.\n    file: {zone}.zone\n" for zone in (*ZONES, BROKEN))
        self.config.write_text(
            f"server:\n    rundir: {self.folder}\n    listen: 127.0.0.1@{self.port}\n"
            f"log:\n  - target: stderr\n    any: warning\n"
            f"database:\n    storage: {self.folder}\n"
            f"template:\n  - id: default\n    storage: {self.folder}\n    zonefile-sync: -1\n    journal-content: none\n"
            f"zone:\n{zones}")
        for zone in ZONES:
            (self.folder / f"{zone}.zone").write_text(ZONE)
        with open(self.folder / "knotd.log", "wb") as log:
            self.process = subprocess.Popen(["knotd", "-c", self.config], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while self.control("status", check=False).returncode != 0:
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "knotd.log").read_text()
            time.sleep(0.02)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def control(self, *words, check=True):
        done = subprocess.run(
            ["knotc", "-c", self.config, "-t", "10", *words], capture_output=True, text=True, timeout=20)
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done

    def set(self, name, *records):
        """Puts records, such as `TXT "text"`, in the place of all that the name has."""
        zone = next(zone for zone in (*ZONES, BROKEN) if name.endswith("." + zone))
        self.control("zone-begin", zone)
        self.control("zone-unset", zone, name + ".", check=False)
        for record in records:
            kind, _, data = record.partition(" ")
            self.control("zone-set", zone, name + ".", "1", kind, data)
        self.control("zone-commit", zone)

    def mend(self):
        """Gives the broken zone its data."""
        (self.folder / f"{BROKEN}.zone").write_text(ZONE)
        self.control("-b", "zone-reload", BROKEN)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
