#!/bin/sh
# An import of many users with an account and a phone each, while a client fetches all the time: how
# long it takes, the daemon's peak of memory, and what the client met. Prints a Markdown table.
#   tests/bench/import.sh BUILD_FOLDER
# Taken from the environment: USERS (100000). Loopback only; ends by itself.
set -eu

build=$(CDPATH='' cd -- "${1:?the folder of a release build}" && pwd)
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
users=${USERS:-100000}
mac=001565123456
autoprovd=$build/src/daemon/autoprovd
load=$build/tests/bench/tls_load

dir=$(mktemp -d)
pids=
cleanup() {
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT INT TERM

openssl req -x509 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -keyout "$dir/key.pem" -out "$dir/cert.pem" \
    2>/dev/null
port=21443
while awk -v port="$(printf '%04X' "$port")" \
    '$4 == "0A" { n = split($2, a, ":"); if (a[n] == port) found = 1 } END { exit !found }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
    port=$((port + 1))
done
cat >"$dir/autoprovd.conf" <<END
state_directory = '$dir/state'
master_key_file = '$dir/master.key'
control_socket = '$dir/control.sock'
templates_directory = '$top/conf/templates'
custom_templates_directory = '$dir/templates'
vendors_directory = '$top/conf/vendors'
custom_vendors_directory = '$dir/vendors'
user = '$(id -un)'
group = '$(id -gn)'
log_level = notice
listener "phones" {
    address = '127.0.0.1'
    port = $port
    public_url = 'https://localhost:$port'
    certificate "ecdsa" {
        certificate_file = '$dir/cert.pem'
        key_file = '$dir/key.pem'
    }
}
END
ctl() {
    "$build/src/ctl/autoprovctl" --config "$dir/autoprovd.conf" "$@"
}

ctl init >/dev/null
"$autoprovd" --config "$dir/autoprovd.conf" >"$dir/log" 2>&1 &
daemon=$!
pids=$daemon
tries=0
until ctl status >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || {
        cat "$dir/log" >&2
        exit 1
    }
    sleep 0.1
done
ctl user add probe >/dev/null
head -c 9 /dev/urandom | base64 | ctl account add probe probe@pbx.example.com --password-file - >/dev/null
ctl phone add probe $mac --vendor linphone >/dev/null
ctl phone url $mac | sed "s|^https://localhost:$port|200 |" >"$dir/visits"

awk -v users="$users" 'BEGIN {
    print "user,user_display_name,sip_user,domain,password,mac,label"
    for (n = 0; n < users; n++)
        printf "u%d,User %d,%d,pbx.example.com,password-%08x,02%010x,Desk %d\n", n, n, n, n, n, n
}' >"$dir/phones.csv"

# Slices of two seconds, each a line "VISITS REQUESTS FAILURES …".
while [ ! -e "$dir/done" ]; do
    "$load" storm "$port" tls1.3 TLS_AES_128_GCM_SHA256 2 1 "$dir/visits"
done >"$dir/load" &
client=$!
pids="$daemon $client"
begin=$(date +%s.%N)
ctl import "$dir/phones.csv" >"$dir/said" 2>&1 || {
    cat "$dir/said" >&2
    exit 1
}
end=$(date +%s.%N)
: >"$dir/done"
wait "$client"
pids=$daemon
fetches=$(awk '{ sum += $2; failed += $3 } END { printf "%d, %d failed", sum, failed }' "$dir/load")
peak=$(awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' /proc/$daemon/status)
written=$(awk '/^write_bytes/ { printf "%.0f", $2 / 1e6 }' /proc/$daemon/io 2>/dev/null || echo '?')

echo "| users | seconds | peak MiB | MB written | fetches meanwhile |"
echo "|---|---|---|---|---|"
echo "| $users | $(echo "$begin $end" | awk '{ printf "%.1f", $2 - $1 }') | $peak | $written | $fetches |"
echo
echo "$(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg) at the end; log lines at warning or above:" \
    "$(grep -c -E 'Z (error|warning) ' "$dir/log" || true)"
