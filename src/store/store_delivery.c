/* What phones last fetched, as digests. Written by store_record.c. */
#include "store_private.h"

static void read_row(struct store_query *query, struct arena *arena, void *item)
{
    struct store_delivery *delivery = item;
    size_t len;

    delivery->file = store_query_column_text(query, arena);
    const uint8_t *digest = store_query_column_blob(query, &len);
    if (digest && len == sizeof(delivery->digest))
        memcpy(delivery->digest, digest, len);
    delivery->at = store_query_column_number(query);
}

int store_delivery_list(struct store_db *db, struct arena *arena, const char *phone_id,
                        struct store_delivery **ret_deliveries, size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      "SELECT file, digest, at FROM delivered WHERE phone_id = ? ORDER BY file");
    store_query_bind_text(&query, phone_id);
    int err = store_query_rows(&query, arena, sizeof(struct store_delivery), read_row, &rows);
    if (err)
        return err;
    *ret_deliveries = rows.items;
    *ret_count = rows.count;
    return 0;
}

int store_delivery_find(struct store_db *db, const char *phone_id, const char *file,
                        const uint8_t digest[static VAULT_TAG_BYTES])
{
    struct store_query query;
    bool opened = false;
    int err = store_read_join(db, &opened);

    if (err)
        return err;
    store_query_begin(&query, db,
                      "SELECT 1 FROM delivered WHERE phone_id = ? AND file = ? AND digest = ?");
    store_query_bind_text(&query, phone_id);
    store_query_bind_text(&query, file);
    store_query_bind_blob(&query, digest, VAULT_TAG_BYTES);
    err = store_query_end(&query, store_query_step(&query));
    store_read_leave(db, opened);
    return err;
}

static int read_lines(struct store_query *query, struct arena *arena, uint32_t **ret_digests,
                      size_t *ret_count)
{
    size_t len;
    const uint8_t *bytes = store_query_column_blob(query, &len);

    uint32_t *digests = arena_alloc_array(arena, len / 4 + 1, sizeof(*digests));
    if (!digests)
        return AP_ENOMEM;
    for (size_t i = 0; i < len; i++)
        digests[i / 4] = (i % 4 ? digests[i / 4] : 0) | (uint32_t)bytes[i] << (8 * (i % 4));
    *ret_digests = digests;
    *ret_count = len / 4;
    return 0;
}

/* While a key is rotated, what the old one made stands until its row is walked over: see
 * forget_delivered(). */
int store_delivery_lines(struct store_db *db, struct arena *arena, const char *phone_id,
                         const char *file, uint32_t **ret_digests, size_t *ret_count)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT lines FROM delivered WHERE phone_id = ? AND file = ? "
                      "AND lines IS NOT NULL AND at >= coalesce((SELECT number FROM meta WHERE "
                      "name = 'rekey_began'), 0)");
    store_query_bind_text(&query, phone_id);
    store_query_bind_text(&query, file);
    int err = store_query_step(&query);
    if (!err)
        err = read_lines(&query, arena, ret_digests, ret_count);
    return store_query_end(&query, err);
}
