# The sample's processes and AWS resources, for run.sh and test.sh to source.
#
# Set before use:
#   GALOP  the program (default build/galop of this repository)
#   PORT   where galop listens on 127.0.0.1 (default 8083); the stand-ins take the three ports after it
#   work   a folder for data and logs
#
# Every process is started in a session of its own, so that Ctrl-C reaches the script alone, which
# then stops them in order.

sample=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
GALOP=${GALOP:-$sample/../../build/galop}
PORT=${PORT:-8083}
s3_port=$((PORT + 1))
dynamodb_port=$((PORT + 2))
faces_port=$((PORT + 3))
endpoint=http://127.0.0.1:$PORT

# Names of the resources; state-machine.json and test/acceptance.mjs know them too.
region=us-east-1
account=000000000000
collection=rider-photos
photos_bucket=wildrydes-rider-photos
thumbnails_bucket=wildrydes-thumbnails
table=wildrydes-rider-photos
state_machine=RiderPhotoProcessingExpress
log_group=/aws/vendedlogs/states/$state_machine-Logs
state_machine_arn=arn:aws:states:$region:$account:stateMachine:$state_machine
role=RiderPhotoStateMachineRole
role_arn=arn:aws:iam::$account:role/$role
function_role=RiderPhotoFunctionRole

# Nothing of the reader's own AWS set-up takes part: neither profiles nor proxies nor pagers.
export AWS_ACCESS_KEY_ID=galop AWS_SECRET_ACCESS_KEY=galop AWS_DEFAULT_REGION=$region AWS_REGION=$region
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export AWS_PAGER= AWS_REQUEST_CHECKSUM_CALCULATION=when_required
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL

process_ids=()
process_names=()

# End with one sentence; what was running is stopped by the caller's exit trap.
fail() {
    echo "rider-photos: $1" >&2
    [ ! -d "${work:-}/logs" ] || echo "rider-photos: the logs are in $work/logs" >&2
    failed=yes
    exit 1
}

check_stack() {
    local command port
    for command in aws node curl setsid; do
        command -v "$command" >/dev/null ||
            fail "the command $command is missing; tools/install-packages sample installs it"
    done
    [ -x "$GALOP" ] || fail "$GALOP is not there; make builds it"
    for port in "$PORT" "$s3_port" "$dynamodb_port" "$faces_port"; do
        ! port_is_taken "$port" ||
            fail "port $port of 127.0.0.1 is in use; PORT=N makes the sample use N to N+3 (now $PORT to $faces_port)"
    done
}

port_is_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start NAME COMMAND...: run in the background, its output in the log of that name.
start() {
    local name=$1
    shift
    setsid "$@" >"$work/logs/$name.log" 2>&1 </dev/null &
    process_ids+=($!)
    process_names+=("$name")
}

