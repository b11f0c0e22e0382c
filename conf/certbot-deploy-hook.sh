#!/bin/sh
# Deploy hook of certbot: copies the pair of one certificate to where autoprovd reads it, and
# reloads. For certbot's --deploy-hook, which keeps it for the renewals of that certificate;
# certbot sets RENEWED_LINEAGE.
set -eu

fail() {
    printf 'autoprovd: %s\n' "$*" >&2
    exit 1
}

: "${RENEWED_LINEAGE:?certbot sets it to the folder of the certificate}"
target=${AUTOPROV_TLS:-/etc/autoprovd/tls}

# A hook for all certificates of this machine would bring those of others too.
if [ -f "$target/lineage" ]; then
    known=$(cat "$target/lineage")
    [ "$known" = "$RENEWED_LINEAGE" ] ||
        fail "$RENEWED_LINEAGE is another certificate than $known of $target/lineage: nothing copied"
fi

group=autoprovd
if ! getent group "$group" >/dev/null; then
    # In a folder of one's own the group does not matter.
    [ -n "${AUTOPROV_TLS:-}" ] || fail "there is no group $group yet: run systemd-sysusers first"
    group=$(id -gn)
fi

install -d -m 0750 -g "$group" "$target"
# New names first, then two renames: a reload in between would see a pair that does not match, and
# keep the old one.
install -m 0644 "$RENEWED_LINEAGE/fullchain.pem" "$target/fullchain.pem.new"
install -m 0640 -g "$group" "$RENEWED_LINEAGE/privkey.pem" "$target/privkey.pem.new"
printf '%s\n' "$RENEWED_LINEAGE" >"$target/lineage.new"
mv -f "$target/privkey.pem.new" "$target/privkey.pem"
mv -f "$target/fullchain.pem.new" "$target/fullchain.pem"
mv -f "$target/lineage.new" "$target/lineage"

# Not yet started, on the very first certificate: nothing to reload.
if systemctl --quiet is-active autoprovd.service 2>/dev/null; then
    systemctl reload autoprovd.service
fi
