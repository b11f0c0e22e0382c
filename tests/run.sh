#!/bin/sh
# Install what the tests need, build with warnings as errors and sanitizers, run every test by ctest.
#   sh tests/run.sh                  labels unit, system, portal, vendors, fuzz, lint
#   sh tests/run.sh --all            slow, root and bench as well
#   sh tests/run.sh --coverage       preset coverage, and what the tests reach of src/ at the end
#   sh tests/run.sh --preset tsan    another preset of CMakePresets.json; its build folder is its own
#   sh tests/run.sh -- -R gate       words behind -- go to ctest
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
preset=asan
coverage=
labels='-LE slow|root|bench'

fail() {
    printf 'tests: %s\n' "$*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case "$1" in
    --all) labels= ;;
    --coverage)
        preset=coverage
        coverage=yes
        ;;
    --preset)
        [ $# -gt 1 ] || fail "--preset needs a name"
        preset=$2
        shift
        ;;
    --help | -h)
        sed -n '2,7p' "$0"
        exit 0
        ;;
    --)
        shift
        break
        ;;
    *) fail "unknown argument '$1'; try --help" ;;
    esac
    shift
done

# shellcheck source=conf/packages.sh
. "$top/conf/packages.sh"
packages="$BUILD_PACKAGES libcmocka-dev clang clang-format clang-tidy shellcheck python3 python3-pytest
python3-lxml python3-hypothesis python3-yaml python3-jsonschema git curl wget busybox openssl gnutls-bin
ca-certificates sqlite3 linphone-cli libxml2-utils systemd procps iproute2 prometheus groff-base dnsmasq-base zsh
fish zbar-tools haproxy isc-dhcp-client sip-tester"
# The portal's browser. A node that is there already, with its npm, will do.
packages="$packages chromium"
command -v node >/dev/null 2>&1 || packages="$packages nodejs"
command -v npm >/dev/null 2>&1 || packages="$packages npm"
[ -n "$labels" ] || packages="$packages nginx-light valgrind testssl.sh php8.2-fpm php8.2-sqlite3"
[ -z "$coverage" ] || packages="$packages gcovr"
# shellcheck disable=SC2086
packages_install tests $packages || exit 1

cd "$top"
jobs=$(nproc)
echo "tests: building with preset $preset on $jobs processors"
log=$(mktemp)
if ! { cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "$jobs"; } \
    >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    fail "the build failed; the whole output is in $log"
fi
# What the browser is driven by. Without it these tests are skipped, and say so.
portal=".build/$preset/tests/portal"
if ! npm ci --prefix "$portal" --ignore-scripts --no-audit --no-fund >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "tests: npm could not install playwright-core and axe-core: the tests of the portal's pages will be skipped" >&2
fi
rm -f "$log"

# leak checks need no core files; sanitizers must end the process on the first finding.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-second_deadlock_stack=1}"
result=0
# Counts of earlier runs would be added to.
[ -z "$coverage" ] || find ".build/$preset" -name '*.gcda' -delete
# shellcheck disable=SC2086
ctest --test-dir ".build/$preset" --output-on-failure --parallel "$jobs" $labels "$@" || result=$?
if [ -n "$coverage" ]; then
    gcovr --root . --filter src/ --print-summary ".build/$preset" || fail "gcovr failed"
fi
exit "$result"
