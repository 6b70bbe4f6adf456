// Documents are refused in IAM's words, and what is accepted decides as the documentation says.

#include "iam/policy.h"
#include "test/lib/test.h"

#define VERSION "\"Version\":\"2012-10-17\","

// The message of a refusal, "" when the document is accepted. Quotes are written as '.
static const char *refusal(enum iam_policy_kind kind, const char *text)
{
    static char message[512];
    char document[4096];
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++)
        document[i] = text[i] == '\'' ? '"' : text[i];
    struct iam_policy *policy = NULL;
    struct str error = {0};
    enum status status =
        iam_policy_parse((struct str){document, size}, kind, &arena, &policy, &error);
    iam_policy_unref(policy);
    if (status != STATUS_OK && status != STATUS_INVALID) return "fault";
    snprintf(message, sizeof(message), "%" STR_FORMAT, STR_ARGS(error));
    return message;
}

struct refusal_case {
    const char *document;
    const char *message; // "" when it is accepted.
};

static void check_refusals(enum iam_policy_kind kind, const struct refusal_case *cases,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *message = refusal(kind, cases[i].document);
        if (strcmp(message, cases[i].message) != 0) {
            test_fail(__FILE__, __LINE__, "%s gives \"%s\", not \"%s\"", cases[i].document, message,
                      cases[i].message);
        }
    }
}

#define SYNTAX              "Syntax errors in policy."
#define LEGACY              "The policy failed legacy parsing"
#define VERSION_ERROR       "Policy document must be version 2012-10-17 or greater."
#define IDENTITY(statement) "{'Version':'2012-10-17','Statement':{" statement "}}"
#define WITH_RESOURCE(resource)                                                                    \
    IDENTITY("'Effect':'Allow','Action':'s3:ListBucket','Resource':" resource)
#define WITH_ACTION(action) IDENTITY("'Effect':'Allow','Action':" action ",'Resource':'*'")
#define WITH_CONDITION(condition)                                                                  \
    IDENTITY("'Effect':'Allow','Action':'s3:*','Resource':'*','Condition':" condition)

TEST(policy_syntax_errors_come_first)
{
    static const struct refusal_case cases[] = {
        {"", SYNTAX},
        {"This is not a document", SYNTAX},
        {"[]", SYNTAX},
        {"{'Version':'2012-10-17'}", SYNTAX},
        {"{'Version':'2012-10-17','Statement':[]}", SYNTAX},
        {"{'Version':'2012-10-17','Statement':['a']}", SYNTAX},
        {"{'Version':'2013-10-17','Statement':{'Effect':'Allow','Action':'*','Resource':'*'}}",
         SYNTAX},
        {"{'Version':1,'Statement':{'Effect':'Allow','Action':'*','Resource':'*'}}", SYNTAX},
        {"{'Version':'2012-10-17','Id':{},'Statement':{'Effect':'Allow','Action':'*',"
         "'Resource':'*'}}",
         SYNTAX},
        {"{'Version':'2012-10-17','More':1,'Statement':{'Effect':'Allow','Action':'*',"
         "'Resource':'*'}}",
         SYNTAX},
        {IDENTITY("'Effect':'Maybe','Action':'*','Resource':'*'"), SYNTAX},
        {IDENTITY("'Action':'*','Resource':'*'"), SYNTAX},
        {IDENTITY("'Effect':'Allow','Action':'*','Resource':'*','More':'1'"), SYNTAX},
        {IDENTITY("'Effect':'Allow','Action':{},'Resource':'*'"), SYNTAX},
        {IDENTITY("'Effect':'Allow','Action':[[]],'Resource':'*'"), SYNTAX},
        {IDENTITY("'Effect':'Allow','Action':'a:b','NotAction':[],'Resource':'*'"), SYNTAX},
        {IDENTITY("'Effect':'Allow','Action':'a:b','Resource':'*','NotResource':'*'"), SYNTAX},
        {IDENTITY("'Sid':[],'Effect':'Allow','Action':'a:b','Resource':'*'"), SYNTAX},
        {WITH_RESOURCE("['arn:aws:s3:::a',{}]"), SYNTAX},
        {WITH_CONDITION("[]"), SYNTAX},
        {WITH_CONDITION("'a'"), SYNTAX},
        {WITH_CONDITION("{'a':'b'}"), SYNTAX},
        {WITH_CONDITION("{'x':{'a':'1'}}"), SYNTAX},
        {WITH_CONDITION("{'StringEquals':{'a':{}}}"), SYNTAX},
        {WITH_CONDITION("{'StringEquals':{'a':null}}"), SYNTAX},
        {WITH_CONDITION("{'ForAnyValue::StringEqualsIfExists':{'a':'asf'}}"), SYNTAX},
        {WITH_CONDITION("{'NullIfExists':{'a':'true'}}"), SYNTAX},
        {"{'Statement':{'Effect':'Maybe','Action':'*','Resource':'*'}}", SYNTAX},
    };
    check_refusals(IAM_POLICY_IDENTITY, cases, ARRAY_COUNT(cases));
}

