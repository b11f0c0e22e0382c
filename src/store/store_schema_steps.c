/* The schema's steps, as SQL: they only go forward.
 *
 * A released step never changes: its numbers are literals, not the limits of limits.h, which may
 * grow. Must not know what the rows are used for, nor when a step runs (store_schema.c). */
#include "autoprov/array.h"
#include "store_private.h"

#define ID "id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36), "
#define EXTERNAL_ID                                                                                \
    "external_id TEXT UNIQUE CHECK (length(CAST(external_id AS BLOB)) BETWEEN 1 AND 128), "
/* Lengths are bytes. A text "maybe" is empty if there is none; a text "some" never is. */
#define MAYBE(name, max)                                                                           \
    name " TEXT NOT NULL DEFAULT '' CHECK (length(CAST(" name " AS BLOB)) <= " #max "), "
#define SOME(name, max)                                                                            \
    name " TEXT NOT NULL CHECK (length(CAST(" name " AS BLOB)) BETWEEN 1 AND " #max "), "
#define FLAG(name) name " INTEGER NOT NULL CHECK (" name " IN (0, 1)), "
#define VERSION    "version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1)"

/* highest_wall: highest wall time seen at a commit; change_seq: number of the last change;
 * canary: proves the master key; audit_head: sealed end of the audit chain; backup: of a backup
 * alone, when it was made, and the fingerprint of the master key that opens it. Of key rotations
 * (store_rekey.c): canary_next, rekey_began, audit_until_N. */
#define SQL_META                                                                                   \
    "CREATE TABLE meta ("                                                                          \
    "name TEXT NOT NULL PRIMARY KEY, "                                                             \
    "number INTEGER NOT NULL DEFAULT 0, "                                                          \
    "value BLOB, " VERSION ") STRICT, WITHOUT ROWID;"

#define SQL_SITE                                                                                   \
    "CREATE TABLE site (" ID SOME("name", 64) EXTERNAL_ID                                          \
        "created_at INTEGER NOT NULL, " VERSION ", UNIQUE (name)) STRICT, WITHOUT ROWID;"

#define SQL_USER                                                                                   \
    "CREATE TABLE user (" ID "site_id TEXT REFERENCES site (id), " SOME("name", 64)                \
        MAYBE("display_name", 128) EXTERNAL_ID                                                     \
        "created_at INTEGER NOT NULL, " VERSION ", UNIQUE (name)) STRICT, WITHOUT ROWID;"          \
        "CREATE INDEX user_site ON user (site_id) WHERE site_id IS NOT NULL;"

#define SQL_ACCOUNT                                                                                \
    "CREATE TABLE account (" ID                                                                    \
    "user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, " SOME("sip_user", 64)          \
        SOME("domain", 253) MAYBE("auth_user", 64) MAYBE("display_name", 128) MAYBE(               \
            "registrar_host",                                                                      \
            253) "registrar_port INTEGER NOT NULL CHECK (registrar_port BETWEEN 0 AND 65535), "    \
                 "transport TEXT NOT NULL CHECK (transport IN ('udp', 'tcp', 'tls')), " MAYBE(     \
                     "outbound_proxy",                                                             \
                     260) "expires_s INTEGER NOT NULL CHECK (expires_s BETWEEN 60 AND 86400), "    \
                          "password_sealed BLOB NOT NULL CHECK (length(password_sealed) BETWEEN "  \
                          "30 AND 157), "                                                          \
                          "previous_password_sealed BLOB CHECK (length(previous_password_sealed) " \
                          "BETWEEN 30 AND 157), " EXTERNAL_ID                                      \
                          "created_at INTEGER NOT NULL, " VERSION                                  \
                          ", UNIQUE (sip_user, domain)) STRICT, WITHOUT ROWID;"                    \
                          "CREATE INDEX account_user ON account (user_id, id);"

