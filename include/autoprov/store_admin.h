/* Admins of the portal, and the token by which the first one is made.
 *
 * The rules of store_object.h hold: reads on any connection, writes on the writer inside a
 * transaction, strings of results borrowed from the arena, its common errors. What a role means,
 * and how a password is hashed, is not known here. */
#ifndef AUTOPROV_STORE_ADMIN_H
#define AUTOPROV_STORE_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/store.h"
#include "autoprov/store_object.h"
#include "autoprov/store_ticket.h"

/* Longest hash of a password: a PHC string. */
#define STORE_ADMIN_HASH_MAX_BYTES 255

struct store_admin {
    const char *id;
    const char *name; /* unique, without regard to the case of ASCII letters */
    const char *role; /* "viewer", "operator", "admin" */
    const char *hash; /* of the password; NULL from lists */
    bool enabled;
    int64_t created_at;
    int64_t last_sign_in_at; /* 0: never */
    uint64_t version;
};

/* By name, role, hash, enabled. Errors: AP_EEXIST the name is taken. */
AP_MUSTCHECK int store_admin_add(struct store_db *db, const struct store_admin *admin,
                                 char ret_id[static STORE_ID_TEXT_MAX]);
/* Errors: AP_ENOENT. */
AP_MUSTCHECK int store_admin_get(struct store_db *db, struct arena *arena, const char *name_or_id,
                                 struct store_admin *ret_admin);
/* In the order of names, those after the name after ("" : from the first), at most limit. */
AP_MUSTCHECK int store_admin_list(struct store_db *db, struct arena *arena, const char *after,
                                  uint32_t limit, struct store_admin **ret_admins,
                                  size_t *ret_count);
/* Writes role, hash and enabled of the admin with admin->id. Errors: AP_ENOENT. */
AP_MUSTCHECK int store_admin_set(struct store_db *db, const struct store_admin *admin);
/* Sessions go with the admin. Errors: AP_ENOENT. */
AP_MUSTCHECK int store_admin_del(struct store_db *db, const char *id);
/* The admin has signed in now. No change of version or change_seq. */
AP_MUSTCHECK int store_admin_signed_in(struct store_db *db, const char *id);

/* How many there are, and how many that are enabled have the role "admin". */
struct store_admin_counts {
    uint64_t all, enabled_admins;
};
AP_MUSTCHECK int store_admin_counts(struct store_db *db, struct store_admin_counts *ret_counts);

/* -- the first one ----------------------------------------------------------------------------- */

/* Let the token of that digest, and no other one, make the first admin until ends_at (UTC seconds).
 * Errors: AP_ECONFLICT there is an admin. */
AP_MUSTCHECK int store_admin_open_setup(struct store_db *db,
                                        const uint8_t digest[static STORE_TICKET_DIGEST_BYTES],
                                        int64_t ends_at);
/* Is it the one? Errors: AP_ECONFLICT there is an admin, whatever the token; AP_ENOENT it is
 * another one, or has ended. */
AP_MUSTCHECK int store_admin_check_setup(struct store_db *db,
                                         const uint8_t digest[static STORE_TICKET_DIGEST_BYTES]);
/* Use it up. Errors: the same. */
AP_MUSTCHECK int store_admin_use_setup(struct store_db *db,
                                       const uint8_t digest[static STORE_TICKET_DIGEST_BYTES]);

#endif
