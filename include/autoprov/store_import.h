/* Imports: many rows in small writes that nobody sees before they are published as one.
 *
 * The rules of store_object.h hold. Rows of an unfinished import carry its id and stand in no
 * answer; store_import_publish() shows them all at once, store_import_drop() takes them away. What
 * is sealed is sealed before, on the asker's thread. */
#ifndef AUTOPROV_STORE_IMPORT_H
#define AUTOPROV_STORE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/limits.h"
#include "autoprov/store.h"
#include "autoprov/store_object.h"
#include "autoprov/token.h"
#include "autoprov/vault.h"

/* A new row id: the caller of store_import_stage() gives the rows their ids, which are part of
 * their seals. Any thread. */
void store_import_make_id(char ret_id[static STORE_ID_TEXT_MAX]);

/* -- ready rows ------------------------------------------------------------------------------ */

struct store_import_token {
    uint8_t index[VAULT_BLIND_INDEX_BYTES];
    uint8_t sealed[TOKEN_MAX_LEN + VAULT_SEAL_OVERHEAD];
    size_t sealed_len;
    bool imported;
};
struct store_import_password {
    uint8_t sealed[AP_PASSWORD_MAX_BYTES + VAULT_SEAL_OVERHEAD];
    size_t sealed_len; /* 0: none */
};

/* With the vault of db, any connection of the calling thread. Errors: AP_ECRYPTO; of a password
 * AP_EINVAL empty or too long. previous: for the column of what phones may still know. */
AP_MUSTCHECK int store_import_seal_token(struct store_db *db, const struct token *token,
                                         struct store_import_token *ret_token);
AP_MUSTCHECK int store_import_seal_password(struct store_db *db, const char *account_id,
                                            bool previous, const char *password,
                                            struct store_import_password *ret_password);

enum store_import_kind {
    STORE_IMPORT_USER,
    STORE_IMPORT_TOKEN, /* of a user that is staged */
    STORE_IMPORT_ACCOUNT,
    STORE_IMPORT_PHONE,
    STORE_IMPORT_LINE,
};

/* One new row; ids are set by the caller, whoever it refers to is there or came before. Strings are
 * borrowed. */
struct store_import_row {
    enum store_import_kind kind;
    const struct store_import_password *password; /* of an account */
    union {
        struct store_user user;
        struct store_account account; /* its password is not looked at */
        struct store_phone phone;     /* its lines are rows of their own */
        struct {
            const char *user_id;
            const struct store_import_token *token;
        } token;
        struct {
            const char *phone_id;
            const char *account_id;
            uint32_t position;
        } line;
    };
};

/* A change of a row that is there, applied when the import is published. Strings are borrowed. */
struct store_import_change {
    enum store_import_kind kind; /* USER, ACCOUNT or PHONE */
    bool moved;                  /* a phone has another MAC or user: it has not fetched yet */
    struct store_import_password password; /* of an account; without: it stays */
    struct store_import_password previous; /* the one before */
    union {                                /* all fields, with id, and the version that it must
                                              still have */
        struct store_user user;
        struct store_account account;
        struct store_phone phone; /* lines NULL: they stay */
    };
};

/* -- on the writer --------------------------------------------------------------------------- */

AP_MUSTCHECK int store_import_begin(struct store_db *db, int64_t *ret_import);
/* AP_EEXIST: a unique value is taken; AP_ENOENT: what a row refers to is gone. */
AP_MUSTCHECK int store_import_stage(struct store_db *db, int64_t import,
                                    const struct store_import_row *rows, size_t count);

struct store_import_counts {
    uint64_t users, accounts, phones; /* staged */
};
/* Apply the changes, show the rows: one transaction. AP_ECONFLICT: what a change was made for has
 * changed or is gone, or so are some of the rows. */
AP_MUSTCHECK int store_import_publish(struct store_db *db, int64_t import,
                                      const struct store_import_change *changes, size_t count,
                                      const struct store_import_counts *expected);

/* Take at most limit rows of an unfinished import away. *ret_more: call again; else it is gone. */
AP_MUSTCHECK int store_import_drop(struct store_db *db, int64_t import, uint32_t limit,
                                   bool *ret_more);
/* An import that was begun and is neither published nor dropped. AP_ENOENT: none. */
AP_MUSTCHECK int store_import_pending(struct store_db *db, int64_t *ret_import);

/* -- what is there already ------------------------------------------------------------------- */

/* By external id ("" or NULL: no such); AP_ENOENT: none. */
AP_MUSTCHECK int store_user_by_external(struct store_db *db, struct arena *arena,
                                        const char *external_id, struct store_user *ret_user);
AP_MUSTCHECK int store_account_by_external(struct store_db *db, struct arena *arena,
                                           const char *external_id,
                                           struct store_account *ret_account);
/* With lines. */
AP_MUSTCHECK int store_phone_by_external(struct store_db *db, struct arena *arena,
                                         const char *external_id, struct store_phone *ret_phone);
/* The user's id by its name alone, for many. AP_ENOENT: none. */
AP_MUSTCHECK int store_user_by_name(struct store_db *db, struct arena *arena, const char *name,
                                    struct store_user *ret_user);
/* A secret of the arena. */
AP_MUSTCHECK int store_account_password(struct store_db *db, struct arena *arena,
                                        const char *account_id, const char **ret_password);
/* Two secrets, in constant time for equal lengths. */
bool store_import_is_same(const char *a, const char *b);
/* Is the token one of any user, in use or ended? 0: yes; AP_ENOENT: no. */
AP_MUSTCHECK int store_token_exists(struct store_db *db, const struct token *token);
/* Settings and keys as a new phone of that user, vendor and model would have them; user_id NULL:
 * of a new user of the site (NULL: of none). */
AP_MUSTCHECK int store_phone_inherit(struct store_db *db, struct arena *arena, const char *site_id,
                                     struct store_phone *phone);

/* Lines on an account of another user, in the order of MACs and positions, behind the given one
 * ("" and 0 for the first page). */
struct store_shared_line {
    uint8_t mac[AP_MAC_LEN];
    const char *user_name; /* the phone's */
    uint32_t position;
    struct store_account account; /* with user_name; without its password */
};
AP_MUSTCHECK int store_shared_line_list(struct store_db *db, struct arena *arena,
                                        const char *after_mac, uint32_t after_position,
                                        uint32_t limit, struct store_shared_line **ret_lines,
                                        size_t *ret_count);

#endif
