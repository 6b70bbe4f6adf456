#!/usr/bin/env python3
"""Write src/api/service_shape.def: what the operations that a Task may call answer with.

The names and limits come from the services' public API models as an installed botocore has them.
TestState holds mocked results against them. Run it with a recent botocore when models change:

    tools/make_shapes.py > src/api/service_shape.def
"""
import pathlib
import re

import botocore
import botocore.loaders

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Name in aws-sdk resources -> botocore's. All operations of these.
WHOLE = {"athena": "athena", "bedrockruntime": "bedrock-runtime", "cloudwatch": "cloudwatch", "cloudwatchlogs": "logs",
         "comprehend": "comprehend", "dynamodb": "dynamodb", "eventbridge": "events", "firehose": "firehose",
         "kinesis": "kinesis", "kms": "kms", "lambda": "lambda", "polly": "polly", "rdsdata": "rds-data",
         "redshiftdata": "redshift-data", "rekognition": "rekognition", "s3": "s3", "scheduler": "scheduler",
         "secretsmanager": "secretsmanager", "ses": "ses", "sesv2": "sesv2", "sfn": "stepfunctions", "sns": "sns",
         "sqs": "sqs", "ssm": "ssm", "sts": "sts", "textract": "textract", "transcribe": "transcribe",
         "translate": "translate"}
# Of these only what has an integration of its own (src/asl/service.def).
INTEGRATED = {"batch": "batch", "codebuild": "codebuild", "databrew": "databrew", "ecs": "ecs", "eks": "eks",
              "emr": "emr", "emrcontainers": "emr-containers", "emrserverless": "emr-serverless", "glue": "glue",
              "mediaconvert": "mediaconvert", "sagemaker": "sagemaker"}
INTEGRATED_NAMES = {"emr": "elasticmapreduce", "emrcontainers": "emr-containers", "emrserverless": "emr-serverless"}
# Where the service that runs the state machines still goes by an older limit.
RANGES = {("lambda", "MemorySize"): (128, 10240)}

shapes, index_of, operations = [], {}, []


def keep(text):
    if text not in index_of:
        index_of[text] = len(shapes)
        shapes.append(text)
    return index_of[text]


def limits(shape, key):
    low, high = RANGES.get(key, (shape.get("min"), shape.get("max")))
    low, high = (x if isinstance(x, int) and abs(x) < 2**62 else None for x in (low, high))
    return "" if low is None and high is None else f"{'' if low is None else low}:{'' if high is None else high}"


class Service:
    def __init__(self, name, model):
        self.name, self.model, self.indices = name, model, {}

    def type_of(self, shape_name):
        shape = self.model["shapes"][shape_name]
        kind = shape["type"]
        if kind == "structure":
            return "*" if shape.get("document") or shape.get("eventstream") else "{%d" % self.structure(shape_name, shape)
        if kind == "list":
            return "[" + self.type_of(shape["member"]["shape"])
        if kind == "map":
            return "<" + self.type_of(shape["value"]["shape"])
        if kind == "string" and "enum" in shape:
            return "e%d" % keep("|".join(shape["enum"]))
        if kind in ("string", "blob"):
            return "s" + limits(shape, (self.name, shape_name))
        if kind == "timestamp":
            return "s"
        return "b" if kind == "boolean" else "n" + limits(shape, (self.name, shape_name))

    def structure(self, shape_name, shape):
        if shape_name not in self.indices:
            # Structures may contain themselves: the place is taken before the text is known.
            self.indices[shape_name] = len(shapes)
            shapes.append(None)
            fields = []
            for name, member in shape.get("members", {}).items():
                is_data = member.get("streaming") or (shape.get("payload") == name or name == "Payload") and \
                    self.model["shapes"][member["shape"]]["type"] == "blob"
                mark = "!" if name in shape.get("required", []) else ""
                fields.append(name[0].upper() + name[1:] + mark + " " + ("*" if is_data else self.type_of(member["shape"])))
            shapes[self.indices[shape_name]] = ",".join(fields)
        return self.indices[shape_name]


def add(name, model, wanted):
    service = Service(name, model)
    for operation, about in sorted(model["operations"].items()):
        operation = operation[0].lower() + operation[1:]
        if "output" in about and (wanted is None or operation in wanted):
            shape_name = about["output"]["shape"]
            operations.append((f"{name}:{operation}", service.structure(shape_name, model["shapes"][shape_name])))
            if (name, operation) == ("sfn", "describeExecution"):
                # What startExecution.sync:2 gives: input and output as JSON instead of text.
                text = re.sub(r"\b(Input|Output) s\S*?(?=,|$)", r"\1 *", shapes[operations[-1][1]])
                operations.append(("sfn:describeExecution:2", keep(text)))


def integrated_actions():
    text = (ROOT / "src/asl/service.def").read_text()
    for service, action in re.findall(r'^SERVICE\("([^"]+)", "([^"]+)"', text, re.M):
        yield service, action


def main():
    loader = botocore.loaders.Loader()
    actions = set(integrated_actions())
    for name, folder in sorted({**WHOLE, **INTEGRATED}.items()):
        wanted = None if name in WHOLE else {a for s, a in actions if s == INTEGRATED_NAMES.get(name, name)}
        add(name, loader.load_service_model(folder, "service-2"), wanted)
    print("// What operations of AWS's services answer with, from their public API models (botocore "
          f"{botocore.__version__}).")
    print("// Made by tools/make_shapes.py; how the texts read is said in states_test_schema.c.\n")
    for shape in shapes:
        assert len(shape) < 4000, shape
        print(f'SHAPE("{shape}")')
    for name, shape in sorted(operations):
        print(f'OPERATION("{name}", {shape})')


main()