# Wait until a command succeeds, as long as the process of that name runs: await NAME COMMAND...
await() {
    local name=$1 index tries
    shift
    for index in "${!process_names[@]}"; do
        [ "${process_names[index]}" != "$name" ] || break
    done
    for ((tries = 0; tries < 600; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        if ! kill -0 "${process_ids[index]}" 2>/dev/null; then
            tail -n 5 "$work/logs/$name.log" >&2
            fail "$name ended while starting"
        fi
        sleep 0.05
    done
    fail "$name was not ready within 30 seconds"
}

start_stand_ins() {
    local name
    mkdir -p "$work/logs" "$work/calls"
    start s3 node "$sample/services/s3.mjs" --port "$s3_port" --data "$work/s3"
    start dynamodb node "$sample/services/dynamodb.mjs" --port "$dynamodb_port" --data "$work/dynamodb"
    AWS_ENDPOINT_URL_S3=http://127.0.0.1:$s3_port \
        start faces node "$sample/services/faces/server.mjs" --port "$faces_port" --data "$work/faces"
    for name in s3 dynamodb faces; do
        await "$name" grep -q ' ready ' "$work/logs/$name.log"
    done
}

start_galop() {
    start galop "$GALOP" serve --listen "127.0.0.1:$PORT" --data "$work/galop" \
        --forward "s3=http://127.0.0.1:$s3_port" \
        --forward "dynamodb=http://127.0.0.1:$dynamodb_port" \
        --forward "rekognition=http://127.0.0.1:$faces_port"
    await galop curl -fsS "$endpoint/health"
}

# Stop everything, galop before the services it forwards to.
stop_stack() {
    local index tries
    for ((index = ${#process_ids[@]} - 1; index >= 0; index--)); do
        kill -TERM "${process_ids[index]}" 2>/dev/null || continue
        for ((tries = 0; tries < 100; tries++)); do
            kill -0 "${process_ids[index]}" 2>/dev/null || break
            sleep 0.05
        done
        kill -KILL "${process_ids[index]}" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    process_ids=()
}

# The AWS CLI against galop, which passes on what it does not serve.
cli() {
    aws --endpoint-url "$endpoint" "$@"
}

# Calls whose order does not matter: `beside NAME aws-arguments...` starts one, `together` waits for
# all of them. Each costs the CLI most of a second, hence side by side.
call_ids=()
call_names=()

beside() {
    call_names+=("$1")
    cli "${@:2}" >"$work/calls/$1" 2>&1 </dev/null &
    call_ids+=($!)
}

together() {
    local index
    for index in "${!call_ids[@]}"; do
        wait "${call_ids[index]}" ||
            fail "$(printf '%s failed: %s' "${call_names[index]}" "$(<"$work/calls/${call_names[index]}")")"
    done
    call_ids=()
    call_names=()
}

# create_function NAME PACKAGE MEMORY_MB TIMEOUT_SECONDS [VARIABLE=VALUE...]
create_function() {
    local name=$1 package=$2 memory_mb=$3 timeout_seconds=$4 variables='' variable
    shift 4
    for variable in "$@"; do
        variables+="${variables:+,}\"${variable%%=*}\":\"${variable#*=}\""
    done
    beside "$name" lambda create-function --function-name "$name" --runtime nodejs20.x \
        --handler index.handler --role "arn:aws:iam::$account:role/$function_role" \
        --zip-file "fileb://$sample/build/functions/$package.zip" \
        --memory-size "$memory_mb" --timeout "$timeout_seconds" \
        --environment "{\"Variables\":{$variables}}"
}

create_functions() {
    local s3=AWS_ENDPOINT_URL_S3=http://127.0.0.1:$s3_port
    local dynamodb=AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:$dynamodb_port
    local rekognition=AWS_ENDPOINT_URL_REKOGNITION=http://127.0.0.1:$faces_port
    local known_faces=REKOGNITION_COLLECTION_ID=$collection

    create_function FaceDetectionFunction face-detection 256 60 "$rekognition"
    create_function FaceSearchFunction face-search 256 60 "$rekognition" "$known_faces"
    create_function IndexFaceFunction index-face 256 60 "$rekognition" "$known_faces"
    create_function ThumbnailFunction thumbnail 1536 300 "$s3" "THUMBNAIL_BUCKET=$thumbnails_bucket" \
        MAX_WIDTH=300 MAX_HEIGHT=300 "NODE_PATH=$sample/node_modules"
    create_function PersistMetadataFunction persist-metadata 256 60 "$dynamodb" \
        "RIDER_PHOTOS_DDB_TABLE=$table"
    create_function NotificationPlaceholderFunction notification-placeholder 256 60
}

# A trust policy: who may take on a role.
trust() {
    printf '%s' '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",' \
        "\"Principal\":{\"Service\":\"$1\"}}]}"
}

# What the console's "Create new role" lets a logging Express state machine do, and nothing else.
LOG_DELIVERY_POLICY='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":[
    "logs:CreateLogDelivery","logs:GetLogDelivery","logs:UpdateLogDelivery","logs:DeleteLogDelivery",
    "logs:ListLogDeliveries","logs:PutResourcePolicy","logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups"]}]}'

# What the workshop's CloudFormation template and its reader create.
create_resources() {
    beside photos-bucket s3api create-bucket --bucket "$photos_bucket"
    beside thumbnails-bucket s3api create-bucket --bucket "$thumbnails_bucket"
    beside table dynamodb create-table --table-name "$table" \
        --attribute-definitions AttributeName=Username,AttributeType=S \
        --key-schema AttributeName=Username,KeyType=HASH \
        --provisioned-throughput ReadCapacityUnits=3,WriteCapacityUnits=3
    beside collection rekognition create-collection --collection-id "$collection"
    beside log-group logs create-log-group --log-group-name "$log_group"
    beside role iam create-role --role-name "$role" \
        --assume-role-policy-document "$(trust states.amazonaws.com)"
    beside function-role iam create-role --role-name "$function_role" \
        --assume-role-policy-document "$(trust lambda.amazonaws.com)"
    together

    beside photos s3 cp --recursive --only-show-errors "$sample/build/photos" "s3://$photos_bucket"
    beside log-delivery iam put-role-policy --role-name "$role" --policy-name LogDelivery \
        --policy-document "$LOG_DELIVERY_POLICY"
    create_functions
    together

    beside state-machine stepfunctions create-state-machine --name "$state_machine" --type EXPRESS \
        --definition "file://$sample/state-machine.json" --role-arn "$role_arn" \
        --logging-configuration "$(logging_configuration)"
    together
}

logging_configuration() {
    printf '%s' '{"level":"ALL","includeExecutionData":true,"destinations":[{"cloudWatchLogsLogGroup":' \
        "{\"logGroupArn\":\"arn:aws:logs:$region:$account:log-group:$log_group:*\"}}]}"
}

attach_policies() {
    beside lambda-policy iam attach-role-policy --role-name "$role" \
        --policy-arn arn:aws:iam::aws:policy/service-role/AWSLambdaRole
    beside sns-policy iam attach-role-policy --role-name "$role" \
        --policy-arn arn:aws:iam::aws:policy/AmazonSNSFullAccess
    together
}

print_outputs() {
    local name
    for name in FaceDetection FaceSearch IndexFace NotificationPlaceholder PersistMetadata Thumbnail; do
        printf '%-35s %s\n' "${name}FunctionArn" \
            "arn:aws:lambda:$region:$account:function:${name}Function"
    done
    printf '%-35s %s\n' RiderPhotoDDBTable "$table" RiderPhotoS3Bucket "$photos_bucket" \
        StateMachineRole "$role_arn" ThumbnailS3Bucket "$thumbnails_bucket"
}
