#!/bin/sh
# Microseconds and allocations of one rendering of a large phone's file, beside a plain copy of the
# same bytes, in interleaved rounds of one run. Prints a Markdown table of medians.
#   tests/bench/render.sh BUILD_FOLDER
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
exec "${1:?the folder of a release build}/tests/bench/render_bench" "$top/conf/templates" \
    "$top/conf/vendors"