/* seen_generation: the newest generation of the folder token that served this phone. */
#define SQL_PHONE                                                                                  \
    "CREATE TABLE phone (" ID                                                                      \
    "mac TEXT NOT NULL UNIQUE CHECK (length(mac) = 12 AND mac NOT GLOB '*[^0-9a-f]*'), "           \
    "user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, " SOME("vendor", 64)            \
        MAYBE("model", 64) MAYBE("label", 128) FLAG("enabled") EXTERNAL_ID                         \
        "created_at INTEGER NOT NULL, last_fetch_at INTEGER NOT NULL DEFAULT 0, " MAYBE(           \
            "last_fetch_address", 64) "seen_generation INTEGER NOT NULL DEFAULT 0 CHECK "          \
                                      "(seen_generation >= 0), " VERSION                           \
                                      ") STRICT, WITHOUT ROWID;"                                   \
                                      "CREATE INDEX phone_user ON phone (user_id, mac);"

/* generation: counts the user's folder tokens from 0; a rotated one keeps its number. */
#define SQL_TOKEN                                                                                  \
    "CREATE TABLE token ("                                                                         \
    "blind_index BLOB NOT NULL PRIMARY KEY CHECK (length(blind_index) = 32), "                     \
    "kind TEXT NOT NULL CHECK (kind IN ('folder', 'previous', 'bootstrap')), "                     \
    "user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, "                               \
    "phone_id TEXT REFERENCES phone (id) ON DELETE CASCADE, "                                      \
    "token_sealed BLOB NOT NULL CHECK (length(token_sealed) BETWEEN 44 AND 93), " FLAG(            \
        "imported") "generation INTEGER NOT NULL CHECK (generation >= 0), "                        \
                    "created_at INTEGER NOT NULL, ends_at INTEGER, " VERSION                       \
                    ", CHECK ((kind = 'folder') = (ends_at IS NULL)), "                            \
                    "CHECK ((kind = 'bootstrap') = (phone_id IS NOT NULL))) STRICT, WITHOUT "      \
                    "ROWID;"                                                                       \
                    "CREATE UNIQUE INDEX token_folder ON token (user_id) WHERE kind = 'folder';"   \
                    "CREATE INDEX token_user ON token (user_id);"                                  \
                    "CREATE INDEX token_phone ON token (phone_id) WHERE phone_id IS NOT NULL;"     \
                    "CREATE INDEX token_end ON token (ends_at) WHERE ends_at IS NOT NULL;"

/* An account with a line on it can't go: no action, checked when the statement ends, so that a
 * user goes with phones and accounts at once. */
#define SQL_LINE                                                                                   \
    "CREATE TABLE line ("                                                                          \
    "phone_id TEXT NOT NULL REFERENCES phone (id) ON DELETE CASCADE, "                             \
    "position INTEGER NOT NULL CHECK (position BETWEEN 1 AND 64), "                                \
    "account_id TEXT NOT NULL REFERENCES account (id), " VERSION                                   \
    ", PRIMARY KEY (phone_id, position)) STRICT, WITHOUT ROWID;"                                   \
    "CREATE INDEX line_account ON line (account_id);"

#define SQL_KEY                                                                                    \
    "CREATE TABLE \"key\" ("                                                                       \
    "phone_id TEXT NOT NULL REFERENCES phone (id) ON DELETE CASCADE, "                             \
    "position INTEGER NOT NULL CHECK (position BETWEEN 1 AND 512), " SOME("type", 64)              \
        MAYBE("value", 253)                                                                        \
            MAYBE("label", 128) "line_position INTEGER NOT NULL DEFAULT 0 CHECK (line_position "   \
                                "BETWEEN 0 AND 64), " VERSION                                      \
                                ", PRIMARY KEY (phone_id, position)) STRICT, WITHOUT ROWID;"

#define SQL_SETTING                                                                                \
    "CREATE TABLE setting ("                                                                       \
    "scope TEXT NOT NULL CHECK (scope IN "                                                         \
    "('daemon', 'global', 'vendor', 'model', 'site', 'user', 'phone')), " MAYBE("scope_id", 129)   \
        SOME("name",                                                                               \
             64) "value TEXT CHECK (length(CAST(value AS BLOB)) <= 16384), "                       \
                 "value_sealed BLOB CHECK (length(value_sealed) BETWEEN 29 AND 4125), " VERSION    \
                 ", PRIMARY KEY (scope, scope_id, name), "                                         \
                 "CHECK ((value IS NULL) <> (value_sealed IS NULL))) STRICT, WITHOUT ROWID;"