TEST(policy_version_then_legacy_parsing_then_the_rest)
{
    static const struct refusal_case cases[] = {
        {"{'Statement':{'Effect':'Allow','Action':'*','Resource':'*'}}", VERSION_ERROR},
        {"{'Version':'2008-10-17','Statement':{'Effect':'Allow','Action':'*','Resource':'*'}}",
         VERSION_ERROR},
        {"{'Statement':{'Effect':'denY','Action':'*','Resource':'*'}}", VERSION_ERROR},
        {IDENTITY("'Effect':'denY','Action':'*','Resource':'*'"), LEGACY},
        {IDENTITY("'Effect':'allow','Resource':'arn:aws:s3:us-east-1::b'"), LEGACY},
        {IDENTITY("'Effect':'Allow','Condition':{'DateGreaterThan':{'a':'sdfdsf'}}"), LEGACY},
        {WITH_RESOURCE("'arn:aws:s3::example_bucket'"), LEGACY},
        {WITH_RESOURCE("'arn:aws::fdsasf'"), LEGACY},
        {WITH_RESOURCE("'arn:aws::::example_bucket'"), LEGACY},
        {IDENTITY("'Effect':'Allow','Resource':'arn:aws:s3::b'"), LEGACY},
        {IDENTITY("'Effect':'Allow','Action':'a:b','NotResource':'arn:aws:s3::b'"), LEGACY},
        {WITH_CONDITION("{'DateLessThanEquals':{'a':'234-13'}}"), LEGACY},
        {WITH_CONDITION("{'DateLessThanEquals':{'a':'2016-12-13t2:00:00.593194+1'}}"), LEGACY},
        {WITH_CONDITION("{'DateLessThan':{'a':'9223372036854775808'}}"), LEGACY},
        {"{'Version':'2012-10-17','Statement':[{'Sid':'a','Effect':'Allow','Action':'a:b',"
         "'Resource':'*'},{'Sid':'a','Effect':'Allow'}]}",
         "Statement IDs (SID) in a single policy must be unique."},
        {IDENTITY("'Effect':'Allow'"), "Policy statement must contain actions."},
        {WITH_ACTION("[]"), "Policy statement must contain actions."},
        {IDENTITY("'Effect':'Allow','Action':'invalid'"),
         "Policy statement must contain resources."},
        {WITH_RESOURCE("[]"), "Policy statement must contain resources."},
        {IDENTITY("'Principal':'*','Effect':'Allow','Action':'a:b','Resource':'*'"),
         "Policy document should not specify a principal."},
    };
    check_refusals(IAM_POLICY_IDENTITY, cases, ARRAY_COUNT(cases));
}

