/* A temporary folder, a vault with a fixed key, a clock that stands still, and shortcuts that fail
 * the test by themselves. */
#ifndef AUTOPROV_TESTS_STORE_FIXTURE_H
#define AUTOPROV_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/limits.h"
#include "autoprov/store.h"
#include "autoprov/store_object.h"
#include "autoprov/store_writer.h"

#include "store_private.h"

#define FIXTURE_NOW_S INT64_C(1700000000)

struct fixture {
    char folder[64];
    char path[128];
    struct vault *vault;
    struct ap_clock clock;
    _Atomic int64_t wall_s;
    _Atomic int64_t monotonic_ms;
    struct store_db *db; /* the writer, open after fixture_setup() */
    struct arena arena;
    struct ap_error error;
};

/* cmocka's setup and teardown: *state is a struct fixture. */
int fixture_setup(void **state);        /* folder, vault, database, writer connection */
int fixture_setup_folder(void **state); /* folder and vault only */
int fixture_teardown(void **state);

/* A vault of the key that is byte 32 times. */
struct vault *fixture_vault(uint8_t byte);

struct store_db *fixture_open(struct fixture *fixture, enum store_mode mode);
void fixture_close(struct fixture *fixture); /* the writer, if open */

/* Everything between is one transaction. */
void fixture_begin(struct fixture *fixture);
void fixture_commit(struct fixture *fixture);

/* Run SQL on the database behind the store's back, without its protections. */
void fixture_sql(struct fixture *fixture, const char *sql);
int64_t fixture_number(struct fixture *fixture, const char *sql);

/* In a transaction of their own; names give predictable values. */
void fixture_add_user(struct fixture *fixture, const char *name, struct token *ret_token,
                      char ret_id[static STORE_ID_TEXT_MAX]);
void fixture_add_account(struct fixture *fixture, const char *user_id, const char *sip_user,
                         const char *password, char ret_id[static STORE_ID_TEXT_MAX]);
/* account_id NULL: no line. */
void fixture_add_phone(struct fixture *fixture, const char *user_id, uint8_t last_byte,
                       const char *account_id, char ret_id[static STORE_ID_TEXT_MAX]);
void fixture_mac(uint8_t last_byte, uint8_t ret_mac[static AP_MAC_LEN]);

/* by_pair on db; ret_phone may be NULL. */
int fixture_by_pair(struct fixture *fixture, struct store_db *db, const struct token *token,
                    uint8_t last_byte, struct store_phone *ret_phone);

/* Whole file; caller frees. */
char *fixture_read_file(const char *path, size_t *ret_len);
void fixture_write_file(const char *path, const void *data, size_t len);

#endif