/* Logs: numbered, for this node only, and without references: a phone's fetches outlive it. */
#define SQL_FETCH                                                                                  \
    "CREATE TABLE fetch ("                                                                         \
    "seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, phone_id TEXT CHECK (length(phone_id) = "       \
    "36), " SOME("source", 64) MAYBE("role", 15) MAYBE("token_tag", 10)                            \
        MAYBE("user_agent",                                                                        \
              128) "status INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599), "                  \
                   "body_bytes INTEGER NOT NULL CHECK (body_bytes >= 0), " VERSION ") STRICT;"     \
                   "CREATE INDEX fetch_phone ON fetch (phone_id, at) WHERE phone_id IS NOT NULL;"

#define SQL_REFUSAL                                                                                \
    "CREATE TABLE refusal ("                                                                       \
    "seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, phone_id TEXT CHECK (length(phone_id) = "       \
    "36), " SOME("source", 64) SOME(                                                               \
        "reason", 31) "mac TEXT NOT NULL CHECK (length(mac) IN (0, 12)), " MAYBE("role", 15)       \
        MAYBE(                                                                                     \
            "token_tag",                                                                           \
            10) "count INTEGER NOT NULL CHECK (count >= 1), " VERSION ") STRICT;"                  \
                "CREATE UNIQUE INDEX refusal_counted ON refusal (source, reason, at) WHERE "       \
                "phone_id IS NULL;"                                                                \
                "CREATE INDEX refusal_phone ON refusal (phone_id, at) WHERE phone_id IS NOT NULL;"

#define SQL_DELIVERED                                                                              \
    "CREATE TABLE delivered ("                                                                     \
    "phone_id TEXT NOT NULL REFERENCES phone (id) ON DELETE CASCADE, " MAYBE(                      \
        "file", 15) "digest BLOB NOT NULL CHECK (length(digest) = 32), "                           \
                    "at INTEGER NOT NULL, " VERSION                                                \
                    ", PRIMARY KEY (phone_id, file)) STRICT, WITHOUT ROWID;"

#define SQL_AUDIT                                                                                  \
    "CREATE TABLE audit ("                                                                         \
    "seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE CHECK (length(id) = 36), "                   \
    "at INTEGER NOT NULL, " SOME("actor", 128) SOME("action", 64) MAYBE("object", 256)             \
        MAYBE("detail", 4096) "link BLOB NOT NULL CHECK (length(link) = 32), " VERSION ") STRICT;"

/* Keys of all phones of a user. */
#define SQL_USER_KEY                                                                               \
    "CREATE TABLE user_key ("                                                                      \
    "user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, "                               \
    "position INTEGER NOT NULL CHECK (position BETWEEN 1 AND 512), " SOME("type", 64)              \
        MAYBE("value", 253)                                                                        \
            MAYBE("label", 128) "line_position INTEGER NOT NULL DEFAULT 0 CHECK (line_position "   \
                                "BETWEEN 0 AND 64), " VERSION                                      \
                                ", PRIMARY KEY (user_id, position)) STRICT, WITHOUT ROWID;"

/* By the file, no longer by its role: a phone may have two files of one role. Digests of files that
 * older templates made would say nothing. */
#define SQL_DELIVERED_FILE                                                                         \
    "DROP TABLE delivered;"                                                                        \
    "CREATE TABLE delivered ("                                                                     \
    "phone_id TEXT NOT NULL REFERENCES phone (id) ON DELETE CASCADE, " SOME(                       \
        "file", 96) "digest BLOB NOT NULL CHECK (length(digest) = 32), "                           \
                    "at INTEGER NOT NULL, " VERSION                                                \
                    ", PRIMARY KEY (phone_id, file)) STRICT, WITHOUT ROWID;"

/* digest: SHA-256 of the key's text. networks: with commas between; "": everywhere. */
#define SQL_API_KEY                                                                                \
    "CREATE TABLE api_key (" ID SOME(                                                              \
        "name",                                                                                    \
        64) "role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')), "                 \
            "site_id TEXT REFERENCES site (id), " MAYBE(                                           \
                "networks",                                                                        \
                4096) "digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), "                  \
                      "created_at INTEGER NOT NULL, " VERSION                                      \
                      ", UNIQUE (name)) STRICT, WITHOUT ROWID;"                                    \
                      "CREATE INDEX api_key_site ON api_key (site_id) WHERE site_id IS NOT NULL;"

