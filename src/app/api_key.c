/* Keys of a phone, or of all phones of a user. */
#include <stdio.h>
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/store_setting.h"
#include "autoprov/text.h"

static const char *const TYPES[] = {"line", "speed_dial", "blf", "park", "dtmf"};

/* Whose keys the path names. */
struct owner {
    enum store_key_owner kind;
    const char *id;
    const char *object; /* for the audit */
    uint8_t mac[AP_MAC_LEN];
};

static int get_phone_owner(struct api_call *call, struct store_db *db, struct owner *ret_owner)
{
    struct store_phone phone;
    int err = api_get_phone(call, db, &phone);

    if (err)
        return err;
    ret_owner->kind = STORE_KEY_PHONE;
    ret_owner->id = phone.id;
    ret_owner->object = api_phone_object(call, phone.mac);
    memcpy(ret_owner->mac, phone.mac, sizeof(phone.mac));
    return 0;
}

static int get_user_owner(struct api_call *call, struct store_db *db, struct owner *ret_owner)
{
    struct store_user user;
    int err = api_get_user(call, db, &user);

    if (err)
        return err;
    ret_owner->kind = STORE_KEY_USER;
    ret_owner->id = user.id;
    ret_owner->object = api_text(call, "user=%s", user.name);
    return 0;
}

static json_t *key_json(const struct store_key *key)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:i, s:s}", "position", (int)key->position, "type",
                     key->type, "value", key->value, "label", key->label, "line",
                     (int)(key->line ? key->line : 1), "of",
                     key->owner == STORE_KEY_PHONE ? "phone" : "user");
}

/* Of a phone all that it has, its user's too. */
static int list_keys(struct api_call *call, struct store_db *db, const struct owner *owner)
{
    struct store_phone phone;
    struct store_key *keys = NULL;
    size_t count = 0;
    json_t *items;
    int err;

    if (owner->kind == STORE_KEY_PHONE) {
        err = store_phone_by_mac(db, &call->arena, owner->mac, &phone);
        keys = err ? NULL : phone.keys;
        count = err ? 0 : phone.key_count;
    } else {
        err = store_key_list(db, &call->arena, owner->kind, owner->id, &keys, &count);
    }

    if (err)
        return err;
    items = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(items, key_json(&keys[i])) != 0) {
            json_decref(items);
            return AP_ENOMEM;
        }
    }
    return api_page_result(call, items, NULL);
}

static int read_position(struct api_call *call, uint32_t *ret_position)
{
    const char *text = call->params[1];
    uint64_t position;

    if (text_parse_u64(text, strlen(text), 1, AP_KEYS_PER_PHONE_MAX, &position) != 0)
        return api_problem(call, AP_EINVAL, NULL, "a key's position is a number from 1 to %d",
                           AP_KEYS_PER_PHONE_MAX);
    *ret_position = (uint32_t)position;
    return 0;
}

/* With a position in the body only where the path has none. */
static int read_key(struct api_call *call, struct store_key *key, bool in_body)
{
    uint64_t line = 0;
    uint64_t position = key->position;
    const struct api_field fields[] = {
        {.name = "type", .type = API_FIELD_NAME, .required = true, .target = &key->type},
        {.name = "value", .type = API_FIELD_TEXT, .may_be_empty = true, .target = &key->value},
        {.name = "label", .type = API_FIELD_TEXT, .may_be_empty = true, .target = &key->label},
        {.name = "line", .type = API_FIELD_NUMBER, .max = AP_LINES_PER_PHONE_MAX, .target = &line},
        {.name = "position",
         .type = API_FIELD_NUMBER,
         .min = 1,
         .max = AP_KEYS_PER_PHONE_MAX,
         .target = &position},
    };
    size_t count = AP_COUNT(fields);
    int err = api_read_fields(call, fields, in_body ? count : count - 1);

    if (err)
        return err;
    key->line = (uint32_t)line;
    key->position = (uint32_t)position;
    for (size_t i = 0; i < AP_COUNT(TYPES); i++) {
        if (strcmp(TYPES[i], key->type) == 0)
            return key->value[0] || i == 0
                       ? 0
                       : api_problem(call, AP_EINVAL, "/value", "a key of type %s needs a value",
                                     key->type);
    }
    return api_problem(call, AP_EINVAL, "/type",
                       "type must be line, speed_dial, blf, park or dtmf");
}

