#!/usr/bin/env python3
"""Check that every folder of src/ includes only what its layer may.

The table is the one of docs/ARCHITECTURE.md: a folder may include what it names, and what those may
include. Prints one line per offence and ends with status 1 when there are any.
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": [],
    "json": ["base"],
    "yaml": ["json"],
    "net": ["base"],
    "store": ["base"],
    "jsonpath": ["json"],
    "jsonata": ["json"],
    "asl": ["jsonpath", "jsonata"],
    "engine": ["asl"],
    "iam": ["json", "store"],
    "logs": ["json", "store"],
    "lambda": ["net", "logs"],
    "tasks": ["lambda", "iam"],
    "runtime": ["engine", "tasks"],
    "events": ["runtime"],
    "api": ["events"],
    "main": ["api", "yaml"],
}
YAML_HEADERS = re.compile(r"(lib)?(fy|y)aml\.h")
STORAGE_HEADERS = re.compile(r"sqlite3\.h|libpq-fe\.h|lmdb\.h|nats\.h")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.M)


def closure(folder):
    seen, todo = {folder}, [folder]
    while todo:
        for lower in MAY_INCLUDE[todo.pop()]:
            if lower not in seen:
                seen.add(lower)
                todo.append(lower)
    return seen


def main():
    root = pathlib.Path(__file__).resolve().parent.parent / "src"
    offences = []
    for path in sorted([*root.rglob("*.c"), *root.rglob("*.h")]):
        folder = path.relative_to(root).parts[0]
        if folder not in MAY_INCLUDE:
            offences.append(f"{path}: folder src/{folder} is not in the table of layers")
            continue
        allowed = closure(folder)
        for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if kind == '"' and name.split("/")[0] not in allowed:
                offences.append(f"{path}: src/{folder} may not include \"{name}\"")
            if kind == "<" and STORAGE_HEADERS.search(name) and folder != "store":
                offences.append(f"{path}: only src/store may include <{name}>")
            if kind == "<" and YAML_HEADERS.fullmatch(name) and folder != "yaml":
                offences.append(f"{path}: only src/yaml may include <{name}>")
    print("\n".join(offences) if offences else "layers: every include is allowed")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
