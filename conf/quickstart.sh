#!/bin/sh
# From a clone to a phone's configuration over HTTPS, in one throwaway folder.
#   sh conf/quickstart.sh            build, start, add a phone, fetch its configuration
#   sh conf/quickstart.sh --stop     stop it
#   sh conf/quickstart.sh --clean    stop it and remove the folder
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
state=${AUTOPROV_QUICKSTART:-$top/.quickstart}
case $state in /*) ;; *) state=$(pwd)/$state ;; esac
build=${AUTOPROV_QUICKSTART_BUILD:-$top/.build/quickstart}
case $build in /*) ;; *) build=$(pwd)/$build ;; esac
# Only a folder with this file is written to and removed.
marker=$state/.autoprovd-quickstart
conf=$state/autoprovd.conf
mac=cc:5e:f6:41:b7:94

say() { printf 'quickstart: %s\n' "$*"; }
fail() {
    printf 'quickstart: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=conf/packages.sh
. "$top/conf/packages.sh"

# The instance's process, if it runs: its id, and that it is ours.
running() {
    [ -f "$state/pid" ] || return 1
    pid=$(cat "$state/pid")
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null &&
        tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "$conf"
}

# Somebody's own folder is refused before anything is written there.
check_folder() {
    if [ -f "$marker" ] || { [ ! -e "$state" ] && [ ! -L "$state" ]; }; then return 0; fi
    [ -d "$state" ] || fail "$state is not a folder"
    [ -z "$(ls -A "$state")" ] || fail "$state is in use and was not made by this script"
}

make_folder() { # NAME
    if ! mkdir -p "$1" 2>/dev/null || [ ! -w "$1" ]; then fail "cannot write to $1"; fi
}

stop() {
    if running; then
        kill "$pid"
        tries=0
        while kill -0 "$pid" 2>/dev/null; do
            tries=$((tries + 1))
            [ "$tries" -lt 150 ] || fail "process $pid does not stop"
            sleep 0.1
        done
        say "stopped"
    else
        say "not running"
    fi
    rm -f "$state/pid"
}

case "${1:-}" in
--stop)
    check_folder
    stop
    exit 0
    ;;
--clean)
    check_folder
    if [ ! -f "$marker" ]; then
        say "nothing to remove"
        exit 0
    fi
    stop
    if [ -f "$state/socket-folder" ]; then
        folder=$(cat "$state/socket-folder")
        rm -f "$folder/control.sock"
        rmdir "$folder" 2>/dev/null || say "$folder is left"
    fi
    rm -rf "$state"
    say "removed $state"
    exit 0
    ;;
--help | -h)
    sed -n '2,5p' "$0"
    exit 0
    ;;
'') ;;
*) fail "unknown argument '$1'; try --help" ;;
esac

check_folder
# shellcheck disable=SC2086
packages_install quickstart $BUILD_PACKAGES openssl curl ca-certificates || exit 1

make_folder "$build"
(umask 077 && make_folder "$state") || exit 1
: >"$marker"

say "building in $build"
log=$(mktemp)
if ! { cmake -S "$top" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DAP_BUILD_TESTS=OFF && cmake --build "$build"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    fail "the build failed; the whole output is in $log"
fi
rm -f "$log"
autoprovd=$build/src/daemon/autoprovd
autoprovctl=$build/src/ctl/autoprovctl
ctl() { "$autoprovctl" --config "$conf" "$@"; }

umask 077

# A port from $1 on, a hundred of them, that nothing on this machine listens on (both address families).
free_port() {
    port=$1
    while awk -v port="$(printf '%04X' "$port")" \
        '$4 == "0A" { n = split($2, a, ":"); if (a[n] == port) found = 1 } END { exit !found }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
        port=$((port + 1))
        [ "$port" -lt $(($1 + 100)) ] || fail "no free port from $1 to $(($1 + 99))"
    done
}

make_certificate() { # NAME, then the key's arguments for openssl req
    name=$1
    shift
    [ -f "$state/$name.pem" ] && return 0
    openssl req -x509 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        "$@" -keyout "$state/$name.key" -out "$state/$name.pem" >"$state/openssl.log" 2>&1 ||
        fail "openssl could not make a certificate; see $state/openssl.log"
}

# libConfuse: single quotes keep everything but a quote and a backslash.
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"; }

# A socket's path must be short (unix(7)); the folder's may be long. Then a temporary folder takes
# it, the same at each start while it is ours.
choose_socket() {
    socket=$state/control.sock
    [ "$(printf '%s' "$socket" | wc -c)" -gt 107 ] || return 0
    folder=
    [ ! -f "$state/socket-folder" ] || folder=$(cat "$state/socket-folder")
    if [ -z "$folder" ] ||
        [ -z "$(find "$folder" -prune -type d -user "$(id -u)" -perm 700 2>/dev/null)" ]; then
        folder=$(mktemp -d) || fail "no temporary folder for the control socket"
        printf '%s\n' "$folder" >"$state/socket-folder"
    fi
    socket=$folder/control.sock
}

write_conf() {
    choose_socket
    mkdir -p "$state/templates" "$state/vendors"
    cat >"$conf" <<EOF
# A throwaway instance made by conf/quickstart.sh.
state_directory = $(quoted "$state/state")
master_key_file = $(quoted "$state/master.key")
control_socket = $(quoted "$socket")
templates_directory = $(quoted "$top/conf/templates")
custom_templates_directory = $(quoted "$state/templates")
vendors_directory = $(quoted "$top/conf/vendors")
custom_vendors_directory = $(quoted "$state/vendors")
# Whoever runs the script; a root that is written here stays root.
user = $(quoted "$(id -un)")
group = $(quoted "$(id -gn)")

listener "phones" {
    address = '127.0.0.1'
    port = $port
    public_url = 'https://localhost:$port'
    certificate "rsa" {
        certificate_file = $(quoted "$state/rsa.pem")
        key_file = $(quoted "$state/rsa.key")
    }
    certificate "ecdsa" {
        certificate_file = $(quoted "$state/ecdsa.pem")
        key_file = $(quoted "$state/ecdsa.key")
    }
}

# The web portal.
listener "portal" {
    serves = portal
    port = $portal_port
    certificate "ecdsa" {
        certificate_file = $(quoted "$state/ecdsa.pem")
        key_file = $(quoted "$state/ecdsa.key")
    }
}
EOF
}

start() {
    "$autoprovd" --config "$conf" >>"$state/autoprovd.log" 2>&1 &
    echo $! >"$state/pid"
    tries=0
    until ctl status >/dev/null 2>&1; do
        tries=$((tries + 1))
        running || fail "autoprovd ended: $(tail -n 1 "$state/autoprovd.log")"
        [ "$tries" -lt 100 ] || fail "autoprovd does not answer; see $state/autoprovd.log"
        sleep 0.1
    done
}

# Adding what is there already (status 4) is fine: the second run.
ensure() {
    if "$@" >"$state/ctl.log" 2>&1; then return 0; else status=$?; fi
    [ "$status" = 4 ] || fail "$(tail -n 1 "$state/ctl.log")"
}

if running; then
    say "already running, process $pid"
else
    make_certificate rsa -newkey rsa:2048
    make_certificate ecdsa -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
    free_port 18543
    portal_port=$port
    free_port 18443
    write_conf
    if [ ! -f "$state/state/autoprovd.db" ]; then
        say "making master key and database in $state"
        ctl init >"$state/ctl.log" 2>&1 || fail "$(tail -n 1 "$state/ctl.log")"
    fi
    start
    say "autoprovd runs on 127.0.0.1, port $port, process $(cat "$state/pid")"
fi

ensure ctl user add alice --display-name 'Alice Example'
[ -f "$state/sip-password" ] || openssl rand -hex 12 >"$state/sip-password"
ensure ctl account add alice 1001@pbx.example.com --display-name 'Alice Example' \
    --password-file "$state/sip-password"
ensure ctl phone add alice "$mac" --vendor linphone --label 'Quickstart'

url=$(ctl phone url "$mac") || fail "the phone's URL cannot be read"
say "the provisioning URL of phone $mac:"
printf '\n  %s\n\n' "$url"
say "fetched as the phone would:"
printf '\n'
cat "$state/rsa.pem" "$state/ecdsa.pem" >"$state/ca.pem"
curl --silent --show-error --fail --noproxy '*' --cacert "$state/ca.pem" "$url" ||
    fail "the fetch failed; see $state/autoprovd.log"

# As a person can paste it: in quotes where the path needs them.
shown() {
    case $1 in
    *[!A-Za-z0-9_./-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
    esac
}
# Of the portal's listener; until there is an admin, a token makes the first one.
portal_port=$(sed -n '/serves = portal/,/port =/s/.*port = //p' "$conf")
portal_line=
if [ -n "$portal_port" ]; then
    token=$(ctl admin setup-token 2>"$state/ctl.log" | head -n 1) || token=
    portal_line="  in a browser  https://localhost:$portal_port/ (its certificate is its own: the browser warns)"
    [ -z "$token" ] || portal_line="$portal_line
                setup token, for one hour: $token"
fi
given=
[ -z "${AUTOPROV_QUICKSTART:-}" ] || given="AUTOPROV_QUICKSTART=$(shown "$state") "
cat <<EOF

quickstart: what to do next
  look around   $(shown "$autoprovctl") --config $(shown "$conf") status
$portal_line
  stop it       ${given}sh $(shown "$top/conf/quickstart.sh") --stop
  remove it     ${given}sh $(shown "$top/conf/quickstart.sh") --clean
  for real      README.md, "A real installation"
EOF
