"""boto3 as a client of test_operations: JSON lines {operation, input} in, {output}, {error, message} or {unknown} out."""
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# inject_host_prefix=False because "sync-127.0.0.1" is no name that resolves.
client = boto3.client("stepfunctions", endpoint_url=sys.argv[1], config=Config(retries={"max_attempts": 0}, read_timeout=90,
                                                                             inject_host_prefix=False))
methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
print(json.dumps({"version": boto3.__version__}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request["operation"] not in methods:
        answer = {"unknown": True}
    else:
        try:
            output = getattr(client, methods[request["operation"]])(**request["input"])
            output.pop("ResponseMetadata")
            answer = {"output": output}
        except ClientError as e:
            answer = {"error": e.response["Error"]["Code"], "message": e.response["Error"]["Message"]}
    print(json.dumps(answer, default=lambda date: date.timestamp()), flush=True)