TEST(policy_actions_and_resources_are_checked)
{
    static const char vendor[] =
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    static const char colon[] = "Actions/Condition can contain only one colon.";
    static const char paths[] =
        "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, "
        "group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, "
        "oidc-provider/, report/, access-report/.";
    static const struct refusal_case cases[] = {
        {WITH_ACTION("'invalid'"), vendor},
        {WITH_ACTION("''"), vendor},
        {WITH_ACTION("'a a:ListBucket'"), "Vendor a a is not valid"},
        {WITH_ACTION("['s3:a','s:3:b']"), colon},
        {WITH_ACTION("'iam: asdf safdsf af '"), ""},
        {WITH_RESOURCE("'invalid resource'"),
         "Resource invalid resource must be in ARN format or \"*\"."},
        {WITH_RESOURCE("''"), "Resource  must be in ARN format or \"*\"."},
        {WITH_RESOURCE("'a:bsdfdsafsad'"),
         "Partition \"bsdfdsafsad\" is not valid for resource \"arn:bsdfdsafsad:*:*:*:*\"."},
        {WITH_RESOURCE("'a:b:cadfsdf'"),
         "Partition \"b\" is not valid for resource \"arn:b:cadfsdf:*:*:*\"."},
        {WITH_RESOURCE("'a:b:c:d:e:f:g:h'"),
         "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\"."},
        {WITH_RESOURCE("'aws:s3:::example_bucket'"),
         "Partition \"s3\" is not valid for resource \"arn:s3:::example_bucket:*\"."},
        {WITH_RESOURCE("'arn:aws'"),
         "Resource vendor must be fully qualified and cannot contain regexes."},
        {WITH_RESOURCE("'arn:aws:iam:::example_bucket'"), paths},
        {WITH_RESOURCE("'arn:aws:iam:us-east-1::example_bucket'"),
         "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information."},
        {WITH_RESOURCE("'arn:aws:s3:us-east-1::b'"),
         "Resource arn:aws:s3:us-east-1::b can not contain region information."},
        {WITH_RESOURCE("['arn:aws:s3:::example_bucket','*']"), ""},
        {WITH_RESOURCE("'arn:aws:iam:::user/a'"), ""},
        {WITH_RESOURCE("'arn:aws:fdsasf'"), ""},
        {WITH_RESOURCE("'arn:aws-cn:s3:::b'"), ""},
        {WITH_CONDITION("{}"), ""},
        {WITH_CONDITION("{'a':{}}"), ""},
        {WITH_CONDITION("{'DateGreaterThan':{'a':[]}}"), ""},
        {WITH_CONDITION("{'Bool':{'aws:SecureTransport':true}}"), ""},
        {WITH_CONDITION("{'NumericLessThan':{'s3:max-keys':10}}"), ""},
    };
    check_refusals(IAM_POLICY_IDENTITY, cases, ARRAY_COUNT(cases));
}

#define TRUST(statement) "{'Version':'2012-10-17','Statement':{" statement "}}"

TEST(policy_of_trust_is_refused_in_other_words)
{
    static const struct refusal_case cases[] = {
        {"{", "This policy contains invalid Json"},
        {TRUST("'Effect':'Allow','Principal':{'Service':'states.amazonaws.com'},"
               "'Action':'sts:AssumeRole'"),
         ""},
        {"{'Statement':{'Effect':'Allow','Principal':'*','Action':'sts:AssumeRole'}}", ""},
        {TRUST("'Effect':'Allow','Principal':'*','Action':'sts:AssumeRole','Resource':'*'"),
         "Has prohibited field Resource"},
        {TRUST("'Effect':'Allow','Action':'sts:AssumeRole'"), "Missing required field Principal"},
        {TRUST("'Effect':'Allow','Principal':'*'"), "Missing required field Action"},
        {TRUST("'Principal':'*','Action':'sts:AssumeRole'"), "Missing required field Effect"},
        {TRUST("'Effect':'Allow','Principal':'*','Action':'s3:Get'"),
         "AssumeRole policy may only specify STS AssumeRole actions."},
        {TRUST("'Effect':'Allow','Principal':{'AWS':'joe'},'Action':'sts:AssumeRole'"),
         "Invalid principal in policy: \"AWS\":\"joe\""},
        {TRUST("'Effect':'Allow','Principal':{'Service':'joe'},'Action':'sts:AssumeRole'"),
         "Invalid principal in policy: \"SERVICE\":\"joe\""},
        {TRUST("'Effect':'Allow','Principle':'*','Action':'sts:AssumeRole'"),
         "Unknown field Principle"},
        {TRUST("'Effect':'Allow','Principal':{'AWS':[]},'Action':'sts:AssumeRole'"),
         "Missing required field Principal cannot be empty!"},
    };
    check_refusals(IAM_POLICY_TRUST, cases, ARRAY_COUNT(cases));
}

