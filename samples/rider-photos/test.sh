#!/bin/bash
# Test the rider-photo sample, with TAP on standard output: the functions and the face service by
# themselves, the workflow's outcomes under Galop, and the walkthrough that `make run` shows.
#
#     samples/rider-photos/test.sh
#
# Uses free ports and a temporary folder, which stays when something fails. GALOP names the program.
set -uo pipefail

work=$(mktemp -d "${TMPDIR:-/tmp}/rider-photos-test.XXXXXX")
failed=
step=

# The first of four free ports in a row.
free_ports() {
    local first port
    while true; do
        first=$((20000 + RANDOM % 12000))
        for port in "$first" $((first + 1)) $((first + 2)) $((first + 3)); do
            ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue 2
        done
        echo "$first"
        return
    done
}

PORT=$(free_ports)
# shellcheck source=samples/rider-photos/stack.sh
source "$(dirname "${BASH_SOURCE[0]}")/stack.sh"

exec 3>&1

# A step that ends the script by fail() is told here.
finish() {
    local status=$?
    trap - EXIT INT TERM
    [ -z "$step" ] || report_failure >&3
    stop_stack
    if [ "$status" = 0 ] && [ -z "$failed" ]; then
        rm -rf "$work"
    else
        echo "# the logs are in $work" >&3
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

report_failure() {
    echo "not ok - $step"
    sed 's/^/# /' "$work/step.log"
    step=
    failed=yes
}

# A step that is one test: check NAME COMMAND... What it said is shown when it fails.
check() {
    step=$1
    shift
    if "$@" >"$work/step.log" 2>&1; then
        echo "ok - $step"
        step=
    else
        report_failure
        return 1
    fi
}

run_contracts() {
    AWS_ENDPOINT_URL_S3=http://127.0.0.1:$s3_port \
        AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:$dynamodb_port \
        AWS_ENDPOINT_URL_REKOGNITION=http://127.0.0.1:$faces_port \
        PHOTOS=$sample/build/photos \
        node "$sample/test/contracts.mjs" || failed=yes
}

# The walkthrough in a process of its own, and the workflow's outcomes on the server that it has up.
run_walkthrough() {
    local outcomes=$work/outcomes status=0
    PORT=$(free_ports) DATA=$work/walkthrough THEN="node '$sample/test/acceptance.mjs' >'$outcomes'" \
        "$sample/run.sh" >"$work/step.log" 2>&1 || status=$?
    if [ -e "$outcomes" ]; then
        echo 'ok - the walkthrough runs to its end'
        cat "$outcomes"
    else
        step='the walkthrough runs to its end'
        report_failure
    fi
    if [ "$status" != 0 ] && [ -z "$failed" ]; then
        tail -n 5 "$work/step.log" | sed 's/^/# /'
        failed=yes
    fi
}

check 'the sample is set up' "$sample/setup.sh" || exit 1
check 'the commands and ports it needs are there' check_stack || exit 1
check 'the stand-ins start' start_stand_ins || exit 1
run_contracts
stop_stack
run_walkthrough
[ -z "$failed" ]
