// The table of services; what is optimised stands first.

#include "tasks/aws_service.h"

#include <stddef.h>

#include "base/attributes.h"

#define JSON_1_0 STR_INIT("application/x-amz-json-1.0")
#define JSON_1_1 STR_INIT("application/x-amz-json-1.1")

#define SDK(name, prefix, signing, target, type, is_camel)                                         \
    {                                                                                              \
        STR_INIT("aws-sdk:" name), STR_INIT(prefix), STR_INIT(prefix), STR_INIT(signing),          \
            STR_INIT(target), type, is_camel, false                                                \
    }
#define OPTIMISED(name, prefix, sdk, signing, target, type, is_camel)                              \
    {                                                                                              \
        STR_INIT(name), STR_INIT(prefix), STR_INIT(sdk), STR_INIT(signing), STR_INIT(target),      \
            type, is_camel, true                                                                   \
    }

static const struct aws_service services[] = {
    OPTIMISED("states", "StepFunctions", "AWSStepFunctions", "states", "AWSStepFunctions.",
              JSON_1_0, true),
    OPTIMISED("dynamodb", "DynamoDB", "AmazonDynamoDBv2", "dynamodb", "DynamoDB_20120810.",
              JSON_1_0, false),
    OPTIMISED("sqs", "SQS", "AmazonSQS", "sqs", "AmazonSQS.", JSON_1_0, false),
    OPTIMISED("events", "EventBridge", "AmazonCloudWatchEvents", "events", "AWSEvents.", JSON_1_1,
              false),
    SDK("sfn", "Sfn", "states", "AWSStepFunctions.", JSON_1_0, true),
    SDK("dynamodb", "DynamoDb", "dynamodb", "DynamoDB_20120810.", JSON_1_0, false),
    SDK("sqs", "Sqs", "sqs", "AmazonSQS.", JSON_1_0, false),
    SDK("eventbridge", "EventBridge", "events", "AWSEvents.", JSON_1_1, false),
    SDK("cloudwatchlogs", "CloudWatchLogs", "logs", "Logs_20140328.", JSON_1_1, true),
    SDK("secretsmanager", "SecretsManager", "secretsmanager", "secretsmanager.", JSON_1_1, false),
    SDK("ssm", "Ssm", "ssm", "AmazonSSM.", JSON_1_1, false),
    SDK("kms", "Kms", "kms", "TrentService.", JSON_1_1, false),
    SDK("kinesis", "Kinesis", "kinesis", "Kinesis_20131202.", JSON_1_1, false),
    SDK("firehose", "Firehose", "firehose", "Firehose_20150804.", JSON_1_1, false),
    SDK("athena", "Athena", "athena", "AmazonAthena.", JSON_1_1, false),
    SDK("glue", "Glue", "glue", "AWSGlue.", JSON_1_1, false),
    SDK("rekognition", "Rekognition", "rekognition", "RekognitionService.", JSON_1_1, false),
    SDK("textract", "Textract", "textract", "Textract.", JSON_1_1, false),
    SDK("translate", "Translate", "translate", "AWSShineFrontendService_20170701.", JSON_1_1,
        false),
    SDK("comprehend", "Comprehend", "comprehend", "Comprehend_20171127.", JSON_1_1, false),
    SDK("ecs", "Ecs", "ecs", "AmazonEC2ContainerServiceV20141113.", JSON_1_1, true),
    SDK("codebuild", "CodeBuild", "codebuild", "CodeBuild_20161006.", JSON_1_1, true),
};

const struct aws_service *aws_service_find(struct str resource)
{
    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        if (str_equal(services[i].resource, resource)) return &services[i];
    }
    return NULL;
}
