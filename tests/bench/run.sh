#!/bin/sh
# All figures of docs/performance.md that compare, one after the other: their tables, and what came of each.
#   tests/bench/run.sh BUILD_FOLDER    a release build
# Takes an hour; SECONDS, ROUNDS, OVERLOAD_SECONDS, OVERLOAD_ROUNDS and PHONES from the environment make it shorter, KEPT
# keeps the million phones for another run (see the scripts). Ends with 1 when a bound was missed or a script failed.
# Loopback only.
set -eu

[ $# -eq 1 ] || {
    sed -n '2,6p' "$0" >&2
    exit 2
}
build=$(CDPATH='' cd -- "$1" && pwd)
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
figures='boot_storm own_share visit data_scale core_scale idle_memory overload writes_beside php_fpm'

# shellcheck source=conf/packages.sh
. "$top/conf/packages.sh"
packages_install bench python3 openssl nginx-light valgrind php8.2-fpm php8.2-sqlite3 || exit 1

summary='| figure | verdict | minutes |
|---|---|---|'
number=0
failed=0
for figure in $figures; do
    number=$((number + 1))
    begin=$(date +%s)
    code=0
    python3 -B "$top/tests/bench/$figure.py" "$build" || code=$?
    case $code in
    0) verdict=pass ;;
    77) verdict=skipped ;;
    *)
        verdict=FAIL
        failed=1
        ;;
    esac
    echo
    summary="$summary
| $number. $figure | $verdict | $((($(date +%s) - begin + 30) / 60)) |"
done
printf '## Summary\n\n%s\n' "$summary"
exit "$failed"
