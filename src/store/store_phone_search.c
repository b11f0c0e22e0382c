/* Phones by a piece of text, by state, in several orders. Lists that are in the order of MACs alone
 * are in store_phone.c. */
#include "autoprov/store_phone_search.h"

#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "store_private.h"

/* -- has_text() -------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* needle: in lower case, not empty. */
static bool has(const char *text, size_t len, const char *needle, size_t needle_len)
{
    for (size_t at = 0; at + needle_len <= len; at++) {
        size_t same = 0;
        while (same < needle_len && lower(text[at + same]) == needle[same])
            same++;
        if (same == needle_len)
            return true;
    }
    return false;
}

/* has_text(needle, text, …): is the needle, in lower case, a piece of one of the texts? NULL is a
 * piece of none. SQLite's own functions would make a copy of each text, which takes five times as
 * long. */
static void has_text(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *needle = (const char *)sqlite3_value_text(values[0]);
    size_t needle_len = needle ? (size_t)sqlite3_value_bytes(values[0]) : 0;
    bool found = false;

    for (int i = 1; needle_len > 0 && !found && i < count; i++) {
        const char *text = (const char *)sqlite3_value_text(values[i]);
        found = text && has(text, (size_t)sqlite3_value_bytes(values[i]), needle, needle_len);
    }
    sqlite3_result_int(context, found);
}

int store_phone_search_prepare(struct store_db *db)
{
    int rc = sqlite3_create_function_v2(db->sqlite, "has_text", -1,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                        NULL, has_text, NULL, NULL, NULL);

    return store_query_map_error(db, rc);
}

/* -- statements -------------------------------------------------------------------------------- */

/* The parameters, by number: 1 user, 2 site, 3 vendor, 4 model, 5 never fetched, 6 text, 7 text as
 * a piece of a MAC, 8 state; of pages the row before: 9 key, 10 MAC, 12 model; 11 limit. What is
 * not given is NULL. In pairs: SQLite counts how deep an expression is, and a chain of ANDs is as
 * deep as it is long. */
#define FITS                                                                                       \
    "(" STORE_VISIBLE(                                                                             \
        "p") " AND (?1 IS NULL OR p.user_id = ?1)) "                                               \
             "AND ((?3 IS NULL OR p.vendor = ?3) AND (?4 IS NULL OR p.model = ?4)) "               \
             "AND (?2 IS NULL OR p.user_id IN (SELECT id FROM user WHERE site_id = ?2)) "          \
             "AND ((?5 = 0 OR p.last_fetch_at = 0) "                                               \
             "AND CASE ?8 WHEN 1 THEN p.enabled = 0 WHEN 2 THEN p.enabled = 1 AND "                \
             "p.last_fetch_at = 0 "                                                                \
             "WHEN 3 THEN p.enabled = 1 AND p.last_fetch_at > 0 ELSE 1 END) "
#define HAS_TEXT                                                                                   \
    "AND (has_text(?6, p.label, p.vendor, p.model) OR has_text(?7, p.mac) "                        \
    "OR p.user_id IN (SELECT id FROM user WHERE has_text(?6, name, display_name))) "

/* Which rows, then all of each: what is sorted is small. */
#define PAGE(from, where, order)                                                                   \
    "SELECT " STORE_PHONE_COLUMNS " FROM (SELECT p.id FROM " from " WHERE " FITS where             \
    " ORDER BY " order " LIMIT ?11) found CROSS JOIN phone p ON p.id = found.id "                  \
    "JOIN user u ON u.id = p.user_id ORDER BY " order

/* Without a text an index gives the order, and the first rows that fit are the page. A text, which
 * few rows may have, is looked for in the order in which the rows stand; what has it is sorted: the
 * '+' keeps SQLite from the index. Of last fetches there is no index: each fetch would pay for it.
 */
#define PHONES            "phone p"
#define USERS             "user u CROSS JOIN phone p ON p.user_id = u.id"
#define WITH_USERS        "phone p CROSS JOIN user u ON u.id = p.user_id"
#define MAC(plus, than)   "AND " plus "p.mac " than " ?10"
#define USER(than)        "AND u.name " than "= ?9 AND (u.name, p.mac) " than " (?9, ?10)"
#define MODEL(plus, than) "AND (" plus "p.vendor, p.model, p.mac) " than " (?9, ?12, ?10)"
#define FETCH(than)       "AND (p.last_fetch_at, p.mac) " than " (?9, ?10)"