/* One of a list, whose position it has to have. */
static int read_listed(struct api_call *call, json_t *item, size_t index, struct store_key *key)
{
    char pointer[API_POINTER_MAX];
    json_t *body = call->body;

    (void)snprintf(pointer, sizeof(pointer), "/keys/%zu", index); /* fits */
    if (!json_is_object(item))
        return api_problem(call, AP_EINVAL, pointer, "a key is an object");
    call->body = item;
    int err = read_key(call, key, true);
    call->body = body;
    if (!err && key->position == 0)
        return api_problem(call, AP_EINVAL, pointer, "position is missing");
    if (err) {
        size_t len = strlen(pointer);
        (void)snprintf(pointer + len, sizeof(pointer) - len, "%s", call->pointer); /* one member */
        memcpy(call->pointer, pointer, sizeof(pointer));
    }
    return err;
}

/* In the call's arena. */
static int read_list(struct api_call *call, const json_t *list, struct store_key **ret_keys)
{
    size_t count = json_array_size(list);
    struct store_key *keys = arena_alloc_array(&call->arena, count + 1, sizeof(*keys));
    bool taken[AP_KEYS_PER_PHONE_MAX + 1] = {false};
    char pointer[API_POINTER_MAX];

    if (count > AP_KEYS_PER_PHONE_MAX)
        return api_problem(call, AP_ERANGE, "/keys", "at most %d keys", AP_KEYS_PER_PHONE_MAX);
    for (size_t i = 0; keys && i < count; i++) {
        keys[i] = (struct store_key){.value = "", .label = "", .owner = STORE_KEY_PHONE};
        int err = read_listed(call, json_array_get(list, i), i, &keys[i]);
        if (err)
            return err;
        (void)snprintf(pointer, sizeof(pointer), "/keys/%zu/position", i); /* fits */
        if (taken[keys[i].position])
            return api_problem(call, AP_EINVAL, pointer, "there is a key %u already",
                               (unsigned)keys[i].position);
        taken[keys[i].position] = true;
    }
    *ret_keys = keys;
    return keys ? 0 : AP_ENOMEM;
}

static int check_key(struct api_call *call, struct store_db *db, const struct owner *owner,
                     const struct store_key *key)
{
    if (owner->kind == STORE_KEY_PHONE)
        return api_check_phone(call, db, owner->mac);
    return api_check_vendors(call, db,
                             &(struct api_check){.run = api_check_key,
                                                 .object = key,
                                                 .scope = STORE_SCOPE_USER,
                                                 .id = owner->id,
                                                 .pointer = "/value"});
}

static int put_key(struct api_call *call, struct store_db *db, const struct owner *owner,
                   const struct store_key *key, int status)
{
    int err = store_key_set(db, owner->kind, owner->id, key);

    if (!err)
        err = check_key(call, db, owner, key);
    if (!err)
        err = api_audit(call, db, owner->object,
                        api_text(call, "key=%u type=%s", (unsigned)key->position, key->type));
    return err ? err : api_result(call, status, key_json(key));
}

static int set_key(struct api_call *call, struct store_db *db, const struct owner *owner)
{
    struct store_key key = {.value = "", .label = "", .owner = owner->kind};
    int err = read_position(call, &key.position);

    if (!err)
        err = read_key(call, &key, false);
    return err ? err : put_key(call, db, owner, &key, 200);
}

/* Positions of keys that are taken, and the number of lines, whose keys come first. */
struct taken {
    bool at[AP_KEYS_PER_PHONE_MAX];
    uint32_t lines;
};

/* The first position behind the lines, whose keys show them, that has no key; failing that the
 * first one at all. */
static int find_free(struct api_call *call, const struct taken *taken, uint32_t *ret_position)
{
    uint32_t position = taken->lines;

    while (position < AP_KEYS_PER_PHONE_MAX && taken->at[position])
        position++;
    if (position == AP_KEYS_PER_PHONE_MAX)
        position = 0;
    while (position < AP_KEYS_PER_PHONE_MAX && taken->at[position])
        position++;
    if (position == AP_KEYS_PER_PHONE_MAX)
        return api_problem(call, AP_ERANGE, NULL, "at most %d keys", AP_KEYS_PER_PHONE_MAX);
    *ret_position = position + 1;
    return 0;
}

