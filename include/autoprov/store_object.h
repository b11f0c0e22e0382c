/* Users, tokens, accounts, phones, options and the audit log as domain operations.
 *
 * Reads work on a reader or the writer; writes on the writer only, inside a transaction that
 * store_writer.h has opened (or store_write_begin() offline). Every write that changes a row bumps
 * its version and change_seq. Strings of results are borrowed from the arena. Text fields arrive
 * checked for length and alphabet by the caller (app/); the schema checks them again.
 *
 * An operation that fails leaves nothing of itself in the transaction, which may go on (unless
 * AP_EFULL, AP_ESTORE or AP_ENOMEM made SQLite roll all of it back: the commit then fails).
 *
 * Common errors: AP_ENOENT no such row; AP_EEXIST a unique value is taken; AP_ECONFLICT something
 * still refers to it; AP_EINVAL the schema refuses a value; AP_EBUSY another process holds the
 * database; AP_EFULL, AP_EREADONLY, AP_ECORRUPT, AP_ESTORE; AP_ENOMEM; AP_ECRYPTO. */
#ifndef AUTOPROV_STORE_OBJECT_H
#define AUTOPROV_STORE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/mac.h"
#include "autoprov/store.h"
#include "autoprov/store_access.h"
#include "autoprov/token.h"

struct store_key;
struct store_setting;

/* -- transactions, for use without the writer thread (init, restore, tests) --------------- */
AP_MUSTCHECK int store_write_begin(struct store_db *db); /* BEGIN IMMEDIATE */
/* After an error: store_write_rollback(). */
AP_MUSTCHECK int store_write_commit(struct store_db *db);
void store_write_rollback(struct store_db *db);

/* -- users --------------------------------------------------------------------------------- */
struct store_user {
    const char *id;
    const char *name;         /* unique */
    const char *display_name; /* "" if none */
    const char *external_id;  /* NULL if none; unique */
    const char *site_id;      /* NULL if none */
    const char *site_name;    /* filled by get and list; NULL if none */
    int64_t created_at;       /* UTC seconds */
    uint64_t version;
    const char *networks; /* where the user's phones may fetch from; NULL: anywhere */
    uint64_t account_count, phone_count; /* filled by get and list, not by add */
};

/* Also makes the folder token row: token is sealed and indexed. id, created_at and version of
 * user are ignored on input; the new id goes to ret_id.
 * Errors: AP_EEXIST name, external id or token taken. */
AP_MUSTCHECK int store_user_add(struct store_db *db, const struct store_user *user,
                                const struct token *token, char ret_id[static STORE_ID_TEXT_MAX]);
/* By name or by id. */
AP_MUSTCHECK int store_user_get(struct store_db *db, struct arena *arena, const char *name_or_id,
                                struct store_user *ret_user);
/* All, or one site's (site_id not NULL); at most limit rows with name > after ("" for the first
 * page), in the order of names. */
AP_MUSTCHECK int store_user_list(struct store_db *db, struct arena *arena, const char *site_id,
                                 const char *after, uint32_t limit, struct store_user **ret_users,
                                 size_t *ret_count);
/* Writes display_name, external_id, site_id and networks of the user with user->id. if_version: 0,
 * or the version that must still stand: else AP_ECONFLICT. AP_ENOENT also: no such site. */
AP_MUSTCHECK int store_user_set(struct store_db *db, const struct store_user *user,
                                uint64_t if_version);
/* Removes the user with tokens, accounts and phones. AP_ECONFLICT: a phone of another user has a
 * line on one of the accounts. */
AP_MUSTCHECK int store_user_del(struct store_db *db, const char *user_id);

/* -- folder tokens ------------------------------------------------------------------------- */
/* The user's current folder token, unsealed. */
AP_MUSTCHECK int store_token_get(struct store_db *db, struct arena *arena, const char *user_id,
                                 struct token *ret_token);
/* When the user's previous token ends or has ended. AP_ENOENT: there is none. */
AP_MUSTCHECK int store_token_previous_end(struct store_db *db, const char *user_id,
                                          int64_t *ret_ends_at);
