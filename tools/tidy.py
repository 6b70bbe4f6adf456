#!/usr/bin/env python3
"""House rules that a compiler does not know: banned calls, line and file length, opening comments.

Prints one line per offence and ends with status 1 when there are any.
"""
import pathlib
import re
import subprocess
import sys

LINE_LENGTH_MAX = 100
FILE_LINES_MAX = 1000
FUNCTION_LINES_MAX = 70
BANNED = {
    "strcpy": "copies without a bound",
    "strcat": "appends without a bound",
    "sprintf": "writes without a bound",
    "strtok": "keeps hidden state",
    "atoi": "hides errors",
    "gmtime": "keeps hidden state; use base/clock.h",
    "localtime": "depends on the machine's zone; use base/clock.h",
    "rand": "is not replayable; use base/random.h",
    "fork": "copies a large process; use posix_spawn",
    "alloca": "has no limit",
}
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
FUNCTION_START = re.compile(r"^[A-Za-z_].*\)$|^[A-Za-z_][^;=]*\([^;]*$")


def offences_of(path, text):
    lines = text.split("\n")
    if len(lines) > FILE_LINES_MAX:
        yield 1, f"has {len(lines)} lines; at most {FILE_LINES_MAX}"
    if not text.startswith("//"):
        yield 1, "does not open with a comment that says what it is"
    if path.suffix == ".h" and "#pragma once" not in text:
        yield 1, "has no #pragma once"
    start = None
    for number, line in enumerate(lines, 1):
        code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line).split("//")[0]
        if len(line) > LINE_LENGTH_MAX:
            yield number, f"is {len(line)} columns long; at most {LINE_LENGTH_MAX}"
        found = BANNED_CALL.search(code)
        if found and "test" not in path.parts[:1]:
            yield number, f"calls {found[1]}, which {BANNED[found[1]]}"
        if line == "{" and path.suffix == ".c":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > FUNCTION_LINES_MAX and not any(
                "NOLINT" in above for above in lines[max(0, start - 5) : start]
            ):
                yield start, f"a function of {number - start - 1} lines; at most {FUNCTION_LINES_MAX}"
            start = None


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    listed = subprocess.run(
        ["git", "ls-files", "*.c", "*.h"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()
    count = 0
    for name in listed:
        path = pathlib.Path(name)
        for number, text in offences_of(path, (root / name).read_text(encoding="utf-8")):
            print(f"{name}:{number}: {text}")
            count += 1
    if count == 0:
        print(f"tidy: {len(listed)} files keep the house rules")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
