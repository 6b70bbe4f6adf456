"""What the system tests share: a server of their own on a free port, clients for it, and TAP."""
import contextlib
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
import zipfile

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GALOP = os.environ.get("GALOP", str(ROOT / "build" / "galop"))
ACCOUNT = "000000000000"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/unknown-to-iam"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`galop serve` in a directory of its own; use as a context manager."""

    def __init__(self, *options, data=None, port=None):
        self.options, self.port = options, port or free_port()
        self.own_data = tempfile.TemporaryDirectory(prefix="galop-test-") if data is None else None
        self.data = data or os.path.join(self.own_data.name, "data")
        self.process, self.log = None, None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, timeout=20):
        self.log = open(f"{self.data.rstrip('/')}.log", "ab")
        self.process = subprocess.Popen(
            [GALOP, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.data, *self.options],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        end = time.time() + timeout
        while time.time() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"galop ended with status {self.process.returncode}:\n{self.log_text()[-4000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url + "/health", timeout=1).read()
                return self
            time.sleep(0.005)
        raise RuntimeError("galop did not answer in time")

    def log_text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=30)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()
        if self.log:
            self.log.close()
        if self.own_data:
            self.own_data.cleanup()

    def client(self, service, **settings):
        return boto3.session.Session().client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"max_attempts": 0}, read_timeout=120, **settings))


def post(server, target, **body):
    """An operation by its JSON protocol: for what Debian's boto3 does not know."""
    request = urllib.request.Request(server.url, data=json.dumps(body).encode(), headers={
        "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"})
    return json.loads(urllib.request.urlopen(request, timeout=10).read())


def metrics_page(server):
    return urllib.request.urlopen(server.url + "/metrics", timeout=10).read().decode()


def machine(states, start=None, **fields):
    return json.dumps({"StartAt": start or next(iter(states), "A"), "States": states, **fields})


def zip_of(files):
    """A zip in memory of {name: text}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        for name, text in files.items():
            z.writestr(name, text)
    return buffer.getvalue()


def wait_until(condition, timeout=30, what="condition"):
    end = time.time() + timeout
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {timeout} s")


def run_tests(module_globals):
    """Run every function named test_*, in the order of the file, and print TAP."""
    tests = [(n, f) for n, f in module_globals.items() if n.startswith("test_") and callable(f)]
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        started = time.time()
        try:
            outcome = function()
        except Exception:
            failed += 1
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()))
            print(f"not ok {number} - {name}")
        else:
            if isinstance(outcome, str) and outcome.startswith("SKIP"):
                print(f"ok {number} - {name} # {outcome}")
            else:
                note = f" ({outcome})" if outcome else ""
                print(f"ok {number} - {name}, {time.time() - started:.1f} s{note}")
        sys.stdout.flush()
    print(f"1..{len(tests)}")
    sys.exit(1 if failed else 0)
