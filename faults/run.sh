#!/usr/bin/env bash
# Proves that the invariant tests test something: every faults/*.patch seeds one fault, and the tests it names must fail.
#
# A patch starts with one or more lines    # test: MODULE TestClass#method
# and goes on as a unified diff against the root. It is applied in a scratch clone of HEAD, never in the work tree.
#
# Usage: faults/run.sh [faults/ONE.patch …]     (default: all)
#
# As many at once as there are processors, four at most, each in a clone of its own; FAULTS_JOBS says otherwise.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
test_timeout=${FAULTS_TEST_TIMEOUT:-300}
processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
jobs=${FAULTS_JOBS:-$((processors < 4 ? processors : 4))}
# Maven lives for seconds here
export MAVEN_OPTS="${MAVEN_OPTS:-} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

patches=()
for patch in "$@"; do patches+=("$(cd "$(dirname "$patch")" && pwd)/$(basename "$patch")"); done
if [ "$#" -eq 0 ]; then
    for patch in "$root"/faults/*.patch; do
        if [ -e "$patch" ]; then patches+=("$patch"); fi
    done
fi
if [ "${#patches[@]}" -eq 0 ]; then
    echo "faults: no patches" >&2
    exit 1
fi

if [ "$jobs" -gt "${#patches[@]}" ]; then jobs=${#patches[@]}; fi

scratch=$(mktemp -d "${TMPDIR:-/tmp}/realtime-faults.XXXXXX")
workers=()
finish() {
    local worker running
    for worker in ${workers[@]+"${workers[@]}"}; do
        running=$(pgrep -P "$worker" || true)
        # shellcheck disable=SC2086
        kill "$worker" $running 2>/dev/null || true
    done
    wait
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
git clone -q --shared "$root" "$scratch/1"
cd "$scratch/1"

bounded() {
    if command -v timeout >/dev/null; then timeout --kill-after=20 "$test_timeout" "$@"; else "$@"; fi
}

tests_of() { sed -n 's/^# test:[[:space:]]*//p' "$1"; }

