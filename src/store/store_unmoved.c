/* Phones that do not stand on their own folder token yet. Must not know why. */
#include "autoprov/store_access.h"

#include "store_private.h"

static void read_unmoved(struct store_query *query, struct arena *arena, void *item)
{
    struct store_unmoved *phone = item;

    store_query_column_mac(query, phone->mac);
    phone->user_name = store_query_column_text(query, arena);
    phone->why = store_query_column_text(query, arena);
    phone->since = store_query_column_number(query);
    phone->ends_at = store_query_column_number(query);
    phone->last_fetch_at = store_query_column_number(query);
}

/* A bootstrap before a previous token before an imported one: what has to be looked at first. */
#define UNMOVED_OF(by)                                                                             \
    "SELECT p.mac, u.name, CASE WHEN p.bootstrap_at > 0 AND p.moved_at = 0 THEN 'bootstrap' "      \
    "WHEN o.blind_index IS NOT NULL THEN 'previous_token' ELSE 'imported_token' END AS why, "      \
    "CASE WHEN p.bootstrap_at > 0 AND p.moved_at = 0 THEN p.bootstrap_at ELSE t.created_at END, "  \
    "CASE WHEN p.bootstrap_at > 0 AND p.moved_at = 0 THEN coalesce((SELECT b.ends_at FROM token "  \
    "b WHERE b.phone_id = p.id AND b.kind = 'bootstrap'), 0) ELSE coalesce(o.ends_at, 0) END, "    \
    "p.last_fetch_at FROM phone p JOIN user u ON u.id = p.user_id "                                \
    "JOIN token t ON t.user_id = u.id AND t.kind = 'folder' "                                      \
    "LEFT JOIN token o ON o.user_id = u.id AND o.kind = 'previous' AND o.ends_at > ?3 "            \
    "AND p.seen_generation <= o.generation "                                                       \
    "WHERE " by " AND p.mac > ?2 AND ((p.bootstrap_at > 0 AND p.moved_at = 0) "                    \
    "OR o.blind_index IS NOT NULL OR t.imported = 1) AND " STORE_VISIBLE(                          \
        "p") " "                                                                                   \
             "ORDER BY p.mac LIMIT ?4"

int store_unmoved_list(struct store_db *db, struct arena *arena, const char *user_id,
                       const char *after_mac, uint32_t limit, struct store_unmoved **ret_phones,
                       size_t *ret_count)
{
    struct store_query query;
    struct store_rows rows;

    store_query_begin(&query, db,
                      user_id ? UNMOVED_OF("p.user_id = ?1") : UNMOVED_OF("?1 IS NULL"));
    store_query_bind_text(&query, user_id);
    store_query_bind_text(&query, after_mac);
    store_query_bind_number(&query, store_now_s(db));
    store_query_bind_number(&query, limit);
    int err = store_query_rows(&query, arena, sizeof(struct store_unmoved), read_unmoved, &rows);
    if (err)
        return err;
    *ret_phones = rows.items;
    *ret_count = rows.count;
    return 0;
}