/* What lists are asked for by. A list of a source or a reason is in the order of seq by itself.
 * Fetches have none by source: each would pay for it with 20 bytes more. */
#define SQL_LOG_INDEXES                                                                            \
    "CREATE INDEX fetch_at ON fetch (at);"                                                         \
    "CREATE INDEX refusal_at ON refusal (at);"                                                     \
    "CREATE INDEX refusal_source ON refusal (source);"                                             \
    "CREATE INDEX refusal_reason ON refusal (reason);"                                             \
    "CREATE INDEX phone_vendor ON phone (vendor, model, mac);"                                     \
    "CREATE INDEX phone_never_fetched ON phone (mac) WHERE last_fetch_at = 0;"                     \
    "CREATE INDEX phone_disabled ON phone (mac) WHERE enabled = 0;"

/* epoch: new with each restore, so that a node that reads change_seq knows that it has jumped. */
#define SQL_EPOCH "INSERT INTO meta (name, value) VALUES ('epoch', randomblob(16));"

/* burnt: a previous token that answers each phone once, where it was last. */
#define SQL_BURNT                                                                                  \
    "ALTER TABLE token ADD COLUMN burnt INTEGER NOT NULL DEFAULT 0 CHECK (burnt IN (0, 1));"

/* Unfinished imports only; AUTOINCREMENT: an id that was published must not come again. What an
 * import brought keeps its id: it is hidden as long as that stands in the table. */
#define SQL_IMPORT                                                                                 \
    "CREATE TABLE import (id INTEGER PRIMARY KEY AUTOINCREMENT, started_at INTEGER NOT NULL) "     \
    "STRICT;"                                                                                      \
    "ALTER TABLE user ADD COLUMN import_id INTEGER NOT NULL DEFAULT 0;"                            \
    "ALTER TABLE account ADD COLUMN import_id INTEGER NOT NULL DEFAULT 0;"                         \
    "ALTER TABLE phone ADD COLUMN import_id INTEGER NOT NULL DEFAULT 0;"                           \
    "ALTER TABLE token ADD COLUMN import_id INTEGER NOT NULL DEFAULT 0;"

/* AUTOINCREMENT: a number that the log has told must not come again. */
#define SQL_ALARM                                                                                  \
    "CREATE TABLE alarm ("                                                                         \
    "seq INTEGER PRIMARY KEY AUTOINCREMENT, " SOME("kind", 31) SOME("subject", 64)                 \
        MAYBE("detail", 256) "raised_at INTEGER NOT NULL, last_at INTEGER NOT NULL, "              \
                             "count INTEGER NOT NULL CHECK (count >= 1), "                         \
                             "closed_at INTEGER NOT NULL DEFAULT 0, " MAYBE("closed_by", 128)      \
                                 VERSION                                                           \
        ") STRICT;"                                                                                \
        "CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject) "                                 \
        "WHERE closed_at = 0;"                                                                     \
        "CREATE INDEX alarm_closed ON alarm (closed_at);"

/* Who gets a phone's file beyond the pair; see store_access.h. What is NULL or empty is not asked
 * for. auth_*: what it says in HTTP. */
