/* Private to store_schema.c: the tables of the portal, in its words (ID, SOME, …). */
#ifndef AUTOPROV_STORE_SCHEMA_PORTAL_H
#define AUTOPROV_STORE_SCHEMA_PORTAL_H

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

#endif