// ---------------------------------------------------------------------------------------------
// Decisions

static struct iam_policy *parse(enum iam_policy_kind kind, const char *text)
{
    char document[4096];
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++)
        document[i] = text[i] == '\'' ? '"' : text[i];
    struct iam_policy *policy = NULL;
    struct str error = {0};
    if (iam_policy_parse((struct str){document, size}, kind, &arena, &policy, &error) !=
        STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%s: %" STR_FORMAT, text, STR_ARGS(error));
    }
    return policy;
}

static const struct iam_tag role_tags[] = {{STR_INIT("Team"), STR_INIT("photos")}};

static const struct iam_subject role_subject = {
    .kind = IAM_SUBJECT_ASSUMED_ROLE,
    .account = STR_INIT("123456789012"),
    .name = STR_INIT("Photos"),
    .arn = STR_INIT("arn:aws:iam::123456789012:role/app/Photos"),
    .id = STR_INIT("AROAEXAMPLE"),
    .tags = role_tags,
    .tag_count = 1,
};

static enum iam_decision decide(const char *document, const struct iam_request *request)
{
    struct iam_policy *policy = parse(IAM_POLICY_IDENTITY, document);
    if (policy == NULL) return IAM_DENIED;
    enum iam_decision decision = iam_policies_evaluate(&policy, 1, &role_subject, request);
    iam_policy_unref(policy);
    return decision;
}

struct decision_case {
    const char *document;
    const char *action;
    const char *resource;
    enum iam_decision decision;
};

#define ALLOW(rest)        "{'Effect':'Allow'," rest "}"
#define DENY(rest)         "{'Effect':'Deny'," rest "}"
#define POLICY(statements) "{'Version':'2012-10-17','Statement':[" statements "]}"
#define FUNCTION           "arn:aws:lambda:us-east-1:123456789012:function:resize"