static void take_keys(struct taken *taken, const struct store_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        taken->at[keys[i].position - 1] = true;
}

/* A phone has its user's keys too; a user's phones have as many lines as the user has accounts. */
static int look_at_taken(struct api_call *call, struct store_db *db, const struct owner *owner,
                         struct taken *ret_taken)
{
    struct store_phone phone;
    struct store_key *keys = NULL;
    struct store_user user;
    size_t count = 0;
    int err;

    if (owner->kind == STORE_KEY_PHONE) {
        err = store_phone_by_mac(db, &call->arena, owner->mac, &phone);
        if (err)
            return err;
        take_keys(ret_taken, phone.keys, phone.key_count);
        if (phone.line_count > 0)
            ret_taken->lines = phone.lines[phone.line_count - 1].position;
        return 0;
    }
    err = store_key_list(db, &call->arena, owner->kind, owner->id, &keys, &count);
    if (!err)
        err = store_user_get(db, &call->arena, owner->id, &user);
    if (err)
        return err;
    take_keys(ret_taken, keys, count);
    ret_taken->lines =
        user.account_count < AP_LINES_PER_PHONE_MAX ? (uint32_t)user.account_count : 0;
    return 0;
}

static int add_key(struct api_call *call, struct store_db *db, const struct owner *owner)
{
    struct store_key key = {.value = "", .label = "", .owner = owner->kind};
    struct store_key *keys = NULL;
    struct taken taken = {.lines = 0};
    size_t count = 0;
    int err = read_key(call, &key, true);

    if (!err)
        err = store_key_list(db, &call->arena, owner->kind, owner->id, &keys, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (keys[i].position == key.position)
            err = api_problem(call, AP_EEXIST, "/position", "there is a key %u already",
                              (unsigned)key.position);
    }
    if (!err && key.position == 0) {
        err = look_at_taken(call, db, owner, &taken);
        if (!err)
            err = find_free(call, &taken, &key.position);
    }
    return err ? err : put_key(call, db, owner, &key, 201);
}

static int del_key(struct api_call *call, struct store_db *db, const struct owner *owner)
{
    uint32_t position = 0;
    int err = read_position(call, &position);

    if (!err)
        err = store_key_del(db, owner->kind, owner->id, position);
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no key %u", (unsigned)position);
    if (!err)
        err = api_audit(call, db, owner->object, api_text(call, "key=%u", (unsigned)position));
    return err ? err : api_result(call, 200, json_pack("{s:i}", "position", (int)position));
}

int api_phone_key_list(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    int err = get_phone_owner(call, db, &owner);

    return err ? err : list_keys(call, db, &owner);
}

int api_phone_key_set(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    int err = get_phone_owner(call, db, &owner);

    return err ? err : set_key(call, db, &owner);
}

int api_phone_key_replace(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    struct store_key *keys = NULL;
    json_t *list = NULL;
    const struct api_field fields[] = {
        {.name = "keys", .type = API_FIELD_LIST, .required = true, .target = &list},
    };
    int err = api_read_fields(call, fields, AP_COUNT(fields));

    if (!err)
        err = get_phone_owner(call, db, &owner);
    if (!err)
        err = read_list(call, list, &keys);
    if (!err)
        err = store_key_replace(db, owner.id, keys, json_array_size(list));
    if (!err)
        err = api_check_phone(call, db, owner.mac);
    if (!err)
        err = api_audit(call, db, owner.object, api_text(call, "keys=%zu", json_array_size(list)));
    return err ? err : list_keys(call, db, &owner);
}

int api_phone_key_del(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    int err = get_phone_owner(call, db, &owner);

    return err ? err : del_key(call, db, &owner);
}

int api_user_key_list(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    int err = get_user_owner(call, db, &owner);

    return err ? err : list_keys(call, db, &owner);
}

int api_user_key_set(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    int err = get_user_owner(call, db, &owner);

    return err ? err : set_key(call, db, &owner);
}

int api_user_key_del(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    int err = get_user_owner(call, db, &owner);

    return err ? err : del_key(call, db, &owner);
}

int api_phone_key_add(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    int err = get_phone_owner(call, db, &owner);

    return err ? err : add_key(call, db, &owner);
}

int api_user_key_add(struct api_call *call, struct store_db *db)
{
    struct owner owner;
    int err = get_user_owner(call, db, &owner);

    return err ? err : add_key(call, db, &owner);
}
