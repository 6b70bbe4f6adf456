"""Three unmodified clients that call any operation of Step Functions by its name, and one that knows them all."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

from galop_server import REGION, ROOT

ENVIRONMENT = {**os.environ, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": REGION,
               "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"}


class Refused(Exception):
    """The service answered with an exception of this name."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name


class UnknownToClient(Exception):
    """This client is older than the operation."""


class Raw:
    """What any client sends, written by hand: it prepares what a client is asked about, and does what a client cannot."""

    def __init__(self, server):
        self.url = server.url

    def call(self, operation, arguments):
        request = urllib.request.Request(self.url, json.dumps(arguments).encode(), {"X-Amz-Target": f"AWSStepFunctions.{operation}"})
        try:
            with urllib.request.urlopen(request, timeout=90) as response:
                return json.load(response)
        except urllib.error.HTTPError as e:
            body = json.load(e)
            raise Refused(body["__type"], body["message"]) from None


class Lines:
    """A client in another process: a line {operation, input} in, a line {output}, {error, message} or {unknown} out."""
    errors_per_row = None  # All.

    def __init__(self, command, server, folder=ROOT):
        self.process = subprocess.Popen([*command, server.url], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=ENVIRONMENT)
        self.hello = json.loads(self.process.stdout.readline())
        self.version = self.hello["version"]

    def call(self, operation, arguments):
        self.process.stdin.write(json.dumps({"operation": operation, "input": arguments}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "unknown" in answer:
            raise UnknownToClient
        if "error" in answer:
            raise Refused(answer["error"], answer["message"])
        return answer["output"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


class CommandLine:
    """The AWS CLI, a process for each call."""
    errors_per_row = 1  # Each call costs most of a second of processor time.

    def __init__(self, program, server):
        self.program, self.port, self.unknown = program, server.port, set()
        # The CLI puts "sync-" before the host of two operations. Where people add that name to /etc/hosts, this test
        # tells the CLI's interpreter alone.
        self.folder = tempfile.TemporaryDirectory(prefix="galop-test-")
        with open(os.path.join(self.folder.name, "sitecustomize.py"), "w") as f:
            f.write("import socket\nreal = socket.getaddrinfo\n"
                    "socket.getaddrinfo = lambda host, *rest, **more: real('127.0.0.1' if host == 'sync-localhost' else host, *rest, **more)\n")
        self.version = re.search(r"aws-cli/(\S+)", self.run("--version").stdout).group(1)

    def run(self, *words):
        return subprocess.run([self.program, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**ENVIRONMENT, "PYTHONPATH": self.folder.name})

    def call(self, operation, arguments):
        if operation in self.unknown:
            raise UnknownToClient
        verb = re.sub(r"(?<!^)([A-Z])", r"-\1", operation).lower()
        done = self.run("--endpoint-url", f"http://localhost:{self.port}", "--output", "json", "stepfunctions", verb,
                        "--cli-input-json", json.dumps(arguments))
        if done.returncode == 0:
            return json.loads(done.stdout) if done.stdout.strip() else {}
        refused = re.search(r"An error occurred \((\w+)\)[^:]*: (.*)", done.stderr)
        if refused:
            raise Refused(refused.group(1), refused.group(2))
        if "nvalid choice" in done.stderr:
            self.unknown.add(operation)
            raise UnknownToClient
        raise AssertionError(f"aws stepfunctions {verb}: status {done.returncode}: {done.stderr}")

    def close(self):
        self.folder.cleanup()


def programs(name):
    """The program as the system has it, then the one that is found first, if that is another."""
    found = [os.path.join("/usr/bin", name), shutil.which(name)]
    return list(dict.fromkeys(p for p in found if p and os.path.exists(p)))


def boto3_clients(server):
    driver = str(ROOT / "test" / "system" / "operations_boto3.py")
    able = [p for p in programs("python3") if subprocess.run([p, "-c", "import boto3"], capture_output=True).returncode == 0]
    return [Lines([p, driver], server) for p in able]


def cli_clients(server):
    return [CommandLine(p, server) for p in programs("aws")]


def javascript_clients(server):
    folder = ROOT / "test" / "system" / "node"
    if not shutil.which("node") or not shutil.which("npm"):
        return []
    if not (folder / "node_modules" / "@aws-sdk" / "client-sfn").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    return [Lines(["node", "operations.mjs"], server, folder)]
