/* A phone goes from one user to another. Must not know why. */
#include "store_private.h"

/* As of a phone that was added to the user now, but for what it is and what it did. No older token
 * of the new user ever named it: as if it had been seen on the one there is. */
static int change_user(struct store_db *db, const struct store_phone *phone)
{
    struct store_query query;

    store_query_begin(&query, db,
                      "UPDATE phone SET user_id = ?2, seen_generation = "
                      "(SELECT generation FROM token WHERE user_id = ?2 AND kind = 'folder'), "
                      "enrol_until = 0, first_at = 0, first_network = NULL, bootstrap_at = 0, "
                      "moved_at = 0, version = version + 1 WHERE id = ?1");
    store_query_bind_text(&query, phone->id);
    store_query_bind_text(&query, phone->user_id);
    int err = store_query_run(&query);
    if (!err && store_query_changes(db) == 0)
        err = AP_ENOENT;
    /* The user is what it refers to, and who has a folder token. */
    return err == AP_ECONFLICT || err == AP_EINVAL ? AP_ENOENT : err;
}

int store_phone_move(struct store_db *db, const struct store_phone *phone)
{
    int err = store_change_begin(db);

    if (err)
        return err;
    err = change_user(db, phone);
    if (!err)
        err = store_phone_replace_lines(db, phone);
    if (!err)
        err = store_bootstrap_end(db, phone->id);
    if (!err)
        err = store_auth_check_pairs(db, phone->id);
    return store_change_end(db, err);
}
