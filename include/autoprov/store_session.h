/* Sessions of browsers: of admins who signed in, and of users who followed an invitation.
 *
 * The rules of store_object.h hold. A session whose end has come, or that was idle for
 * AP_SESSION_IDLE_S, is none: no read finds it, and upkeep takes its row away. Times are of
 * store_now(): a clock set back reopens nothing. No write here changes change_seq. */
#ifndef AUTOPROV_STORE_SESSION_H
#define AUTOPROV_STORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/store.h"
#include "autoprov/store_object.h"
#include "autoprov/store_ticket.h"

enum store_session_kind { STORE_SESSION_ADMIN, STORE_SESSION_USER };
/* "admin", "user". */
const char *store_session_kind_name(enum store_session_kind kind);

/* Longest User-Agent that is kept; the caller cuts. */
#define STORE_SESSION_AGENT_MAX_BYTES 128

struct store_session {
    const char *id;
    enum store_session_kind kind;
    const char *holder_id;     /* of the admin or user */
    const char *name;          /* of that; read only */
    const char *role;          /* of an admin; NULL: of a user; read only */
    const char *invitation_id; /* of a user's; NULL: of an admin's */
    int64_t created_at;
    int64_t last_at; /* as store_session_touch() wrote it */
    int64_t ends_at;
    const char *address; /* where it began */
    const char *agent;
};

/* By kind, holder_id, invitation_id, ends_at, address, agent. The holder's oldest beyond
 * AP_SESSIONS_OF_ONE_MAX end. Errors: AP_ENOENT no such holder. */
AP_MUSTCHECK int store_session_add(struct store_db *db, const struct store_session *session,
                                   const uint8_t digest[static STORE_TICKET_DIGEST_BYTES],
                                   char ret_id[static STORE_ID_TEXT_MAX]);
/* One indexed read. Those of an admin who is not enabled are not found. Errors: AP_ENOENT. */
AP_MUSTCHECK int store_session_find(struct store_db *db, struct arena *arena,
                                    const uint8_t digest[static STORE_TICKET_DIGEST_BYTES],
                                    struct store_session *ret_session);
AP_MUSTCHECK int store_session_get(struct store_db *db, struct arena *arena, const char *id,
                                   struct store_session *ret_session);
/* Of one holder, or (NULL) of all; the oldest first, those after the id after, at most limit. */
AP_MUSTCHECK int store_session_list(struct store_db *db, struct arena *arena, const char *holder_id,
                                    const char *after, uint32_t limit,
                                    struct store_session **ret_sessions, size_t *ret_count);
/* It was used now. One that is gone stays so. */
AP_MUSTCHECK int store_session_touch(struct store_db *db, const char *id);
/* Errors: AP_ENOENT. */
AP_MUSTCHECK int store_session_end(struct store_db *db, const char *id);
/* All of a holder but the one with the id except (NULL: all). */
AP_MUSTCHECK int store_session_end_others(struct store_db *db, const char *holder_id,
                                          const char *except);
AP_MUSTCHECK int store_session_count(struct store_db *db, uint64_t *ret_count);

#endif
