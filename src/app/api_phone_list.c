/* Lists of phones: pages that an index serves, and searches, which look at every phone on a job
 * thread. */
#include <string.h>

#include "api_private.h"
#include "autoprov/array.h"
#include "autoprov/store_phone_search.h"

/* By name or id; of a caller of one site always that. */
static int read_site(struct api_call *call, struct store_db *db, const char **ret_id)
{
    const char *name = api_query(call, "site");
    struct store_site site;
    char shown[API_SHOWN_MAX];

    *ret_id = call->site_id;
    if (!name)
        return 0;
    int err = store_site_get(db, &call->arena, name, &site);
    if (!err && !api_scope_has_site(call, site.id))
        err = AP_ENOENT;
    if (err == AP_ENOENT)
        return api_problem(call, err, NULL, "there is no site '%s'", api_shown(name, shown));
    if (!err)
        *ret_id = site.id;
    return err;
}

static int read_filter(struct api_call *call, struct store_db *db,
                       struct store_phone_filter *filter)
{
    const char *never = api_query(call, "never_fetched");
    int err = api_query_user(call, db, &filter->user_id);

    if (!err)
        err = read_site(call, db, &filter->site_id);
    if (err)
        return err;
    filter->vendor = api_query(call, "vendor");
    filter->model = api_query(call, "model");
    filter->never_fetched = never && strcmp(never, "true") == 0;
    if (never && !filter->never_fetched && strcmp(never, "false") != 0)
        return api_problem(call, AP_EINVAL, NULL, "never_fetched must be true or false");
    return 0;
}

static int phones_json(const struct store_phone *phones, size_t count, json_t **ret_items)
{
    json_t *items = json_array();

    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(items, api_phone_json(&phones[i], false)) != 0) {
            json_decref(items);
            return AP_ENOMEM;
        }
    }
    *ret_items = items;
    return items ? 0 : AP_ENOMEM;
}

static int list(struct api_call *call, struct store_db *db)
{
    struct store_phone_filter filter = {.limit = 0};
    struct store_phone *phones = NULL;
    size_t count = 0;
    char next[AP_MAC_TEXT_MAX];
    json_t *items = NULL;
    int err = api_query_page(call, &filter.limit, &filter.after_mac);

    if (!err)
        err = read_filter(call, db, &filter);
    if (!err)
        err = store_phone_find(db, &call->arena, &filter, &phones, &count);
    if (!err)
        err = phones_json(phones, count, &items);
    if (err)
        return err;
    if (count == filter.limit)
        mac_format(phones[count - 1].mac, MAC_FORM_LOWER, next);
    return api_page_result(call, items, count == filter.limit ? next : NULL);
}

/* -- searches ---------------------------------------------------------------------------------- */

static const char *const ORDERS[STORE_PHONE_ORDER_COUNT] = {
    [STORE_PHONE_BY_MAC] = "mac",
    [STORE_PHONE_BY_USER] = "user",
    [STORE_PHONE_BY_MODEL] = "model",
    [STORE_PHONE_BY_LAST_FETCH] = "last_fetch",
};
static const char *const STATES[STORE_PHONE_STATE_COUNT] = {
    [STORE_PHONE_ANY] = "any",
    [STORE_PHONE_DISABLED] = "disabled",
    [STORE_PHONE_NEVER_FETCHED] = "never_fetched",
    [STORE_PHONE_FETCHED] = "fetched",
};
static const char *const DIRECTIONS[] = {"asc", "desc"};

bool api_phone_list_is_long(struct api_call *call)
{
    return api_query(call, "q") || api_query(call, "sort") || api_query(call, "order") ||
           api_query(call, "state");
}

/* Which of the words the parameter is; the first if it is absent. */
static int read_word(struct api_call *call, const char *name, const char *const *words,
                     size_t count, size_t *ret_index)
{
    const char *text = api_query(call, name);

    for (size_t i = 0; i < count; i++) {
        if (!text || strcmp(text, words[i]) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    return api_problem(call, AP_EINVAL, NULL, "%s must be one of: %s, %s%s", name, words[0],
                       words[1], count > 2 ? ", … (docs/api.md)" : "");
}

static int read_search(struct api_call *call, struct store_db *db,
                       struct store_phone_search *search)
{
    const char *text = api_query(call, "q");
    size_t order = 0, state = 0, direction = 0;
    int err = read_filter(call, db, &search->filter);

    if (!err)
        err = read_word(call, "sort", ORDERS, AP_COUNT(ORDERS), &order);
    if (!err)
        err = read_word(call, "state", STATES, AP_COUNT(STATES), &state);
    if (!err)
        err = read_word(call, "order", DIRECTIONS, AP_COUNT(DIRECTIONS), &direction);
    search->text = text ? text : "";
    search->order = (enum store_phone_order)order;
    search->state = (enum store_phone_state)state;
    search->descending = direction == 1;
    if (!err && text && strlen(text) > AP_TEXT_MAX_BYTES)
        return api_problem(call, AP_ERANGE, NULL, "q has at most %d bytes", AP_TEXT_MAX_BYTES);
    return err;
}

/* MAC of the last row, '~', its key in the order. */
static int read_cursor(struct api_call *call, const char *after, struct store_phone_search *search)
{
    const char *mark = strchr(after, '~');

    search->after_key = search->after_mac = "";
    if (!after[0])
        return 0;
    if (!mark || mark - after != (ptrdiff_t)2 * AP_MAC_LEN)
        return api_problem(call, AP_EINVAL, NULL, "this is no cursor of this list");
    search->after_mac = arena_strndup(&call->arena, after, (size_t)(mark - after));
    search->after_key = mark + 1;
    return search->after_mac ? 0 : AP_ENOMEM;
}

static int search(struct api_call *call, struct store_db *db)
{
    struct store_phone_search search = {.text = ""};
    struct store_phone *phones = NULL;
    size_t count = 0;
    const char *after = "", *next = NULL;
    json_t *items = NULL;
    int err = api_query_page(call, &search.filter.limit, &after);

    if (!err)
        err = read_search(call, db, &search);
    if (!err)
        err = read_cursor(call, after, &search);
    if (!err)
        err = store_phone_search(db, &call->arena, &search, &phones, &count);
    if (err == AP_EINVAL && after[0] && !call->problem.text[0])
        return api_problem(call, err, NULL, "this is no cursor of this list");
    if (!err && count == search.filter.limit) {
        const struct store_phone *last = &phones[count - 1];
        const char *key = store_phone_order_key(&call->arena, search.order, last);
        char mac[AP_MAC_TEXT_MAX];
        mac_format(last->mac, MAC_FORM_LOWER, mac);
        next = key ? api_text(call, "%s~%s", mac, key) : NULL;
        err = next ? 0 : AP_ENOMEM;
    }
    if (!err)
        err = phones_json(phones, count, &items);
    return err ? err : api_page_result(call, items, next);
}

int api_phone_list(struct api_call *call, struct store_db *db)
{
    return api_phone_list_is_long(call) ? search(call, db) : list(call, db);
}

int api_phone_count(struct api_call *call, struct store_db *db)
{
    struct store_phone_search search = {.text = ""};
    uint64_t count = 0;
    int err = read_search(call, db, &search);

    if (!err)
        err = store_phone_search_count(db, &search, &count);
    return err ? err : api_result(call, 200, json_pack("{s:I}", "count", (json_int_t)count));
}
