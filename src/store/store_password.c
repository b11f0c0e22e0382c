/* Which of two passwords phones know: the previous one if they fetched, but not since the current
 * one was set. Must not know the passwords. */
#include "store_password.h"

#include "store_private.h"

#define SOME_PHONE                                                                                 \
    "EXISTS (SELECT 1 FROM line l JOIN phone p ON p.id = l.phone_id "                              \
    "WHERE l.account_id = account.id AND p.last_fetch_at "
#define KNOWN_PREVIOUS SOME_PHONE "BETWEEN 1 AND account.password_at)"
#define KNOWN_CURRENT  SOME_PHONE "> account.password_at)"
#define KEPT           "previous_password_sealed IS NOT NULL AND " KNOWN_PREVIOUS " AND NOT " KNOWN_CURRENT

int store_password_put(struct store_db *db, const char *account_id,
                       const struct store_sealed *password, const struct store_sealed *previous)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE account SET password_sealed = ?2, password_at = ?4, "
                      "previous_password_sealed = iif(" KEPT ", previous_password_sealed, ?3) "
                      "WHERE id = ?1");
    store_query_bind_text(&query, account_id);
    store_query_bind_blob(&query, password->bytes, password->len);
    store_query_bind_blob(&query, previous->bytes, previous->len);
    store_query_bind_number(&query, clock_wall_s(db->clock));
    return store_query_run(&query);
}

static int is_any_kept(struct store_db *db)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "SELECT 1 FROM account WHERE previous_password_sealed IS NOT NULL LIMIT 1");
    return store_query_end(&query, store_query_step(&query));
}

/* With each fetch: the phone's accounts are looked at only while somebody's has such a password. */
int store_password_forget(struct store_db *db, const char *phone_id)
{
    struct store_query query;
    int err = is_any_kept(db);

    if (err)
        return err == AP_ENOENT ? 0 : err;
    store_query_begin(&query, db,
                      "UPDATE account SET previous_password_sealed = NULL "
                      "WHERE id IN (SELECT account_id FROM line WHERE phone_id = ?) "
                      "AND previous_password_sealed IS NOT NULL AND NOT " KNOWN_PREVIOUS);
    store_query_bind_text(&query, phone_id);
    return store_query_run(&query);
}
