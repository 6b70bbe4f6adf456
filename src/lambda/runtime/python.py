# Runs a Python function: takes invocations from the Lambda Runtime API, calls the handler, and
# gives back what it answers, with the service's error shapes.
#
# It speaks HTTP over one socket of its own: the other end is known and simple, and starting
# without http.client makes a cold start faster. Log records are written to standard output in
# frames (a NUL, "GLF", the length as 32 bits in little endian, the text), so that a record of many
# lines stays one event.

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

RESPONSE_SIZE_MAX = 6291556
FRAME_SIZE_MAX = 1048576
SHOWN_TASK_ROOT = "/var/task"
TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]


def write_record(text):
    body = text.encode("utf-8", "replace")[:FRAME_SIZE_MAX]
    sys.stdout.flush()
    data = b"\0GLF" + len(body).to_bytes(4, "little") + body
    while data:
        data = data[os.write(1, data) :]


class LogHandler(logging.Handler):
    """The root logger's handler, as the service installs it."""

    request_id = ""

    def emit(self, record):
        record.aws_request_id = self.request_id
        write_record(self.format(record).rstrip("\n"))


class ClientContext:
    """What a mobile client says about itself."""

    def __init__(self, text):
        data = json.loads(text)
        self.custom = data.get("custom")
        self.env = data.get("env")
        self.client = Client(data["client"]) if data.get("client") else None


class Client:
    def __init__(self, data):
        self.installation_id = data.get("installation_id")
        self.app_title = data.get("app_title")
        self.app_version_name = data.get("app_version_name")
        self.app_version_code = data.get("app_version_code")
        self.app_package_name = data.get("app_package_name")


class CognitoIdentity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = CognitoIdentity()
        client_context = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(client_context) if client_context else None
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


class RuntimeFault(Exception):
    """A failure that has a type of the service's and no trace of the function's."""

    def __init__(self, error_type, message, stack=()):
        super().__init__(message)
        self.error_type = "Runtime." + error_type
        self.stack = list(stack)


class RuntimeApi:
    """One connection, one request at a time."""

    def __init__(self, address):
        self.authority, self.base = address.split("/", 1)
        host, port = self.authority.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def call(self, method, target, body=b"", headers=""):
        head = (
            f"{method} /{self.base}/2018-06-01/runtime{target} HTTP/1.1\r\n"
            f"Host: {self.authority}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall(head.encode("latin-1") + body)
        status = self.reader.readline()
        if not status:
            os._exit(1)  # Without the Runtime API there is nothing to live for.
        answer = {}
        for line in iter(self.reader.readline, b"\r\n"):
            name, _, value = line.decode("utf-8", "replace").partition(":")
            answer[name.lower()] = value.strip()
        return int(status.split()[1]), answer, self.reader.read(int(answer.get("content-length", 0)))

    def post_error(self, target, error):
        error_type = error["errorType"].encode("ascii", "replace").decode()
        headers = f"Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: {error_type}\r\n"
        self.call("POST", target, json.dumps(error, ensure_ascii=False).encode("utf-8", "replace"), headers)


def show_path(path):
    return SHOWN_TASK_ROOT + path[len(TASK_ROOT) :] if path.startswith(TASK_ROOT + "/") else path


def make_error(message, error_type, stack, request_id):
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": stack}


def describe(error, request_id):
    """The error as the service shows it; frames of this file are left out."""
    if isinstance(error, RuntimeFault):
        return make_error(str(error), error.error_type, error.stack, request_id)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)]
    while frames and (frames[0].filename == __file__ or frames[0].filename.startswith("<frozen importlib")):
        frames.pop(0)
    if frames and frames[0].filename == importlib.__file__:
        frames.pop(0)
        while frames and frames[0].filename.startswith("<frozen importlib"):
            frames.pop(0)
    shown = [(show_path(frame.filename), frame.lineno, frame.name, frame.line) for frame in frames]
    return make_error(str(error), type(error).__name__, traceback.format_list(shown), request_id)


def log_error(error):
    text = f"[ERROR] {error['errorType']}"
    if error["errorMessage"]:
        text += f": {error['errorMessage']}"
    if error["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(error["stackTrace"]).rstrip("\n")
    write_record(text)


def load_handler(name):
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise RuntimeFault(
            "MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        )
    module_name = module_name.replace("/", ".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise RuntimeFault("ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        where = f"{show_path(error.filename or '')}"
        stack = [f'  File "{where}" Line {error.lineno}\n    {error.text}']
        raise RuntimeFault("UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", stack) from None
    handler = getattr(module, function_name, None)
    if handler is None:
        raise RuntimeFault("HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return handler


def encode_special(value):
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if type(value).__module__ == "decimal" and type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def render(result):
    if isinstance(result, bytes):  # Sent as they are, as the service's own runtime does.
        return result
    try:
        return json.dumps(result, ensure_ascii=False, default=encode_special).encode("utf-8", "surrogatepass")
    except Exception as error:
        raise RuntimeFault("MarshalError", f"Unable to marshal response: {error}") from None


def run(api, handler, headers, body):
    """One invocation; returns nothing, the answer has been sent."""
    context = LambdaContext(headers)
    request_id = LogHandler.request_id = context.aws_request_id
    trace_id = headers.get("lambda-runtime-trace-id")
    if trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    failure = None
    try:
        try:
            event = json.loads(body)
        except ValueError as error:
            raise RuntimeFault("UnmarshalError", f"Unable to unmarshal input: {error}") from None
        result = render(handler(event, context))
    except Exception as error:
        failure = describe(error, request_id)
    if failure is None and len(result) > RESPONSE_SIZE_MAX:
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_SIZE_MAX} bytes)."
        failure = {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
    if failure is not None and "stackTrace" in failure:
        log_error(failure)
    sys.stdout.flush()
    sys.stderr.flush()
    if failure is None:
        api.call("POST", f"/invocation/{request_id}/response", result, "Content-Type: application/json\r\n")
    else:
        api.post_error(f"/invocation/{request_id}/error", failure)


def main():
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    sys.dont_write_bytecode = True  # The function's folder is not to be changed.
    sys.path[0] = TASK_ROOT
    log_handler = LogHandler()
    log_handler.setFormatter(
        logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
    )
    logging.Formatter.converter = time.gmtime
    logging.getLogger().addHandler(log_handler)
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as error:
        description = describe(error, "")
        log_error(description)
        api.post_error("/init/error", description)
        sys.exit(1)
    while True:
        status, headers, body = api.call("GET", "/invocation/next")
        if status != 200:
            sys.exit(1)
        run(api, handler, headers, body)


main()