TEST(policy_decides_by_action_and_resource)
{
    static const struct decision_case cases[] = {
        {POLICY(ALLOW("'Action':['lambda:InvokeFunction'],'Resource':['*']")),
         "lambda:InvokeFunction", FUNCTION, IAM_ALLOWED},
        {POLICY(ALLOW("'Action':'sns:*','Resource':'*'")), "lambda:InvokeFunction", FUNCTION,
         IAM_DENIED},
        {POLICY(ALLOW("'Action':'lambda:invoke*','Resource':'" FUNCTION "'")),
         "lambda:InvokeFunction", FUNCTION ":1", IAM_DENIED},
        {POLICY(ALLOW("'Action':'lambda:invoke*','Resource':['" FUNCTION "','" FUNCTION ":*']")),
         "lambda:InvokeFunction", FUNCTION ":1", IAM_ALLOWED},
        {POLICY(ALLOW("'Action':'lambda:*','Resource':'arn:aws:lambda'")), "lambda:InvokeFunction",
         FUNCTION, IAM_ALLOWED},
        {POLICY(ALLOW("'NotAction':'iam:*','Resource':'*'")), "lambda:InvokeFunction", FUNCTION,
         IAM_ALLOWED},
        {POLICY(ALLOW("'NotAction':'iam:*','Resource':'*'")), "iam:CreateRole", "*", IAM_DENIED},
        {POLICY(ALLOW("'Action':'*','NotResource':'arn:aws:lambda:*:*:function:secret*'")),
         "lambda:InvokeFunction", FUNCTION, IAM_ALLOWED},
        {POLICY(ALLOW("'Action':'*','NotResource':'arn:aws:lambda:*:*:function:re*'")),
         "lambda:InvokeFunction", FUNCTION, IAM_DENIED},
        {POLICY(ALLOW("'Action':'*','Resource':'*'") "," DENY(
             "'Action':'lambda:InvokeFunction','Resource':'" FUNCTION "'")),
         "lambda:InvokeFunction", FUNCTION, IAM_DENIED_EXPLICITLY},
        {POLICY(
             DENY("'Action':'lambda:*','Resource':'*'") "," ALLOW("'Action':'*','Resource':'*'")),
         "lambda:InvokeFunction", FUNCTION, IAM_DENIED_EXPLICITLY},
        {POLICY(DENY("'NotAction':'lambda:*','Resource':'*'") "," ALLOW(
             "'Action':'*','Resource':'*'")),
         "lambda:InvokeFunction", FUNCTION, IAM_ALLOWED},
        {POLICY(ALLOW("'Action':'*','Resource':'arn:aws:lambda:*:*:function:"
                      "${aws:PrincipalTag/team}-*'")),
         "lambda:InvokeFunction", "arn:aws:lambda:r:1:function:photos-x", IAM_ALLOWED},
        {POLICY(ALLOW("'Action':'*','Resource':'arn:aws:lambda:*:*:function:${aws:username}'")),
         "lambda:InvokeFunction", "arn:aws:lambda:r:1:function:x", IAM_DENIED},
        {POLICY(ALLOW("'Action':'s3:GetObject','Resource':'arn:aws:s3:::b/${*}x'")), "s3:GetObject",
         "arn:aws:s3:::b/*x", IAM_ALLOWED},
        {POLICY(ALLOW("'Action':'s3:GetObject','Resource':'arn:aws:s3:::b/${*}x'")), "s3:GetObject",
         "arn:aws:s3:::b/yx", IAM_DENIED},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct iam_request request = {.action = str_from_c(cases[i].action),
                                      .resource = str_from_c(cases[i].resource)};
        enum iam_decision decision = decide(cases[i].document, &request);
        if (decision != cases[i].decision) {
            test_fail(__FILE__, __LINE__, "%s on %s gives %d", cases[i].document, cases[i].resource,
                      decision);
        }
    }
}

struct condition_case {
    const char *condition;
    bool holds;
};

// 2024-05-06T07:08:09Z
enum { NOW_S = 1714979289 };

