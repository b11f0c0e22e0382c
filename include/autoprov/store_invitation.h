/* Invitations: links by which a user gets a session, once, to add phones.
 *
 * The rules of store_object.h hold. Times are of store_now(). */
#ifndef AUTOPROV_STORE_INVITATION_H
#define AUTOPROV_STORE_INVITATION_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/store.h"
#include "autoprov/store_object.h"
#include "autoprov/store_ticket.h"

struct store_invitation {
    const char *id;
    const char *user_id;
    const char *user_name; /* read only */
    int64_t created_at;
    int64_t ends_at;
    int64_t used_at; /* 0: not yet */
    uint32_t phones; /* that were added by it */
};

/* For the user, until ends_at. Errors: AP_ENOENT no such user. */
AP_MUSTCHECK int store_invitation_add(struct store_db *db, const char *user_id,
                                      const uint8_t digest[static STORE_TICKET_DIGEST_BYTES],
                                      int64_t ends_at, char ret_id[static STORE_ID_TEXT_MAX]);
/* Errors: AP_ENOENT. */
AP_MUSTCHECK int store_invitation_get(struct store_db *db, struct arena *arena, const char *id,
                                      struct store_invitation *ret_invitation);
/* Of a user, used ones too, the oldest first, those after the id after, at most limit. */
AP_MUSTCHECK int store_invitation_list(struct store_db *db, struct arena *arena,
                                       const char *user_id, const char *after, uint32_t limit,
                                       struct store_invitation **ret_invitations,
                                       size_t *ret_count);
/* The session that began by it goes too. Errors: AP_ENOENT. */
AP_MUSTCHECK int store_invitation_del(struct store_db *db, const char *id);

/* Use it up. Errors: AP_ENOENT no such one, or it was used, or it has ended. */
AP_MUSTCHECK int store_invitation_use(struct store_db *db, struct arena *arena,
                                      const uint8_t digest[static STORE_TICKET_DIGEST_BYTES],
                                      struct store_invitation *ret_invitation);
/* One phone more was added by it. Errors: AP_ERANGE it has AP_INVITATION_PHONES_MAX; AP_ENOENT. */
AP_MUSTCHECK int store_invitation_add_phone(struct store_db *db, const char *id);

/* End all of a user's, used and not, and the sessions that came of them. On the writer. */
AP_MUSTCHECK int store_invitation_end_all(struct store_db *db, const char *user_id);

#endif
