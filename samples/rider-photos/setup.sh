#!/bin/bash
# Install and build what the rider-photo sample needs; does nothing when nothing is missing.
#
#     samples/rider-photos/setup.sh
#
# npm packages into node_modules/, function packages and photos into build/. Debian packages are the
# business of tools/install-packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
    echo "rider-photos: $1" >&2
    exit 1
}

say() {
    echo "rider-photos: $1"
}

# Run a command, showing what it said only when it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "this command failed: $*"
    fi
    rm -f "$log"
}

check_commands() {
    local command
    for command in node npm; do
        command -v "$command" >/dev/null ||
            fail "the command $command is missing; tools/install-packages sample installs it"
    done
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit(a > 18 || (a === 18 && b >= 17) ? 0 : 1)' ||
        fail "Node.js 18.17 or newer is needed; $(command -v node) is $(node --version)"
}

install_npm_packages() {
    cmp -s package-lock.json node_modules/.installed-lock.json && return
    say 'installing npm packages'
    quietly npm ci --no-progress
    cp package-lock.json node_modules/.installed-lock.json
}

build_bundles() {
    local stamp=build/bundles.stamp
    if [ -f "$stamp" ] &&
        [ -z "$(find functions services/faces build.mjs package-lock.json -newer "$stamp" -print -quit)" ]; then
        return
    fi
    say 'bundling the functions and the face model'\''s libraries'
    mkdir -p build
    quietly node build.mjs
    touch "$stamp"
}

# Put files of a Debian package into build/sources/, without installing the package, whose dependencies
# are many: fetch_from_package PACKAGE PATH...
fetch_from_package() {
    local package=$1 root='' sudo=()
    shift
    if [ ! -f "/$1" ]; then
        command -v apt-get >/dev/null ||
            fail "apt-get is missing, so put these pictures of the package $package into $PWD/build/sources yourself: $*"
        root=$(mktemp -d)
        if ! download "$package" "$root" >/dev/null 2>&1; then
            [ "$(id -u)" = 0 ] || sudo=(sudo)
            quietly "${sudo[@]}" apt-get update
            quietly download "$package" "$root"
        fi
        quietly dpkg-deb --extract "$root"/*.deb "$root"
    fi
    cp "${@/#/$root/}" build/sources/
    rm -rf "$root"
}

download() {
    (cd "$2" && apt-get -o APT::Sandbox::User=root download "$1")
}

make_photos() {
    local stamp=build/photos.stamp data=usr/lib/python3/dist-packages/skimage/data
    [ -f "$stamp" ] && [ ! pictures/make.mjs -nt "$stamp" ] && return
    say 'making the photos from two public-domain portraits in Debian packages'
    mkdir -p build/sources build/photos
    [ -f build/sources/grace_hopper_512x512.jpg ] ||
        fetch_from_package facedetect usr/share/doc/facedetect/examples/grace_hopper_512x512.jpg
    [ -f build/sources/astronaut.png ] ||
        fetch_from_package python3-skimage "$data/coffee.png" "$data/astronaut.png"
    quietly node pictures/make.mjs build/sources build/photos
    touch "$stamp"
}

check_commands
install_npm_packages
build_bundles
make_photos