# run_tests [OPTION…] < lines "MODULE Class#method": runs exactly these in the clone that is the working directory, and
# leaves fresh reports and $PWD.log
run_tests() {
    local modules selectors
    cat >"$PWD.tests"
    modules=$(cut -d' ' -f1 "$PWD.tests" | sort -u | paste -sd, -)
    # One Class#a+b per class: Surefire keeps only the last entry of a class that is named twice
    selectors=$(awk '{ split($2, t, "#"); c[t[1]] = c[t[1]] (c[t[1]] == "" ? "" : "+") t[2] }
        END { for (k in c) printf "%s%s#%s", (n++ ? "," : ""), k, c[k] }' "$PWD.tests")
    find . -path '*/surefire-reports/*' -name 'TEST-*.xml' -delete
    # A module goes on after the tests of one that it depends on have failed, as they are meant to
    bounded ./mvnw -q -B -ntp -pl "$modules" -am test -Drealtime.skip-lint -Drealtime.skip-jetty=true \
        -Dmaven.test.failure.ignore=true \
        -Dtest="$selectors" -Dsurefire.failIfNoSpecifiedTests=false "$@" </dev/null >"$PWD.log" 2>&1
}

# outcome MODULE Class#method: passed, failed or absent, from the reports of the last run.
# A parameterized test has failed when one of its cases has.
outcome() {
    find "$1/target/surefire-reports" -name 'TEST-*.xml' -exec cat {} + 2>/dev/null | awk -v class="${2%%#*}" -v method="${2##*#}" '
        function attribute(name, a, b) { split($0, a, " " name "=\""); split(a[2], b, "\""); return b[1] }
        /<testcase / {
            m = attribute("name"); sub(/[({\[].*/, "", m)
            c = "." attribute("classname")
            inside = m == method && substr(c, length(c) - length(class)) == "." class
            if (inside) seen = 1
        }
        inside && /<(failure|error)[ >]/ { bad = 1 }
        /<\/testcase>|<testcase [^>]*\/>/ { inside = 0 }
        END { print !seen ? "absent" : bad ? "failed" : "passed" }'
}

# verdict EXPECTED LABEL < lines: complains about every test with another outcome
verdict() {
    local expected=$1 label=$2 module test got wrong=0
    while read -r module test; do
        got=$(outcome "$module" "$test")
        if [ "$got" != "$expected" ]; then
            echo "faults: $label: $test was expected to be $expected but is $got" >&2
            wrong=1
        fi
    done
    return "$wrong"
}

for patch in "${patches[@]}"; do
    if [ -z "$(tests_of "$patch")" ]; then
        echo "faults: $(basename "$patch"): no line '# test: MODULE TestClass#method'" >&2
        exit 1
    fi
    tests_of "$patch"
done | tr -s ' \t' ' ' | sort -u >"$scratch/all"

# without_a_fault FILE [OPTION…]: the tests named in FILE pass
without_a_fault() {
    local named=$1
    shift
    if [ ! -s "$named" ]; then return; fi
    echo "faults: $(wc -l <"$named" | tr -d ' ') tests without a fault"
    run_tests "$@" <"$named" || true
    if ! verdict passed "without a fault" <"$named"; then
        tail -n 40 "$PWD.log" >&2
        exit 1
    fi
}

# Those of WebFlux apart: beside them, others would be looked for where the servlet API is not
grep -v '\.webflux\.' "$scratch/all" >"$scratch/servlet" || true
grep '\.webflux\.' "$scratch/all" >"$scratch/webflux" || true
without_a_fault "$scratch/servlet" -Drealtime.skip-netty=true
without_a_fault "$scratch/webflux"

# seed PATCH [OPTION…]: applies it, expects the tests that it names to fail, and takes it back
seed() {
    local patch=$1 name from=$SECONDS status=0 servers=()
    shift
    name=$(basename "$patch")
    tests_of "$patch" | tr -s ' \t' ' ' >"$PWD.named"
    if ! git apply --whitespace=nowarn "$patch"; then
        echo "faults: $name does not apply" >&2
        return 1
    fi
    # What WebFlux does not do differently is run on Tomcat only
    if ! grep -q '^+++ b/.*/webflux/' "$patch"; then servers=(-Drealtime.skip-netty=true); fi
    # The others have the other processors
    run_tests -Dtest.forks=1 ${servers[@]+"${servers[@]}"} "$@" <"$PWD.named" || true
    verdict failed "$name" <"$PWD.named" || status=1
    if [ "$status" -eq 0 ]; then
        echo "faults: $name detected by $(cut -d' ' -f2 "$PWD.named" | paste -sd' ' -) ($((SECONDS - from))s)"
    else
        tail -n 20 "$PWD.log" >&2
    fi
    git checkout -q .
    git clean -fdq
    return "$status"
}

# worker CLONE: seeds the patches that nobody has taken yet; those that were detected are in $scratch/detected
worker() {
    local patch
    cd "$scratch/$1"
    for patch in "${patches[@]}"; do
        if ! mkdir "$scratch/taken/$(basename "$patch")" 2>/dev/null; then continue; fi
        if seed "$patch"; then touch "$scratch/detected/$(basename "$patch")"; fi
    done
}

# Those of one module behind each other: less is compiled then
sorted=()
while IFS= read -r patch; do sorted+=("$patch"); done < <(
    for patch in "${patches[@]}"; do
        printf '%s\t%s\n' "$(tests_of "$patch" | cut -d' ' -f1 | sort -u | paste -sd, -)" "$patch"
    done | sort -s -k1,1 | cut -f2
)
if [ "${#sorted[@]}" -ne "${#patches[@]}" ]; then
    echo "faults: the patches could not be sorted" >&2
    exit 1
fi
patches=("${sorted[@]}")

mkdir "$scratch/taken" "$scratch/detected"
for ((i = 1; i <= jobs; i++)); do
    # With what is compiled
    if [ "$i" -gt 1 ]; then cp -Rp "$scratch/1" "$scratch/$i"; fi
done
for ((i = 1; i <= jobs; i++)); do
    worker "$i" &
    workers+=($!)
done
wait "${workers[@]}" || true
workers=()

# A race may need the processors that another patch had, and code that C2 compiled: what was not detected is tried once more,
# alone
cd "$scratch/1"
for patch in "${patches[@]}"; do
    if [ -e "$scratch/detected/$(basename "$patch")" ]; then continue; fi
    echo "faults: $(basename "$patch") once more, alone"
    if seed "$patch" -Dtest.jvm.compiler=; then touch "$scratch/detected/$(basename "$patch")"; fi
done

detected=$(find "$scratch/detected" -type f | wc -l | tr -d ' ')
echo "faults: ${#patches[@]} seeded, $detected detected"
[ "$detected" -eq "${#patches[@]}" ]
