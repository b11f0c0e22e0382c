#!/bin/sh
# Server CPU per fetch, autoprovd against nginx serving a static file of the same size, in turn, in
# interleaved slices of one run: full handshakes with RSA-2048/TLS 1.2 and ECDSA P-256/TLS 1.3, and
# kept connections. Prints a Markdown table of medians and ratios, with the conditions.
#   tests/bench/boot_storm.sh BUILD_FOLDER
# Taken from the environment: ROUNDS (3), SLICE in seconds (5), ACCOUNTS, lines of the phone (1), and
# VENDOR, its template (linphone). Loopback only; ends by itself.
set -eu

build=$(CDPATH='' cd -- "${1:?the folder of a release build}" && pwd)
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
rounds=${ROUNDS:-3}
slice=${SLICE:-5}
threads=4
mac=001565123456
autoprovd=$build/src/daemon/autoprovd
autoprovctl=$build/src/ctl/autoprovctl
load=$build/tests/bench/tls_load

command -v nginx >/dev/null 2>&1 || {
    echo "boot_storm: nginx is not installed: skipped" >&2
    exit 77
}
dir=$(mktemp -d)
pids=
cleanup() {
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT INT TERM

for kind in rsa ecdsa; do
    key="-newkey rsa:2048"
    [ $kind = rsa ] || key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    # shellcheck disable=SC2086
    openssl req -x509 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        $key -keyout "$dir/$kind.key" -out "$dir/$kind.pem" 2>/dev/null
done

free_port() { # from
    port=$1
    while awk -v port="$(printf '%04X' "$port")" \
        '$4 == "0A" { n = split($2, a, ":"); if (a[n] == port) found = 1 } END { exit !found }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
        port=$((port + 1))
    done
    echo "$port"
}
ours=$(free_port 20443)
theirs_rsa=$(free_port $((ours + 1)))
theirs_ecdsa=$(free_port $((theirs_rsa + 1)))

cat >"$dir/autoprovd.conf" <<EOF
state_directory = '$dir/state'
master_key_file = '$dir/master.key'
control_socket = '$dir/control.sock'
templates_directory = '$top/conf/templates'
custom_templates_directory = '$dir/templates'
vendors_directory = '$top/conf/vendors'
custom_vendors_directory = '$dir/vendors'
user = '$(id -un)'
group = '$(id -gn)'
workers = 1
log_level = notice
listener "phones" {
    address = '127.0.0.1'
    port = $ours
    public_url = 'https://localhost:$ours'
    certificate "rsa" {
        certificate_file = '$dir/rsa.pem'
        key_file = '$dir/rsa.key'
    }
    certificate "ecdsa" {
        certificate_file = '$dir/ecdsa.pem'
        key_file = '$dir/ecdsa.key'
    }
}
EOF
ctl() { "$autoprovctl" --config "$dir/autoprovd.conf" "$@"; }
ctl init >/dev/null
"$autoprovd" --config "$dir/autoprovd.conf" 2>"$dir/autoprovd.log" &
our_pid=$!
pids="$our_pid"
tries=0
until ctl status >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || {
        cat "$dir/autoprovd.log" >&2
        exit 1
    }
    sleep 0.1
done
ctl user add bench >/dev/null
n=0
while [ "$n" -lt "${ACCOUNTS:-1}" ]; do
    n=$((n + 1))
    openssl rand -hex 8 | ctl account add bench "10$n@pbx.example.com" --password-file - >/dev/null
done
ctl phone add bench $mac --vendor "${VENDOR:-linphone}" >/dev/null
url=$(ctl phone url $mac)
path=${url#https://localhost:"$ours"}
mkdir -p "$dir/www$(dirname "$path")"
curl -sSf --noproxy '*' --cacert "$dir/rsa.pem" --tls-max 1.2 \
    --ciphers ECDHE-RSA-AES128-GCM-SHA256 -o "$dir/www$path" "$url"
size=$(wc -c <"$dir/www$path")

cat >"$dir/nginx.conf" <<EOF
daemon off;
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/nginx.log;
$([ "$(id -u)" != 0 ] || echo "user root;")
events { worker_connections 4096; }
http {
    access_log off;
    open_file_cache max=100 inactive=600s;
    open_file_cache_valid 600s;
    keepalive_requests 100000000;
    default_type text/xml;
    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
    uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
    ssl_prefer_server_ciphers on;
    ssl_session_cache off;
    ssl_session_tickets off;
    ssl_conf_command NumTickets 0;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    server {
        listen 127.0.0.1:$theirs_rsa ssl;
        ssl_certificate $dir/rsa.pem;
        ssl_certificate_key $dir/rsa.key;
        ssl_protocols TLSv1.2;
        ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;
        root $dir/www;
    }
    server {
        listen 127.0.0.1:$theirs_ecdsa ssl;
        ssl_certificate $dir/ecdsa.pem;
        ssl_certificate_key $dir/ecdsa.key;
        ssl_protocols TLSv1.3;
        root $dir/www;
    }
}
EOF
nginx -c "$dir/nginx.conf" -p "$dir" 2>/dev/null &
pids="$pids $!"
tries=0
until curl -sf --noproxy '*' -k -o /dev/null "https://localhost:$theirs_ecdsa$path"; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || {
        cat "$dir/nginx.log" >&2
        exit 1
    }
    sleep 0.1
done
their_pid=$(pgrep -P "$(cat "$dir/nginx.pid")")
# So that nobody's shutdown or start is counted.
sleep 1

hz=$(getconf CLK_TCK)
cpu_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# slice NAME SERVER_PID MODE PORT VERSION CIPHER: appends "cpu microseconds per request, requests".
slice_of() {
    before=$(cpu_ticks "$2")
    result=$("$load" "$3" "$4" "$path" "$5" "$6" "$slice" "$threads")
    after=$(cpu_ticks "$2")
    echo "$result $((after - before))" | awk -v hz="$hz" -v slice="$slice" '
        $1 == 0 || $2 > 0 { print "failed: " $0; exit 1 }
        { printf "%.2f %.0f\n", $3 * 1000000 / hz / $1, $1 / slice }' >>"$dir/$1" || {
        cat "$dir/$1" >&2
        exit 1
    }
}

round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    slice_of rsa.ours "$our_pid" storm "$ours" tls1.2 ECDHE-RSA-AES128-GCM-SHA256
    slice_of rsa.theirs "$their_pid" storm "$theirs_rsa" tls1.2 ECDHE-RSA-AES128-GCM-SHA256
    slice_of ecdsa.ours "$our_pid" storm "$ours" tls1.3 TLS_AES_128_GCM_SHA256
    slice_of ecdsa.theirs "$their_pid" storm "$theirs_ecdsa" tls1.3 TLS_AES_128_GCM_SHA256
    slice_of keep.ours "$our_pid" keepalive "$ours" tls1.3 TLS_AES_128_GCM_SHA256
    slice_of keep.theirs "$their_pid" keepalive "$theirs_ecdsa" tls1.3 TLS_AES_128_GCM_SHA256
done

median() { sort -n "$dir/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
spread() { sort -n "$dir/$1" | awk '{ v[NR] = $1 } END { printf "%.1f to %.1f", v[1], v[NR] }'; }
row() { # title, name
    o=$(median "$2.ours")
    t=$(median "$2.theirs")
    awk -v title="$1" -v o="$o" -v t="$t" -v os="$(spread "$2.ours")" -v ts="$(spread "$2.theirs")" \
        'BEGIN { printf "| %s | %.1f (%s) | %.1f (%s) | %.2f | %.2f |\n", title, o, os, t, ts, o / t, t / o }'
}

echo "Conditions: $(nproc) processors, $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), Linux $(uname -r);"
echo "$(openssl version | cut -d' ' -f1,2), $(nginx -v 2>&1 | cut -d/ -f2 | sed 's/^/nginx /'); one worker each, client on the same machine, $threads threads;"
echo "$rounds rounds of interleaved slices of $slice s; ${VENDOR:-linphone}.xml, ${ACCOUNTS:-1} line(s), $size bytes; AES-128-GCM, no tickets or resumption in either;"
echo "nginx: open_file_cache, access_log off; autoprovd: log_level notice, every fetch recorded in the database."
echo
echo "| | autoprovd, CPU µs per fetch (least to most) | nginx | CPU ratio | fetches per CPU second, ratio |"
echo "|---|---|---|---|---|"
row "boot storm, RSA-2048, TLS 1.2" rsa
row "boot storm, ECDSA P-256, TLS 1.3" ecdsa
row "keep-alive, ECDSA P-256, TLS 1.3" keep
