# Debian packages, shared by conf/quickstart.sh and tests/run.sh. Sourced, not run.
# shellcheck shell=sh

# What a build needs.
# shellcheck disable=SC2034
BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libmicrohttpd-dev libssl-dev libsqlite3-dev
uuid-dev libuv1-dev libjansson-dev libconfuse-dev libargon2-dev libexpat1-dev libcurl4-openssl-dev libqrencode-dev
libcsv-dev libsystemd-dev libseccomp-dev libosip2-dev scdoc"

# packages_missing NAME…: prints those that are not installed.
packages_missing() {
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
        [ "$state" = installed ] || printf '%s ' "$package"
    done
}

# packages_install WHO NAME…: installs what is missing, as root or through sudo.
packages_install() {
    who=$1
    shift
    if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
        echo "$who: this needs Debian's apt-get; elsewhere install by hand: $*" >&2
        return 1
    fi
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1; then
        as_root=sudo
    else
        echo "$who: not root, and no sudo; ask an administrator for: apt-get install $missing" >&2
        return 1
    fi
    echo "$who: installing packages: $missing"
    log=$(mktemp) || return 1
    # Words are meant to split.
    # shellcheck disable=SC2086
    if $as_root apt-get -qq update >"$log" 2>&1 &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
            install $missing >>"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo "$who: apt-get could not install: $missing" >&2
    return 1
}