/* By order, with a text, descending. */
static const char *const PAGES[STORE_PHONE_ORDER_COUNT][2][2] = {
    [STORE_PHONE_BY_MAC] = {{PAGE(PHONES, MAC("", ">"), "p.mac"),
                             PAGE(PHONES, MAC("", "<"), "p.mac DESC")},
                            {PAGE(PHONES, HAS_TEXT MAC("+", ">"), "+p.mac"),
                             PAGE(PHONES, HAS_TEXT MAC("+", "<"), "+p.mac DESC")}},
    [STORE_PHONE_BY_USER] = {{PAGE(USERS, USER(">"), "u.name, p.mac"),
                              PAGE(USERS, USER("<"), "u.name DESC, p.mac DESC")},
                             {PAGE(WITH_USERS, HAS_TEXT USER(">"), "+u.name, +p.mac"),
                              PAGE(WITH_USERS, HAS_TEXT USER("<"), "+u.name DESC, +p.mac DESC")}},
    [STORE_PHONE_BY_MODEL] =
        {{PAGE(PHONES, MODEL("", ">"), "p.vendor, p.model, p.mac"),
          PAGE(PHONES, MODEL("", "<"), "p.vendor DESC, p.model DESC, p.mac DESC")},
         {PAGE(PHONES, HAS_TEXT MODEL("+", ">"), "+p.vendor, +p.model, +p.mac"),
          PAGE(PHONES, HAS_TEXT MODEL("+", "<"), "+p.vendor DESC, +p.model DESC, +p.mac DESC")}},
    [STORE_PHONE_BY_LAST_FETCH] = {{PAGE(PHONES, FETCH(">"), "p.last_fetch_at, p.mac"),
                                    PAGE(PHONES, FETCH("<"), "p.last_fetch_at DESC, p.mac DESC")},
                                   {PAGE(PHONES, HAS_TEXT FETCH(">"), "p.last_fetch_at, p.mac"),
                                    PAGE(PHONES, HAS_TEXT FETCH("<"),
                                         "p.last_fetch_at DESC, p.mac DESC")}},
};

/* -- keys -------------------------------------------------------------------------------------- */

const char *store_phone_order_key(struct arena *arena, enum store_phone_order order,
                                  const struct store_phone *phone)
{
    char text[2 * AP_NAME_MAX_BYTES + 2]; /* vendor, separator, model */

    switch (order) {
    case STORE_PHONE_BY_USER:
        return arena_strdup(arena, phone->user_name);
    case STORE_PHONE_BY_MODEL: /* names have no slash */
        (void)snprintf(text, sizeof(text), "%s/%s", phone->vendor, phone->model); /* fits */
        return arena_strdup(arena, text);
    case STORE_PHONE_BY_LAST_FETCH:
        (void)snprintf(text, sizeof(text), "%lld", (long long)phone->last_fetch_at); /* fits */
        return arena_strdup(arena, text);
    case STORE_PHONE_BY_MAC:
    case STORE_PHONE_ORDER_COUNT:
        break;
    }
    return "";
}

/* Where a page begins: behind this row, which need not be there. */
struct place {
    char vendor[AP_NAME_MAX_BYTES + 1];
    const char *key, *model, *mac;
    uint64_t number;
};

/* The first page begins behind what is before all, or after all of it. U+10FFFF. */
#define LAST_TEXT "\xf4\x8f\xbf\xbf"

static void first_place(const struct store_phone_search *search, struct place *place)
{
    bool last = search->descending;

    place->key = place->model = place->mac = last ? LAST_TEXT : "";
    place->number = last ? INT64_MAX : 0;
}