/* token becomes the folder token; the old one becomes "previous" and serves each phone of the user
 * until grace_ends_at (UTC seconds; 0: it ends at once) or until that phone was seen on the new
 * one, whichever comes first. An older "previous" token ends now. */
AP_MUSTCHECK int store_token_rotate(struct store_db *db, const char *user_id,
                                    const struct token *token, int64_t grace_ends_at);

/* The same for a token that leaked: until ends_at the old one serves each phone once, which
 * store_phone_use_burnt() notes; where from is policy's to look at. Tokens before it end now. */
AP_MUSTCHECK int store_token_burn(struct store_db *db, const char *user_id,
                                  const struct token *token, int64_t ends_at);

/* -- SIP accounts --------------------------------------------------------------------------- */
enum store_transport { STORE_TRANSPORT_UDP, STORE_TRANSPORT_TCP, STORE_TRANSPORT_TLS };

struct store_account {
    const char *id;
    const char *user_id;
    const char *user_name;      /* filled by get and list */
    const char *sip_user;       /* user part of the address of record */
    const char *domain;         /* its host part; (sip_user, domain) is unique */
    const char *auth_user;      /* "" : same as sip_user */
    const char *display_name;   /* "" if none */
    const char *registrar_host; /* "" : same as domain */
    uint16_t registrar_port;    /* 0: the transport's default */
    enum store_transport transport;
    const char *outbound_proxy; /* "host" or "host:port"; "" if none */
    uint32_t expires_s;         /* 60..86,400 */
    const char *external_id;    /* NULL if none; unique */
    const char *password;       /* plain; on output only from store_phone_by_*: else NULL. On
                                   input NULL: leave as it is (set), AP_EINVAL (add) */
    int64_t created_at;
    uint64_t version;
};

AP_MUSTCHECK int store_account_add(struct store_db *db, const struct store_account *account,
                                   char ret_id[static STORE_ID_TEXT_MAX]);
/* By "sip_user@domain" or by id. */
AP_MUSTCHECK int store_account_get(struct store_db *db, struct arena *arena,
                                   const char *address_or_id, struct store_account *ret_account);
/* All, or one user's (user_id not NULL); at most limit rows with id > after, in the order of ids.
 */
AP_MUSTCHECK int store_account_list(struct store_db *db, struct arena *arena, const char *user_id,
                                    const char *after, uint32_t limit,
                                    struct store_account **ret_accounts, size_t *ret_count);
/* The same of all users of one site. */
AP_MUSTCHECK int store_account_list_of_site(struct store_db *db, struct arena *arena,
                                            const char *site_id, const char *after, uint32_t limit,
                                            struct store_account **ret_accounts, size_t *ret_count);
/* Writes every field but id, user_id and created_at. The old password is kept sealed beside the
 * new one when it changes: a resync must answer with what the phone last fetched
 * (store_resync_target()). The one before stays instead when phones know that and none the old one.
 * It goes with the fetch of the last phone that has a line on the account.
 * if_version: 0, or the version that must still stand: else AP_ECONFLICT. */
AP_MUSTCHECK int store_account_set(struct store_db *db, const struct store_account *account,
                                   uint64_t if_version);
/* AP_ECONFLICT: a phone has a line on it. */
AP_MUSTCHECK int store_account_del(struct store_db *db, const char *account_id);

/* -- phones ---------------------------------------------------------------------------------- */
struct store_line {
    uint32_t position; /* 1..AP_LINES_PER_PHONE_MAX */
    /* From store_phone_by_*(): with the password, but only id and what a phone's file tells:
     * sip_user to expires_s. */
    struct store_account account;
};