static const struct condition_case condition_cases[] = {
    {"{'StringEquals':{'x:name':'photo'}}", true},
    {"{'StringEquals':{'X:NAME':['a','photo']}}", true},
    {"{'StringEquals':{'x:name':'Photo'}}", false},
    {"{'StringEquals':{'x:name':'pho*'}}", false},
    {"{'StringEquals':{'x:none':'a'}}", false},
    {"{'StringEqualsIfExists':{'x:none':'a'}}", true},
    {"{'StringEqualsIfExists':{'x:name':'a'}}", false},
    {"{'StringEquals':{'x:name':[]}}", false},
    {"{'StringNotEquals':{'x:name':['a','b']}}", true},
    {"{'StringNotEquals':{'x:name':['a','photo']}}", false},
    {"{'StringNotEquals':{'x:missing':'a'}}", true},
    {"{'StringEqualsIgnoreCase':{'x:name':'PHOTO'}}", true},
    {"{'StringNotEqualsIgnoreCase':{'x:name':'PHOTO'}}", false},
    {"{'StringLike':{'x:name':'p*t?'}}", true},
    {"{'StringLike':{'x:name':'p?t*'}}", false},
    {"{'StringNotLike':{'x:name':'q*'}}", true},
    {"{'StringNotLike':{'x:name':['q*','*o']}}", false},
    {"{'StringEquals':{'aws:PrincipalTag/Team':'photos'}}", true},
    {"{'StringEquals':{'aws:PrincipalTag/team':'${aws:PrincipalTag/TEAM}'}}", true},
    {"{'StringEquals':{'aws:userid':'AROAEXAMPLE:run'}}", true},
    {"{'StringLike':{'aws:userid':'AROAEXAMPLE:*'}}", true},
    {"{'StringEquals':{'aws:userid':['x','${aws:userid}']}}", true},
    {"{'StringEquals':{'aws:PrincipalAccount':'123456789012'}}", true},
    {"{'StringEquals':{'aws:PrincipalType':'AssumedRole'}}", true},
    {"{'StringEquals':{'aws:username':'Photos'}}", false},
    {"{'NumericEquals':{'x:number':'10.0'}}", true},
    {"{'NumericEquals':{'x:number':10}}", true},
    {"{'NumericNotEquals':{'x:number':10}}", false},
    {"{'NumericNotEquals':{'x:name':10}}", true},
    {"{'NumericLessThan':{'x:number':11}}", true},
    {"{'NumericLessThan':{'x:number':10}}", false},
    {"{'NumericLessThanEquals':{'x:number':10}}", true},
    {"{'NumericGreaterThan':{'x:number':9.5}}", true},
    {"{'NumericGreaterThan':{'x:number':10}}", false},
    {"{'NumericGreaterThanEquals':{'x:number':10}}", true},
    {"{'NumericGreaterThan':{'x:name':1}}", false},
    {"{'DateEquals':{'x:date':'2024-01-01'}}", true},
    {"{'DateEquals':{'x:date':'2024'}}", true},
    {"{'DateEquals':{'x:date':'1704067200'}}", true},
    {"{'DateEquals':{'x:date':'2024-01-01T01:00:00+01:00'}}", true},
    {"{'DateNotEquals':{'x:date':'2024-01-01T00:00Z'}}", false},
    {"{'DateLessThan':{'x:date':'2024-01-01T00:00:00.001Z'}}", true},
    {"{'DateLessThanEquals':{'x:date':'2024-01-01'}}", true},
    {"{'DateGreaterThan':{'x:date':'2023-12'}}", true},
    {"{'DateGreaterThanEquals':{'x:date':'2024-01-02'}}", false},
    {"{'DateGreaterThan':{'aws:CurrentTime':'2024-05-06T07:08:08Z'}}", true},
    {"{'DateLessThan':{'aws:CurrentTime':'2024-05-06T07:08:09Z'}}", false},
    {"{'NumericEquals':{'aws:EpochTime':'1714979289'}}", true},
    {"{'DateEquals':{'aws:EpochTime':'2024-05-06T07:08:09Z'}}", true},
    {"{'Bool':{'x:bool':'true'}}", true},
    {"{'Bool':{'x:bool':false}}", false},
    {"{'Bool':{'aws:SecureTransport':'false'}}", false},
    {"{'BoolIfExists':{'aws:SecureTransport':'true'}}", true},
    {"{'BinaryEquals':{'x:bytes':'UW1G'}}", true},
    {"{'BinaryEquals':{'x:bytes':'UW1H'}}", false},
    {"{'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}}", true},
    {"{'IpAddress':{'aws:SourceIp':['10.0.0.0/8','203.0.113.4/31']}}", true},
    {"{'IpAddress':{'aws:SourceIp':'203.0.113.6/31'}}", false},
    {"{'IpAddress':{'aws:SourceIp':'203.0.113.5'}}", true},
    {"{'IpAddress':{'aws:SourceIp':'0.0.0.0/0'}}", true},
    {"{'IpAddress':{'aws:SourceIp':'::/0'}}", true},
    {"{'NotIpAddress':{'aws:SourceIp':'203.0.113.0/24'}}", false},
    {"{'NotIpAddress':{'x:missing':'203.0.113.0/24'}}", true},
    {"{'IpAddress':{'x:ip6':'2001:db8::/32'}}", true},
    {"{'IpAddress':{'x:ip6':'2001:db8::10/125'}}", true},
    {"{'IpAddress':{'x:ip6':'2001:db8::10/126'}}", false},
    {"{'IpAddress':{'x:ip6':'0.0.0.0/0'}}", false},
    {"{'IpAddress':{'x:name':'0.0.0.0/0'}}", false},
    {"{'ArnEquals':{'aws:SourceArn':'arn:aws:states:*:1:stateMachine:m'}}", true},
    {"{'ArnLike':{'aws:SourceArn':'arn:aws:states:*:*:stateMachine:*'}}", true},
    {"{'ArnLike':{'aws:SourceArn':'arn:aws:states:*:stateMachine:*'}}", false},
    {"{'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::*:role/app/*'}}", true},
    {"{'ArnNotEquals':{'aws:SourceArn':'arn:aws:states:*:*:stateMachine:m'}}", false},
    {"{'ArnNotLike':{'aws:SourceArn':'arn:aws:states:*:*:stateMachine:x*'}}", true},
    {"{'Null':{'x:missing':'true'}}", true},
    {"{'Null':{'x:none':'true'}}", true},
    {"{'Null':{'x:name':'true'}}", false},
    {"{'Null':{'x:name':false}}", true},
    {"{'ForAllValues:StringEquals':{'aws:TagKeys':['a','b','c']}}", true},
    {"{'ForAllValues:StringEquals':{'aws:TagKeys':['a','c']}}", false},
    {"{'ForAllValues:StringEquals':{'x:missing':'a'}}", true},
    {"{'ForAnyValue:StringEquals':{'aws:TagKeys':['b','c']}}", true},
    {"{'ForAnyValue:StringEquals':{'aws:TagKeys':['c']}}", false},
    {"{'ForAnyValue:StringEquals':{'x:missing':'a'}}", false},
    {"{'ForAnyValue:StringEqualsIfExists':{'x:missing':'a'}}", true},
    {"{'ForAllValues:StringNotEquals':{'aws:TagKeys':['c']}}", true},
    {"{'ForAllValues:StringNotEquals':{'aws:TagKeys':['a']}}", false},
    {"{'ForAnyValue:StringNotEquals':{'aws:TagKeys':['a']}}", true},
    {"{'ForAnyValue:StringNotLike':{'aws:TagKeys':'?'}}", false},
    {"{'ForAnyValue:StringLike':{'aws:TagKeys':'b*'}}", true},
    {"{'StringEquals':{'x:name':'photo'},'Bool':{'x:bool':'true'}}", true},
    {"{'StringEquals':{'x:name':'photo'},'Bool':{'x:bool':'false'}}", false},
    {"{'StringEquals':{'x:name':'photo','x:number':'11'}}", false},
};

