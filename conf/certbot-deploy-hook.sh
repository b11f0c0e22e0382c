#!/bin/sh
# Deploy hook of certbot: copies the renewed pair to where autoprovd reads it, and reloads.
# As /etc/letsencrypt/renewal-hooks/deploy/autoprovd. certbot sets RENEWED_LINEAGE.
set -eu

target=${AUTOPROV_TLS:-/etc/autoprovd/tls}
: "${RENEWED_LINEAGE:?certbot sets it to the folder of the renewed certificate}"

install -d -m 0750 -o root -g autoprovd "$target"
# New names first, then two renames: a reload in between would see a pair that does not match, and
# keep the old one.
install -m 0644 "$RENEWED_LINEAGE/fullchain.pem" "$target/fullchain.pem.new"
install -m 0640 -o root -g autoprovd "$RENEWED_LINEAGE/privkey.pem" "$target/privkey.pem.new"
mv -f "$target/privkey.pem.new" "$target/privkey.pem"
mv -f "$target/fullchain.pem.new" "$target/fullchain.pem"

# Not yet started, on the very first certificate: nothing to reload.
if systemctl --quiet is-active autoprovd.service; then
    systemctl reload autoprovd.service
fi