struct store_phone {
    const char *id;
    uint8_t mac[AP_MAC_LEN]; /* unique */
    const char *user_id;
    const char *user_name;         /* filled by reads */
    const char *user_display_name; /* filled by store_phone_by_*() */
    const char *vendor;            /* catalogue name: "generic", "linphone" */
    const char *model;             /* "" if unknown */
    const char *label;             /* "" if none */
    bool enabled;
    const char *external_id; /* NULL if none; unique */
    const char *sip_contact; /* where it listens, a SIP URI; "" if not said. On input also NULL */
    int64_t created_at;
    int64_t last_fetch_at;          /* 0: never */
    const char *last_fetch_address; /* "" if never */
    /* From store_phone_by_pair(). With STORE_TOKEN_BURNT: true. With STORE_TOKEN_FOLDER: the user
     * has a previous token that would still serve this phone, so that
     * store_phone_seen_on_folder_token() is due. Else false. */
    bool needs_seen_mark;
    uint64_t token_generation; /* from store_phone_by_pair(): for the mark, if it is due */
    uint64_t version;
    struct store_access access; /* add and set take networks, flat, secrets, auth */
    struct store_line *lines;   /* in the order of positions; NULL from lists */
    size_t line_count;
    /* From store_phone_by_*() alone: what else its file tells (store_setting.h). Settings of all
     * scopes that concern it, secrets opened; keys of the user and its own, its own before the
     * user's at one position, in the order of positions. */
    struct store_setting *settings;
    size_t setting_count;
    struct store_key *keys;
    size_t key_count;
};

/* Lines are given by position and account.id. Errors: AP_EEXIST mac taken; AP_ENOENT no such user
 * or account; AP_EINVAL a position twice. */
AP_MUSTCHECK int store_phone_add(struct store_db *db, const struct store_phone *phone,
                                 char ret_id[static STORE_ID_TEXT_MAX]);
/* Without passwords. */
AP_MUSTCHECK int store_phone_get(struct store_db *db, struct arena *arena,
                                 const uint8_t mac[static AP_MAC_LEN],
                                 struct store_phone *ret_phone);
/* All, or one user's (user_id not NULL); at most limit rows with mac > after_mac (12 lower-case hex
 * digits or ""), in the order of MACs, without lines. */
AP_MUSTCHECK int store_phone_list(struct store_db *db, struct arena *arena, const char *user_id,
                                  const char *after_mac, uint32_t limit,
                                  struct store_phone **ret_phones, size_t *ret_count);
/* The same of those that fit; what is not given does not count. */
struct store_phone_filter {
    const char *user_id;   /* NULL: any */
    const char *site_id;   /* of the user; NULL: any */
    const char *vendor;    /* NULL: any */
    const char *model;     /* NULL: any */
    bool never_fetched;    /* only those without a fetch */
    const char *after_mac; /* as above */
    uint32_t limit;
};
AP_MUSTCHECK int store_phone_find(struct store_db *db, struct arena *arena,
                                  const struct store_phone_filter *filter,
                                  struct store_phone **ret_phones, size_t *ret_count);
/* How many there are of each state; a phone has one. */
struct store_phone_states {
    uint64_t disabled, never_fetched, fetched;
};
AP_MUSTCHECK int store_phone_states(struct store_db *db, struct store_phone_states *ret_states);
/* Writes vendor, model, label, sip_contact, enabled, external_id, and networks, flat, secrets and
 * auth of access, of the phone with phone->id (flat access that is given anew opens it for a phone
 * that had moved), and its lines as a whole unless lines is NULL. if_version: 0, or the version
 * that must still stand: else AP_ECONFLICT. Errors: those of add, AP_EEXIST external id taken,
 * AP_ENOENT also no such phone, AP_ERANGE AP_AUTH_PAIRS_MAX phones of the user have passwords under
 * its HTTP name. */
AP_MUSTCHECK int store_phone_set(struct store_db *db, const struct store_phone *phone,
                                 uint64_t if_version);
/* Gives the phone with phone->id to the user with phone->user_id, with those lines in place of its
 * own. What it is, its keys and settings and what it did stay; its window, its bootstrap token and
 * what is noted of its secrets and its URL end. Errors: AP_ENOENT no such phone, user or account;
 * AP_EEXIST a position twice; AP_ERANGE as of set, among the new user's. */
AP_MUSTCHECK int store_phone_move(struct store_db *db, const struct store_phone *phone);
/* The MAC of a row id: 12 lower-case hex digits. */
AP_MUSTCHECK int store_phone_mac_of(struct store_db *db, struct arena *arena, const char *phone_id,
                                    const char **ret_mac);
AP_MUSTCHECK int store_phone_del(struct store_db *db, const char *phone_id);

/* MACs (12 lower-case hex digits) of the user's phones, and of others' that have a line on an
 * account of the user, in their order. */