TEST(policy_conditions_hold_as_documented)
{
    static const struct str names[] = {STR_INIT("photo")};
    static const struct str tags[] = {STR_INIT("a"), STR_INIT("b")};
    static const struct str numbers[] = {STR_INIT("10")};
    static const struct str dates[] = {STR_INIT("2024-01-01T00:00:00Z")};
    static const struct str booleans[] = {STR_INIT("true")};
    static const struct str bytes[] = {STR_INIT("QmF")};
    static const struct str v4[] = {STR_INIT("203.0.113.5")};
    static const struct str v6[] = {STR_INIT("2001:db8::17")};
    static const struct str arns[] = {STR_INIT("arn:aws:states:r:1:stateMachine:m")};
    static const struct iam_context_entry context[] = {
        {STR_INIT("x:name"), names, 1},       {STR_INIT("aws:TagKeys"), tags, 2},
        {STR_INIT("x:number"), numbers, 1},   {STR_INIT("x:date"), dates, 1},
        {STR_INIT("x:bool"), booleans, 1},    {STR_INIT("x:bytes"), bytes, 1},
        {STR_INIT("aws:SourceIp"), v4, 1},    {STR_INIT("x:ip6"), v6, 1},
        {STR_INIT("aws:SourceArn"), arns, 1}, {STR_INIT("x:none"), NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(condition_cases); i++) {
        char document[512];
        snprintf(document, sizeof(document),
                 POLICY(ALLOW("'Action':'*','Resource':'*','Condition':%s")),
                 condition_cases[i].condition);
        struct iam_request request = {
            .action = STR("a:b"),
            .resource = STR("*"),
            .session_name = STR("run"),
            .context = context,
            .context_count = ARRAY_COUNT(context),
            .now_unix_ms = INT64_C(1000) * NOW_S,
        };
        if ((decide(document, &request) == IAM_ALLOWED) != condition_cases[i].holds) {
            test_fail(__FILE__, __LINE__, "%s does not give %d", condition_cases[i].condition,
                      condition_cases[i].holds);
        }
    }
}

TEST(policy_of_trust_names_services_accounts_roles_and_sessions)
{
    struct iam_policy *policy = parse(
        IAM_POLICY_TRUST, TRUST("'Effect':'Allow','Principal':{'Service':['lambda.amazonaws.com',"
                                "'states.us-east-1.amazonaws.com']},'Action':'sts:AssumeRole'"));
    CHECK(iam_policy_trusts_service(policy, STR("lambda"), STR(""), NULL, 0));
    CHECK(iam_policy_trusts_service(policy, STR("states"), STR("us-east-1"), NULL, 0));
    CHECK(!iam_policy_trusts_service(policy, STR("states"), STR("eu-west-1"), NULL, 0));
    CHECK(!iam_policy_trusts_service(policy, STR("states"), STR(""), NULL, 0));
    iam_policy_unref(policy);

    struct iam_request request = {.action = STR("sts:AssumeRole"), .session_name = STR("run")};
    static const struct condition_case cases[] = {
        {"{'AWS':'123456789012'}", true},
        {"{'AWS':'arn:aws:iam::123456789012:root'}", true},
        {"{'AWS':'arn:aws:iam::999999999999:root'}", false},
        {"{'AWS':'arn:aws:iam::123456789012:role/app/Photos'}", true},
        {"{'AWS':'arn:aws:iam::123456789012:role/app/Other'}", false},
        {"{'AWS':'arn:aws:sts::123456789012:assumed-role/Photos/run'}", true},
        {"{'AWS':'arn:aws:sts::123456789012:assumed-role/Photos/walk'}", false},
        {"{'AWS':'*'}", true},
        {"'*'", true},
        {"{'Service':'states.amazonaws.com'}", false},
        {"{'Federated':'accounts.example.com','CanonicalUser':'79a59d'}", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char document[512];
        snprintf(document, sizeof(document),
                 TRUST("'Effect':'Allow','Principal':%s,'Action':'sts:AssumeRole'"),
                 cases[i].condition);
        policy = parse(IAM_POLICY_TRUST, document);
        REQUIRE(policy != NULL);
        bool holds = iam_policy_evaluate_trust(policy, &role_subject, &request) == IAM_ALLOWED;
        if (holds != cases[i].holds) test_fail(__FILE__, __LINE__, "%s", document);
        iam_policy_unref(policy);
    }
}

TEST(policy_of_trust_heeds_conditions_on_the_source)
{
    struct iam_policy *policy = parse(
        IAM_POLICY_TRUST,
        TRUST("'Effect':'Allow','Principal':{'Service':'states.amazonaws.com'},"
              "'Action':'sts:AssumeRole','Condition':{'StringEquals':{'aws:SourceAccount':'1'}}"));
    static const struct str one[] = {STR_INIT("1")}, two[] = {STR_INIT("2")};
    static const struct iam_context_entry right = {STR_INIT("aws:SourceAccount"), one, 1};
    static const struct iam_context_entry wrong = {STR_INIT("aws:SourceAccount"), two, 1};
    CHECK(iam_policy_trusts_service(policy, STR("states"), STR(""), &right, 1));
    CHECK(!iam_policy_trusts_service(policy, STR("states"), STR(""), &wrong, 1));
    iam_policy_unref(policy);
}