static int split_key(const struct store_phone_search *search, struct place *place)
{
    const char *key = search->after_key;
    size_t len = strcspn(key, "/");

    place->mac = search->after_mac;
    place->key = key;
    place->model = "";
    if (search->order == STORE_PHONE_BY_MODEL) {
        if (key[len] == '\0' || len >= sizeof(place->vendor))
            return AP_EINVAL;
        memcpy(place->vendor, key, len);
        place->vendor[len] = '\0';
        place->key = place->vendor;
        place->model = key + len + 1;
    } else if (search->order == STORE_PHONE_BY_LAST_FETCH) {
        return text_parse_u64(key, strlen(key), 0, INT64_MAX, &place->number) ? AP_EINVAL : 0;
    }
    return 0;
}

/* -- searches ---------------------------------------------------------------------------------- */

/* What was looked for, as the statements take it. */
struct pattern {
    char text[AP_TEXT_MAX_BYTES + 1];
    char mac[2 * AP_MAC_LEN + 1];
    bool has_text, has_mac;
};

/* Separators of a MAC left out; false: it is no piece of one. */
static bool piece_of_mac(const char *text, char out[static 2 * AP_MAC_LEN + 1])
{
    size_t len = 0;

    for (; *text; text++) {
        char c = lower(*text);
        if (strchr(":-. ", c))
            continue;
        if (!strchr("0123456789abcdef", c) || len == (size_t)2 * AP_MAC_LEN)
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return len > 0;
}

static int make_pattern(const char *text, struct pattern *pattern)
{
    size_t len = strlen(text);

    if (len > AP_TEXT_MAX_BYTES)
        return AP_ERANGE;
    for (size_t i = 0; i <= len; i++)
        pattern->text[i] = lower(text[i]);
    pattern->has_text = len > 0;
    pattern->has_mac = piece_of_mac(text, pattern->mac);
    return 0;
}

static void bind_where(struct store_query *query, const struct store_phone_search *search,
                       const struct pattern *pattern)
{
    const struct store_phone_filter *filter = &search->filter;

    store_query_bind_text(query, filter->user_id);
    store_query_bind_text(query, filter->site_id);
    store_query_bind_text(query, filter->vendor);
    store_query_bind_text(query, filter->model);
    store_query_bind_number(query, filter->never_fetched);
    store_query_bind_text(query, pattern->has_text ? pattern->text : NULL);
    store_query_bind_text(query, pattern->has_mac ? pattern->mac : NULL);
    store_query_bind_number(query, search->state);
}

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    store_phone_read(query, arena, item);
}

int store_phone_search(struct store_db *db, struct arena *arena,
                       const struct store_phone_search *search, struct store_phone **ret_phones,
                       size_t *ret_count)
{
    struct pattern pattern = {.has_text = false};
    struct place place = {.number = 0};
    struct store_query query;
    struct store_rows rows;
    int err = make_pattern(search->text, &pattern);

    if (search->after_mac[0] == '\0')
        first_place(search, &place);
    else if (!err)
        err = split_key(search, &place);
    if (err)
        return err;
    store_query_begin(&query, db, PAGES[search->order][pattern.has_text][search->descending]);
    bind_where(&query, search, &pattern);
    if (search->order == STORE_PHONE_BY_LAST_FETCH)
        store_query_bind_number(&query, (int64_t)place.number);
    else
        store_query_bind_text(&query, place.key);
    store_query_bind_text(&query, place.mac);
    store_query_bind_number(&query, search->filter.limit);
    if (search->order == STORE_PHONE_BY_MODEL)
        store_query_bind_text(&query, place.model);
    err = store_query_rows(&query, arena, sizeof(struct store_phone), read_row, &rows);
    if (err)
        return err;
    *ret_phones = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_phone_search_count(struct store_db *db, const struct store_phone_search *search,
                             uint64_t *ret_count)
{
    struct pattern pattern = {.has_text = false};
    struct store_query query;
    uint64_t count = 0;
    int err = make_pattern(search->text, &pattern);

    if (err)
        return err;
    if (pattern.has_text)
        store_query_begin(&query, db, "SELECT count(*) FROM phone p WHERE " FITS HAS_TEXT);
    else
        store_query_begin(&query, db, "SELECT count(*) FROM phone p WHERE " FITS);
    bind_where(&query, search, &pattern);
    err = store_query_step(&query);
    if (!err)
        count = (uint64_t)store_query_column_number(&query);
    err = store_query_end(&query, err);
    if (!err)
        *ret_count = count;
    return err;
}
