/* backup: beside the running daemon, or without it */
#include <stdio.h>
#include <unistd.h>

#include "autoprov/clock.h"
#include "autoprov/store.h"
#include "ctl_private.h"
#include "place.h"

static void show_progress(void *data, uint32_t pages_done, uint32_t pages)
{
    (void)data;
    if (isatty(STDERR_FILENO) && pages > 0)
        fprintf(stderr, "\r%3u %%%s", (unsigned)((uint64_t)pages_done * 100 / pages),
                pages_done == pages ? ", checking the copy\n" : "");
}

/* The backup is the caller's file, not the daemon's: only the database is read as its owner. */
static int make_backup(const struct ctl_args *args, struct store_db *db)
{
    const struct store_backup backup = {
        .path = args->positionals[0],
        .replace = ctl_arg(args, "replace") != NULL,
        .progress = show_progress,
    };
    struct ap_error error;

    ctl_place_become_oneself();
    int err = store_backup(db, &backup, &error);
    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    printf("%s: backup made and checked\n"
           "the master key (fingerprint %s) is not in it: keep a copy of the key elsewhere, apart "
           "from the backups; without it they are worthless\n",
           backup.path, vault_fingerprint(store_vault(db)));
    return CTL_OK;
}

int ctl_backup(const struct ctl_args *args)
{
    struct ctl_place place;
    struct store_db *db = NULL;
    int code = ctl_place_open_reader(args, &place, &db);

    if (code == CTL_OK)
        code = make_backup(args, db);
    store_close(db);
    ctl_place_close(&place);
    return code;
}