#define SQL_ACCESS                                                                                 \
    "ALTER TABLE user ADD COLUMN networks TEXT CHECK (length(networks) BETWEEN 1 AND 4096);"       \
    "ALTER TABLE phone ADD COLUMN networks TEXT CHECK (length(networks) BETWEEN 1 AND 4096);"      \
    "ALTER TABLE phone ADD COLUMN flat TEXT NOT NULL DEFAULT '' "                                  \
    "CHECK (flat IN ('', 'full', 'bootstrap', 'off'));"                                            \
    "ALTER TABLE phone ADD COLUMN secrets TEXT NOT NULL DEFAULT '' "                               \
    "CHECK (secrets IN ('', 'always', 'once', 'first_network'));"                                  \
    "ALTER TABLE phone ADD COLUMN enrol_until INTEGER NOT NULL DEFAULT 0;"                         \
    "ALTER TABLE phone ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0;"                            \
    "ALTER TABLE phone ADD COLUMN first_network TEXT "                                             \
    "CHECK (length(first_network) BETWEEN 1 AND 64);"                                              \
    "ALTER TABLE phone ADD COLUMN bootstrap_at INTEGER NOT NULL DEFAULT 0;"                        \
    "ALTER TABLE phone ADD COLUMN moved_at INTEGER NOT NULL DEFAULT 0;"                            \
    "ALTER TABLE phone ADD COLUMN auth_required INTEGER NOT NULL DEFAULT 0 "                       \
    "CHECK (auth_required IN (0, 1));"                                                             \
    "ALTER TABLE phone ADD COLUMN auth_user TEXT NOT NULL DEFAULT '' "                             \
    "CHECK (length(CAST(auth_user AS BLOB)) <= 64);"                                               \
    "ALTER TABLE phone ADD COLUMN auth_password_sealed BLOB "                                      \
    "CHECK (length(auth_password_sealed) BETWEEN 30 AND 157);"                                     \
    "ALTER TABLE token ADD COLUMN network TEXT CHECK (length(network) BETWEEN 1 AND 64);"          \
    "ALTER TABLE token ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;"

/* password_at: when the password last became another one: phones that fetched before it know the
 * previous one. sip_contact: where the admin says that a phone listens; "": not said. resync: the
 * last attempt to make a phone fetch; order_id: which order it belongs to. pnp: phones that asked
 * by multicast, known or not; of this node only. */
#define SQL_SIP                                                                                    \
    "ALTER TABLE account ADD COLUMN password_at INTEGER NOT NULL DEFAULT 0;"                       \
    "ALTER TABLE phone ADD COLUMN sip_contact TEXT NOT NULL DEFAULT '' "                           \
    "CHECK (length(CAST(sip_contact AS BLOB)) <= 260);"                                            \
    "CREATE TABLE resync ("                                                                        \
    "phone_id TEXT NOT NULL PRIMARY KEY REFERENCES phone (id) ON DELETE CASCADE, "                 \
    "order_id INTEGER NOT NULL, asked_at INTEGER NOT NULL, "                                       \
    "kind TEXT NOT NULL CHECK (kind IN ('resync', 'reboot', 'url')), "                             \
    "via TEXT NOT NULL CHECK (via IN ('direct', 'external')), " MAYBE(                             \
        "target",                                                                                  \
        260) "outcome TEXT NOT NULL CHECK (outcome IN ('waiting', 'accepted', 'challenged', "      \
             "'refused', 'unreachable', 'no_target', 'failed', 'cancelled')), "                    \
             "status INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 699), "                \
             "ended_at INTEGER NOT NULL DEFAULT 0, " VERSION ") STRICT, WITHOUT ROWID;"            \
             "CREATE INDEX resync_order ON resync (order_id);"                                     \
             "CREATE INDEX resync_outcome ON resync (outcome, phone_id);"                          \
             "CREATE TABLE pnp ("                                                                  \
             "mac TEXT NOT NULL PRIMARY KEY CHECK (length(mac) = 12 AND mac NOT GLOB "             \
             "'*[^0-9a-f]*'), " MAYBE("vendor", 64) MAYBE("model", 64) MAYBE("firmware", 64)       \
                 MAYBE("user_agent", 128) MAYBE("contact", 260) SOME("source", 64) MAYBE(          \
                     "interface", 15) "first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, "      \
                                      "count INTEGER NOT NULL CHECK (count >= 1), "                \
                                      "told_at INTEGER NOT NULL DEFAULT 0, " MAYBE("outcome", 15)  \
                                          VERSION ") STRICT, WITHOUT ROWID;"                       \
                                                  "CREATE INDEX pnp_last ON pnp (last_at);"

/* Who uses the portal. hash: of the password, a PHC string. digest: SHA-256 of a session's or an
 * invitation's text. The token that makes the first admin is in meta: setup, with its end. */
#define SQL_ADMIN                                                                                  \
    "CREATE TABLE admin (" ID                                                                      \
    "name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(name) BETWEEN 1 AND 64), "             \
    "role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')), " SOME("hash", 255)       \
        FLAG("enabled") "created_at INTEGER NOT NULL, "                                            \
                        "last_sign_in_at INTEGER NOT NULL DEFAULT 0, " VERSION                     \
                        ") STRICT, WITHOUT ROWID;"
