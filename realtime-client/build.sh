#!/usr/bin/env bash
# The npm part of ./mvnw verify: install, test, and check that the committed build is current.
# Usage: realtime-client/build.sh [REQUIRE_TOOLS [SKIP]]   (each true or false)
set -euo pipefail
cd "$(dirname "$0")"
require_tools=${1:-false}
skip=${2:-false}

without() { # WHY: one line when the tools are optional, a failure when they are not
    if [ "$require_tools" = true ]; then
        echo "realtime-client: $1, and -Drealtime.require-tools=true forbids skipping" >&2
        exit 1
    fi
    echo "realtime-client: $1; skipped npm ci, npm test and npm run check"
    exit 0
}

chromium() {
    local candidate
    for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

if [ "$skip" = true ]; then without "-Drealtime.skip-js is set"; fi
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then without "no Node on the PATH"; fi
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 20 ]; then without "Node $major is older than 20"; fi
if [ "$require_tools" = true ] && ! chromium; then without "no Chromium (set CHROMIUM to its path)"; fi

# npm ci deletes and installs everything; once per lockfile is enough
if ! cmp -s package-lock.json node_modules/.installed-package-lock.json; then
    npm ci --no-audit --no-fund --loglevel=error
    mkdir -p node_modules
    cp package-lock.json node_modules/.installed-package-lock.json
fi
mkdir -p target
if ! npm test --silent >target/npm-test.log 2>&1; then
    cat target/npm-test.log >&2
    exit 1
fi
echo "realtime-client: $(sed -nE 's/^# ((tests|pass|fail|skipped) )/\1/p' target/npm-test.log | paste -sd, - | sed 's/,/, /g')"
npm run --silent check
