/* Private to store_*.c: rows of phones, and what is shared of their columns. */
#ifndef AUTOPROV_STORE_PHONE_PRIVATE_H
#define AUTOPROV_STORE_PHONE_PRIVATE_H

#include "autoprov/store_object.h"

struct store_query;

/* -- store_phone.c -- */

/* AP_ENOENT: no such account. */
AP_MUSTCHECK int store_phone_insert_line(struct store_db *db, const char *phone_id,
                                         const struct store_line *line);

/* One of its keys or settings has changed: so has the phone. In a change. */
AP_MUSTCHECK int store_phone_touch(struct store_db *db, const char *phone_id);

/* All of them, by position and account.id. In a change. AP_ENOENT: no such account. */
AP_MUSTCHECK int store_phone_replace_lines(struct store_db *db, const struct store_phone *phone);

/* The columns of store_phone_read(), with user as u and phone as p. */
#define STORE_PHONE_COLUMNS                                                                        \
    "p.id, p.mac, p.user_id, u.name, p.vendor, p.model, p.label, p.enabled, p.external_id, "       \
    "p.sip_contact, p.created_at, p.last_fetch_at, p.last_fetch_address, "                         \
    "p.version, " STORE_ACCESS_COLUMNS
void store_phone_read(struct store_query *query, struct arena *arena,
                      struct store_phone *ret_phone);
/* -- store_auth.c -- */

/* The columns of store_auth_read(), with phone as p; store_auth_open() wants one more. */
#define STORE_AUTH_COLUMNS "p.auth_required, p.auth_user, p.auth_password_sealed IS NOT NULL"
/* Errors of both stay in the query. */
void store_auth_read(struct store_query *query, struct arena *arena, struct store_auth *auth);
/* From p.auth_password_sealed; where it is NULL nothing is opened. */
void store_auth_open(struct store_query *query, struct arena *arena, const char *phone_id,
                     struct store_auth *auth);
/* In a change. A password that is given reopens the phone's right to a file with secrets.
 * Errors: AP_EINVAL too long; AP_ERANGE more than AP_AUTH_PAIRS_MAX phones of the user would have
 * passwords under that name. */
AP_MUSTCHECK int store_auth_write(struct store_db *db, const char *phone_id,
                                  const struct store_auth *auth);
/* Errors: AP_ERANGE as above. */
AP_MUSTCHECK int store_auth_check_pairs(struct store_db *db, const char *phone_id);

/* -- store_access.c -- */

/* The columns of store_access_read(), with user as u and phone as p. */
#define STORE_ACCESS_COLUMNS                                                                       \
    "p.networks, u.networks, p.flat, p.secrets, p.enrol_until, p.first_at, p.first_network, "      \
    "p.bootstrap_at, p.moved_at, " STORE_AUTH_COLUMNS
/* Errors stay in the query. */
void store_access_read(struct store_query *query, struct arena *arena, struct store_access *access);

/* End all bootstrap tokens of the phone. In a change. */
AP_MUSTCHECK int store_bootstrap_end(struct store_db *db, const char *phone_id);

#endif