#define SQL_INVITATION                                                                             \
    "CREATE TABLE invitation (" ID "digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), "     \
    "user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, "                               \
    "created_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, "                                      \
    "used_at INTEGER NOT NULL DEFAULT 0, "                                                         \
    "phones INTEGER NOT NULL DEFAULT 0 CHECK (phones >= 0), " VERSION ") STRICT, WITHOUT ROWID;"   \
    "CREATE INDEX invitation_user ON invitation (user_id, id);"
#define SQL_SESSION                                                                                \
    "CREATE TABLE session (" ID "digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), "        \
    "kind TEXT NOT NULL CHECK (kind IN ('admin', 'user')), "                                       \
    "admin_id TEXT REFERENCES admin (id) ON DELETE CASCADE, "                                      \
    "user_id TEXT REFERENCES user (id) ON DELETE CASCADE, "                                        \
    "invitation_id TEXT REFERENCES invitation (id) ON DELETE CASCADE, "                            \
    "created_at INTEGER NOT NULL, last_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, " SOME(      \
        "address", 64) MAYBE("agent", 128) VERSION                                                 \
        ", CHECK ((kind = 'admin') = (admin_id IS NOT NULL)), "                                    \
        "CHECK ((kind = 'user') = (user_id IS NOT NULL)), "                                        \
        "CHECK ((kind = 'user') = (invitation_id IS NOT NULL))) STRICT, WITHOUT ROWID;"            \
        "CREATE INDEX session_admin ON session (admin_id) WHERE admin_id IS NOT NULL;"             \
        "CREATE INDEX session_user ON session (user_id) WHERE user_id IS NOT NULL;"                \
        "CREATE INDEX session_invitation ON session (invitation_id) WHERE invitation_id IS NOT "   \
        "NULL;"

/* why: of a resync that failed. */
#define SQL_RESYNC_WHY                                                                             \
    "ALTER TABLE resync ADD COLUMN why TEXT NOT NULL DEFAULT '' "                                  \
    "CHECK (length(CAST(why AS BLOB)) <= 15);"

/* Templates that admins stored. */
#define SQL_TEMPLATE                                                                               \
    "CREATE TABLE template (" ID SOME("name", 64)                                                  \
        SOME("text", 262144) "changed_at INTEGER NOT NULL, " VERSION ", UNIQUE (name)) STRICT;"

/* lines: digests of the delivered body's lines, 32 bits each, little endian; NULL: none were kept.
 * As digest they hang on the master key, and go with the row when it is rotated. */
#define SQL_DELIVERED_LINES                                                                        \
    "ALTER TABLE delivered ADD COLUMN lines BLOB CHECK (length(lines) <= 8000);"

/* Digests of bodies are made in another way: those that are there would call every file changed. */
#define SQL_FORGET_DELIVERED "DELETE FROM delivered;"

/* Nearly always empty: whether a fetch may end a previous password is asked of it. */
#define SQL_ACCOUNT_PREVIOUS                                                                       \
    "CREATE INDEX account_previous ON account (id) WHERE previous_password_sealed IS NOT NULL;"

static const char *const steps[] = {
    SQL_META SQL_SITE SQL_USER SQL_ACCOUNT SQL_PHONE SQL_TOKEN SQL_LINE SQL_KEY SQL_SETTING
        SQL_FETCH SQL_REFUSAL SQL_DELIVERED SQL_AUDIT,
    SQL_USER_KEY SQL_DELIVERED_FILE,
    SQL_API_KEY SQL_LOG_INDEXES SQL_EPOCH SQL_BURNT SQL_IMPORT,
    SQL_ALARM SQL_ACCESS,
    SQL_SIP,
    SQL_RESYNC_WHY,
    SQL_ADMIN SQL_INVITATION SQL_SESSION,
    SQL_TEMPLATE,
    SQL_DELIVERED_LINES,
    SQL_FORGET_DELIVERED SQL_ACCOUNT_PREVIOUS,
};

const struct store_migrations store_schema_migrations = {
    .steps = steps,
    .count = AP_COUNT(steps),
};
