/* Phones by a piece of text, by state, in several orders: looks at each row. Lists that an index
 * serves are in store_phone.c. */
#include "autoprov/store_phone_search.h"

#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "store_private.h"

/* The parameters, by number: 1 user, 2 site, 3 vendor, 4 model, 5 never fetched, 6 text, 7 text as a
 * piece of a MAC, 8 state; of pages 9 key and 10 MAC of the row before, 11 limit. What is not given
 * is NULL. The blanks between texts are control characters, which no text has. */
#define WHERE                                                                                      \
    "FROM phone p JOIN user u ON u.id = p.user_id WHERE " STORE_VISIBLE("p")                       \
    " AND (?1 IS NULL OR p.user_id = ?1) AND (?2 IS NULL OR u.site_id = ?2) "                      \
    "AND (?3 IS NULL OR p.vendor = ?3) AND (?4 IS NULL OR p.model = ?4) "                          \
    "AND (?5 = 0 OR p.last_fetch_at = 0) "                                                         \
    "AND (?6 IS NULL OR instr(lower(p.label || char(1) || u.name || char(1) || u.display_name "    \
    "|| char(1) || p.vendor || char(1) || p.model), ?6) > 0 "                                      \
    "OR (?7 IS NOT NULL AND instr(p.mac, ?7) > 0)) "                                               \
    "AND CASE ?8 WHEN 1 THEN p.enabled = 0 WHEN 2 THEN p.enabled = 1 AND p.last_fetch_at = 0 "     \
    "WHEN 3 THEN p.enabled = 1 AND p.last_fetch_at > 0 ELSE 1 END "

#define PAGE(key, after, direction)                                                                \
    "SELECT " STORE_PHONE_COLUMNS " " WHERE "AND (?10 = '' OR (" key ", p.mac) " after             \
    " (?9, ?10)) ORDER BY " key " " direction ", p.mac " direction " LIMIT ?11"
#define UP(key)   PAGE(key, ">", "ASC")
#define DOWN(key) PAGE(key, "<", "DESC")

/* Names have no slash. */
#define KEY_MODEL "(p.vendor || '/' || p.model)"
/* As text of one length, so that it goes the way of the others. */
#define KEY_LAST_FETCH "printf('%020d', p.last_fetch_at)"

static const char *const PAGES[STORE_PHONE_ORDER_COUNT][2] = {
    [STORE_PHONE_BY_MAC] = {UP("''"), DOWN("''")},
    [STORE_PHONE_BY_USER] = {UP("u.name"), DOWN("u.name")},
    [STORE_PHONE_BY_MODEL] = {UP(KEY_MODEL), DOWN(KEY_MODEL)},
    [STORE_PHONE_BY_LAST_FETCH] = {UP(KEY_LAST_FETCH), DOWN(KEY_LAST_FETCH)},
};

const char *store_phone_order_key(struct arena *arena, enum store_phone_order order,
                                  const struct store_phone *phone)
{
    char text[2 * AP_NAME_MAX_BYTES + 2]; /* vendor, separator, model */

    switch (order) {
    case STORE_PHONE_BY_USER:
        return arena_strdup(arena, phone->user_name);
    case STORE_PHONE_BY_MODEL:
        (void)snprintf(text, sizeof(text), "%s/%s", phone->vendor, phone->model); /* fits */
        return arena_strdup(arena, text);
    case STORE_PHONE_BY_LAST_FETCH:
        (void)snprintf(text, sizeof(text), "%020lld", (long long)phone->last_fetch_at); /* fits */
        return arena_strdup(arena, text);
    case STORE_PHONE_BY_MAC:
    case STORE_PHONE_ORDER_COUNT:
        break;
    }
    return "";
}

/* What was looked for, as the statements take it. */
struct pattern {
    char text[AP_TEXT_MAX_BYTES + 1];
    char mac[2 * AP_MAC_LEN + 1];
    bool has_text, has_mac;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

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
    struct store_query query;
    struct store_rows rows;
    int err = make_pattern(search->text, &pattern);

    if (err)
        return err;
    store_query_begin(&query, db, PAGES[search->order][search->descending]);
    bind_where(&query, search, &pattern);
    store_query_bind_text(&query, search->after_key);
    store_query_bind_text(&query, search->after_mac);
    store_query_bind_number(&query, search->filter.limit);
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
    store_query_begin(&query, db, "SELECT count(*) " WHERE);
    bind_where(&query, search, &pattern);
    err = store_query_step(&query);
    if (!err)
        count = (uint64_t)store_query_column_number(&query);
    err = store_query_end(&query, err);
    if (!err)
        *ret_count = count;
    return err;
}
