/* What phones last fetched, as digests. Written by store_record.c. */
#include "store_private.h"

int store_delivery_list(struct store_db *db, struct arena *arena, const char *phone_id,
                        struct store_delivery **ret_deliveries, size_t *ret_count)
{
    struct store_query query;
    void *deliveries = NULL;
    size_t count = 0, capacity = 0, len;
    int err;

    store_query_begin(&query, db,
                      "SELECT file, digest, at FROM delivered WHERE phone_id = ? ORDER BY file");
    store_query_bind_text(&query, phone_id);
    while ((err = store_query_step(&query)) == 0) {
        err = store_query_grow(arena, &deliveries, count, &capacity, sizeof(struct store_delivery));
        if (err)
            break;
        struct store_delivery *delivery = (struct store_delivery *)deliveries + count++;
        delivery->file = store_query_column_text(&query, arena);
        const uint8_t *digest = store_query_column_blob(&query, &len);
        if (digest && len == sizeof(delivery->digest))
            memcpy(delivery->digest, digest, len);
        delivery->at = store_query_column_number(&query);
    }
    err = store_query_end(&query, err == AP_ENOENT ? 0 : err);
    if (err)
        return err;
    *ret_deliveries = deliveries;
    *ret_count = count;
    return 0;
}