AP_MUSTCHECK int store_phone_concerned(struct store_db *db, struct arena *arena,
                                       const char *user_id, const char *const **ret_macs,
                                       size_t *ret_count);

/* Which of the user's tokens named the phone. */
enum store_token_kind {
    STORE_TOKEN_FOLDER,
    STORE_TOKEN_PREVIOUS,
    STORE_TOKEN_BOOTSTRAP,
    STORE_TOKEN_BURNT, /* the phone then has last_fetch_address, and needs_seen_mark */
};

/* The phone that a (token, MAC) pair names, with lines and passwords, disabled ones included; of
 * its own fields without external_id, created_at, last_fetch_at, last_fetch_address and version.
 *
 * One indexed read; the same work for a hit and a miss. An ended token, or a previous one for a
 * phone already seen on the new one, is AP_ENOENT. Worker thread that opened the reader only. */
AP_MUSTCHECK int store_phone_by_pair(struct store_db *db, struct arena *arena,
                                     const struct token *token,
                                     const uint8_t mac[static AP_MAC_LEN],
                                     struct store_phone *ret_phone,
                                     enum store_token_kind *ret_kind);

/* The user of a token, for files that are the same for all phones of a vendor; and the vendors of
 * the user's enabled phones, each once. An ended token is AP_ENOENT. The work of a hit and a miss
 * is the same. */
AP_MUSTCHECK int store_user_by_token(struct store_db *db, struct arena *arena,
                                     const struct token *token, const char **ret_user_id,
                                     const char *const **ret_vendors, size_t *ret_count);

/* The phone of a MAC alone, for flat mode: the same fields but token_generation. */
AP_MUSTCHECK int store_phone_by_mac(struct store_db *db, struct arena *arena,
                                    const uint8_t mac[static AP_MAC_LEN],
                                    struct store_phone *ret_phone);

/* Note that phone was served on the folder token: ends the previous token for it. generation:
 * the phone's token_generation; without it a rotation that commits between the lookup and this
 * write would lock the phone out. No effect, and no change_seq, when already noted. An acknowledged
 * write, never a droppable record. */
AP_MUSTCHECK int store_phone_seen_on_folder_token(struct store_db *db, const char *phone_id,
                                                  uint64_t generation);

/* The same for a phone that came on a burnt token, before it is served. AP_ECONFLICT: it was
 * served on that token, or a later one, already. */
AP_MUSTCHECK int store_phone_use_burnt(struct store_db *db, const char *phone_id,
                                       uint64_t generation);

/* -- custom options --------------------------------------------------------------------------- */
/* The stored JSON text. AP_ENOENT: none stored. */
AP_MUSTCHECK int store_options_get(struct store_db *db, struct arena *arena, const char **ret_json);
/* json NULL: unset. */
AP_MUSTCHECK int store_options_set(struct store_db *db, const char *json);

/* -- audit ------------------------------------------------------------------------------------ */
struct store_audit {
    int64_t row; /* from 1, without a gap */
    const char *id;
    int64_t at;
    const char *actor;  /* "uid=0", "user=alice" */
    const char *action; /* "phone.add" */
    const char *object; /* "mac=cc5ef641b794", "user=alice": no secret */
    const char *detail; /* "" if none: no secret */
};
/* In the transaction of the change; chained by vault_audit_link(). row, id and at are ignored. */
AP_MUSTCHECK int store_audit_add(struct store_db *db, const struct store_audit *entry);
/* The newest limit entries of those before the row before (0: of all), newest first. */
AP_MUSTCHECK int store_audit_list(struct store_db *db, struct arena *arena, int64_t before,
                                  uint32_t limit, struct store_audit **ret_entries,
                                  size_t *ret_count);
/* Walk the whole chain, in one read: found is called for each break with a line that names the
 * row. What nobody can find: a log that was removed whole, its sealed end included.
 * arena: reset with every row. ret_rows: rows that are there.
 * Time grows with the log, some 5 us a row. */
AP_MUSTCHECK int store_audit_verify(struct store_db *db, struct arena *arena,
                                    void (*found)(void *data, const char *line), void *data,
                                    uint64_t *ret_rows);

#endif
