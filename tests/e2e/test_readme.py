"""The README's first five minutes do what the README says.

A fenced `sh` block directly below the line `<!-- test:first-five-minutes -->` is run here, as it stands, by `bash -eu` in
an empty folder. All such blocks of the README run one after the other in one shell, against a server that was started
with the binary under test. The shell has what a reader has after starting the server: `aws` and `carillon` in the PATH,
`CARILLON_ENDPOINT`, and the root user's AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which the first start prints.
A block that starts the server carries no such marker.
"""

import re
import subprocess

from harness.aws import AWS_CLI
from harness.server import BINARY, REPOSITORY, ROOT

MARKER = "<!-- test:first-five-minutes -->"


def marked_blocks(text):
    return re.findall(re.escape(MARKER) + r"\s*\n```sh\n(.*?)^```", text, re.M | re.S)


def test_the_first_five_minutes(server, tmp_path):
    blocks = marked_blocks((REPOSITORY / "README.md").read_text())
    assert blocks, f"README.md has no sh block below {MARKER}"
    script = "\n".join(blocks)
    assert script.count("aws ") >= 5, "five minutes hold more than that"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=150, cwd=tmp_path,
        env={
            "PATH": f"{AWS_CLI.parent}:{BINARY.parent}:/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
            "CARILLON_ENDPOINT": server.endpoint, "AWS_ACCESS_KEY_ID": ROOT.key, "AWS_SECRET_ACCESS_KEY": ROOT.secret,
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
        })
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
