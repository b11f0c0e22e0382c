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
