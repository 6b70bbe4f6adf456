#!/bin/bash
# Run the rider-photo sample: start everything on loopback, create its resources with the AWS CLI, walk
# through it, and leave the server up until Ctrl-C.
#
#     samples/rider-photos/run.sh
#
#   GALOP   the program (default build/galop of this repository)
#   PORT    where galop listens (default 8083); the stand-ins take the three ports after it
#   ONCE=1  stop after the walkthrough, with status 0 when every step went as it should
#   THEN    a shell command to run after the walkthrough; then stop with its status. It finds the
#           server by ENDPOINT, and the resources by the other variables of run_then
#   DATA    a folder that keeps everything from run to run (default: a new one, removed at the end); on
#           a folder with data the walkthrough is over already and the server just comes up
set -euo pipefail

kept=${DATA:+$(realpath -m "$DATA")}
work=${kept:-$(mktemp -d "${TMPDIR:-/tmp}/rider-photos.XXXXXX")}
failed=
# shellcheck source=samples/rider-photos/stack.sh
source "$(dirname "${BASH_SOURCE[0]}")/stack.sh"

finish() {
    local status=$?
    trap - EXIT INT TERM
    stop_stack
    if [ "$status" = 0 ]; then
        [ -n "$kept" ] || rm -rf "$work"
    elif [ ! -d "$work/logs" ]; then
        [ -n "$kept" ] || rm -rf "$work" # nothing was started, so nothing is to be seen
    elif [ -z "$failed" ]; then
        echo "rider-photos: a command failed; the logs are in $work/logs" >&2
    fi
    exit "$status"
}
trap finish EXIT
trap 'printf "\nStopping.\n"; exit 0' INT TERM

heading() {
    printf '\n== %s\n\n' "$1"
}

# Print a call as the reader would type it.
typed() {
    local word line='$ aws'
    for word in "$@" --endpoint-url "$endpoint"; do
        [[ $word =~ ^[-A-Za-z0-9_./:=,]+$ ]] || word="'$word'"
        line+=" $word"
    done
    echo "$line"
}

# Print a call, then make it.
show() {
    typed "$@"
    cli "$@"
}

# End unless a text contains another: expect WHAT TEXT PART.
expect() {
    [[ $2 == *"$3"* ]] || fail "$1: \"$3\" was to be found in: $2"
}

# Start an execution for a photo, wait for its end in the logs, and print what they say.
#
# Sets records, a line per log record of the execution.
run_execution() {
    local input tries
    local start=(stepfunctions start-execution --state-machine-arn "$state_machine_arn")
    local read=(logs filter-log-events --log-group-name "$log_group" --filter-pattern)
    input=$(printf '{"userId":"%s","s3Bucket":"%s","s3Key":"%s"}' "$1" "$photos_bucket" "$2")
    typed "${start[@]}" --input "$input"
    execution_arn=$(cli "${start[@]}" --input "$input" --query executionArn --output text)
    echo "$execution_arn"

    read+=("{ \$.execution_arn = \"$execution_arn\" }")
    echo
    typed "${read[@]}"
    for ((tries = 0; tries < 60; tries++)); do
        records=$(cli "${read[@]}" --output json | node "$sample/log-lines.mjs")
        ! grep -qE ' Execution(Succeeded|Failed|TimedOut|Aborted)' <<<"$records" || break
        sleep 0.3
    done
    echo "$records"
}

create_everything() {
    heading 'Resources, as the CloudFormation template of the workshop makes them'
    create_resources
    print_outputs
    printf '%-35s %s (Express, logging ALL to %s)\n' StateMachine "$state_machine_arn" "$log_group"
}

walk_through() {
    local found

    heading 'First execution: its role may not call Lambda yet'
    run_execution user_a 1_happy_face.jpg
    expect 'The first execution' "$records" ExecutionFailed
    expect 'The first execution' "$records" 'not authorized to perform: lambda:InvokeFunction'

    heading 'Attach AWSLambdaRole and AmazonSNSFullAccess to the role'
    attach_policies
    show iam list-attached-role-policies --role-name "$role" --output text

    heading 'Second execution: the same input'
    run_execution user_a 1_happy_face.jpg
    expect 'The second execution' "$records" ExecutionSucceeded
    expect 'The second execution' "$records" LambdaFunctionSucceeded

    heading 'The face is in the collection'
    found=$(show rekognition list-faces --collection-id "$collection" --output json)
    echo "$found"
    expect 'The collection' "$found" '"ExternalImageId": "user_a"'

    heading 'The thumbnail lies in its bucket'
    found=$(show s3 ls "s3://$thumbnails_bucket")
    echo "$found"
    expect 'The bucket' "$found" resized-1_happy_face.jpg

    heading 'The rider is in the table'
    found=$(show dynamodb get-item --table-name "$table" --key '{"Username":{"S":"user_a"}}' --output json)
    echo "$found"
    expect 'The table' "$found" '"faceId"'
}

print_what_to_try() {
    heading "Galop is up at $endpoint; Ctrl-C stops it"
    cat <<END
Photos to try as s3Key: $(cd "$sample/build/photos" && echo *)

export AWS_ACCESS_KEY_ID=galop AWS_SECRET_ACCESS_KEY=galop AWS_DEFAULT_REGION=$region
aws --endpoint-url $endpoint stepfunctions start-execution \\
    --state-machine-arn $state_machine_arn \\
    --input '{"userId":"user_b","s3Bucket":"$photos_bucket","s3Key":"5_hopper.jpg"}'
aws --endpoint-url $endpoint logs tail --follow $log_group
aws --endpoint-url $endpoint rekognition list-faces --collection-id $collection
aws --endpoint-url $endpoint rekognition delete-faces --collection-id $collection --face-ids ID
aws --endpoint-url $endpoint s3 ls s3://$thumbnails_bucket

Health    $endpoint/health
Metrics   $endpoint/metrics
Data      $work
Logs      $work/logs
END
}

# THEN's failure is its own to explain.
run_then() {
    local status=0
    ENDPOINT=$endpoint COLLECTION=$collection LOG_GROUP=$log_group PHOTOS_BUCKET=$photos_bucket \
        STATE_MACHINE_ARN=$state_machine_arn TABLE=$table THUMBNAILS_BUCKET=$thumbnails_bucket \
        bash -c "$THEN" || status=$?
    if [ "$status" != 0 ]; then
        fail "the command of THEN ended with status $status"
    fi
}

# Until Ctrl-C; a process that ends by itself is an error.
stay_up() {
    local index
    while true; do
        wait -n "${process_ids[@]}" || true
        for index in "${!process_ids[@]}"; do
            kill -0 "${process_ids[index]}" 2>/dev/null || fail "${process_names[index]} ended by itself"
        done
    done
}

"$sample/setup.sh"
check_stack
if [ -e "$work/galop" ] && [ ! -e "$work/walked-through" ]; then
    fail "$work holds a run that did not reach its end; remove it or choose another DATA"
fi
echo "Starting galop at $endpoint, and S3, DynamoDB and Rekognition stand-ins beside it"
start_stand_ins
start_galop
if [ -e "$work/walked-through" ]; then
    echo "Everything of an earlier run is in $work; PORT has to be the same as then"
else
    create_everything
    walk_through
    touch "$work/walked-through"
fi
if [ -n "${THEN:-}" ]; then
    run_then
    exit
fi
if [ -n "${ONCE:-}" ]; then
    printf '\nThe rider-photo sample works.\n'
    exit 0
fi
print_what_to_try
stay_up
