/* Burn: what a user's phones know has leaked. A new token and new SIP passwords in one transaction.
 * HTTP passwords stay, or no phone could fetch its new file: without the new token they open
 * nothing. The answer names the phones that have one. */
#include <string.h>

#include "api_private.h"
#include "autoprov/token.h"

/* How long a burnt token still answers each phone once: a restart of a phone and its resync. */
#define BURNT_S     900
#define PAGE_ROWS   100
#define ADDRESS_MAX (AP_NAME_MAX_BYTES + 1 + AP_HOST_MAX_BYTES + 1)

struct burn {
    struct api_call *call;
    struct store_db *db;
    struct store_user user;
    json_t *given; /* account -> password, borrowed; NULL: they are made here */
    json_t *made;  /* the same, owned */
    size_t accounts;
    bool hard;
};

/* 128 bits in characters that every phone takes. The text lives in the call's arena. */
static int make_password(struct burn *burn, const char *address, const char **ret_password)
{
    struct token random = {.len = 0};

    int err = token_make(&random);
    if (!err) {
        *ret_password = arena_strdup(&burn->call->arena, random.text);
        err =
            *ret_password && json_object_set_new(burn->made, address, json_string(random.text)) == 0
                ? 0
                : AP_ENOMEM;
    }
    secret_wipe(&random, sizeof(random));
    return err;
}

static int find_password(struct burn *burn, const char *address, const char **ret_password)
{
    const json_t *value = json_object_get(burn->given, address);
    const char *text = json_string_value(value);

    if (!value)
        return api_problem(burn->call, AP_EINVAL, "/passwords",
                           "the account '%s' has no password in it: all of the user's must have",
                           address);
    if (!text || !text[0] || strlen(text) != json_string_length(value) ||
        api_check_text(API_FIELD_PASSWORD, text, strlen(text)) != 0)
        return api_problem(burn->call, AP_EINVAL, "/passwords",
                           "the password of '%s' is none: 1 to %d bytes of UTF-8 without control "
                           "characters",
                           address, AP_PASSWORD_MAX_BYTES);
    *ret_password = text;
    return 0;
}

static int change_account(struct burn *burn, struct store_account *account)
{
    char address[ADDRESS_MAX];

    (void)snprintf(address, sizeof(address), "%s@%s", account->sip_user,
                   account->domain); /* fits */
    int err = burn->given ? find_password(burn, address, &account->password)
                          : make_password(burn, address, &account->password);
    if (!err)
        err = store_account_set(burn->db, account, 0);
    if (err)
        return err;
    burn->accounts++;
    return api_check_vendors(burn->call, burn->db,
                             &(struct api_check){.run = api_check_account,
                                                 .object = account,
                                                 .scope = STORE_SCOPE_COUNT,
                                                 .id = account->id});
}

static int change_accounts(struct burn *burn)
{
    struct arena *arena = &burn->call->arena;
    const char *after = "";
    size_t count = PAGE_ROWS;
    int err = 0;

    while (!err && count == PAGE_ROWS) {
        struct store_account *accounts = NULL;
        err =
            store_account_list(burn->db, arena, burn->user.id, after, PAGE_ROWS, &accounts, &count);
        for (size_t i = 0; !err && i < count; i++) {
            after = accounts[i].id;
            err = change_account(burn, &accounts[i]);
        }
    }
    if (!err && burn->given && json_object_size(burn->given) != burn->accounts)
        return api_problem(burn->call, AP_EINVAL, "/passwords",
                           "there is a password for an account that user '%s' has not",
                           burn->user.name);
    return err;
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, json_string(texts[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* They know only their old URL, which answers each of them once: they are to fetch now. */
static int order_resync(struct api_call *call, const char *const *macs, size_t count)
{
    struct resync_order *order = arena_alloc(&call->arena, sizeof(*order));

    if (!order)
        return AP_ENOMEM;
    *order = (struct resync_order){.whom = RESYNC_USER, .actor = call->actor};
    call->more = order;
    return api_resync_macs(call, macs, count, order);
}

/* What is burnt is burnt, whether or not they can be told. */
int api_burn_after(struct api_call *call)
{
    const struct resync_order *order = call->more;
    uint64_t order_id;
    bool is_ordered = order && order->mac_count > 0 && call->api->resync &&
                      resync_order(call->api->resync, order, &order_id) == 0;

    /* Left out without memory: the passwords that were made are told this once. */
    (void)json_object_set_new(call->result, "resync",
                              json_integer(is_ordered ? (json_int_t)order->mac_count : 0));
    return 0;
}

static int answer(struct burn *burn, const struct token *token, int64_t ends_at)
{
    struct api_call *call = burn->call;
    const char *const *macs = NULL, *const *said = NULL;
    size_t count = 0, said_count = 0;

    int err = store_phone_concerned(burn->db, &call->arena, burn->user.id, &macs, &count);
    if (!err)
        err = store_auth_phones(burn->db, &call->arena, burn->user.id, &said, &said_count);
    if (!err && !burn->hard)
        err = order_resync(call, macs, count);
    if (!err)
        err =
            api_audit(call, burn->db, api_text(call, "user=%s", burn->user.name),
                      api_text(call, "accounts=%zu phones=%zu passwords=%s%s", burn->accounts,
                               count, burn->given ? "given" : "made", ends_at == 0 ? " hard" : ""));
    if (err)
        return err;
    return api_result(call, 200,
                      json_pack("{s:s, s:s, s:I, s:O, s:o, s:o}", "user", burn->user.name,
                                "provisioning_base_url", api_folder_url(call, token),
                                "burnt_ends_at", (json_int_t)ends_at, "passwords", burn->made,
                                "phones", texts_json(macs, count), "auth_passwords_kept",
                                texts_json(said, said_count)));
}

int api_user_burn(struct api_call *call, struct store_db *db)
{
    struct burn burn = {.call = call, .db = db, .made = json_object()};
    struct token token = {.len = 0};
    const struct api_field fields[] = {
        {.name = "hard", .type = API_FIELD_BOOL, .target = &burn.hard},
        {.name = "passwords", .type = API_FIELD_OBJECT, .target = &burn.given},
    };
    int err = burn.made ? api_read_fields(call, fields, 2) : AP_ENOMEM;
    int64_t ends_at = burn.hard ? 0 : clock_wall_s(call->api->clock) + BURNT_S;

    if (!err)
        err = api_get_user(call, db, &burn.user);
    if (!err)
        err = token_make(&token);
    if (!err)
        err = store_token_burn(db, burn.user.id, &token, ends_at);
    /* Whoever has a link, or came by one, would be told the new URL. */
    if (!err)
        err = store_invitation_end_all(db, burn.user.id);
    if (!err)
        err = change_accounts(&burn);
    if (!err)
        err = answer(&burn, &token, ends_at);
    secret_wipe(&token, sizeof(token));
    json_decref(burn.made);
    return err;
}
