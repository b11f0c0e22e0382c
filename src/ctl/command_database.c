/* init, db check, restore: without the daemon */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/clock.h"
#include "autoprov/store.h"
#include "ctl_private.h"
#include "place.h"

/* -- init ----------------------------------------------------------------------------------------
 */

/* *ret_made: the folder was not there before. */
static int make_state_directory(const struct ctl_place *place, bool *ret_made)
{
    const char *folder = place->config->state_directory;

    *ret_made = mkdir(folder, 0700) == 0;
    if (!*ret_made && errno != EEXIST)
        return ctl_fail(errno == EACCES ? CTL_NOT_PERMITTED : CTL_FAILED, "%s: cannot be made: %s",
                        folder, strerror(errno));
    if (*ret_made && place->uid != (uid_t)-1 && chown(folder, place->uid, place->gid) != 0)
        return ctl_fail(CTL_FAILED, "%s: %s", folder, strerror(errno));
    return CTL_OK;
}

static int refuse_existing(const struct ctl_place *place)
{
    const char *key = place->config->master_key_file;

    if (access(place->database, F_OK) == 0)
        return ctl_fail(CTL_EXISTS, "%s: exists already; nothing was changed", place->database);
    if (access(key, F_OK) == 0)
        return ctl_fail(CTL_EXISTS,
                        "%s: a master key exists already, and a database may need it; nothing was "
                        "changed (move the key away to begin anew)",
                        key);
    return CTL_OK;
}

/* *ret_key_made: to be removed again on failure. */
static int make_files(struct ctl_place *place, bool *ret_key_made)
{
    struct ap_error error;
    int code = ctl_place_make_key(place, place->config->master_key_file);

    *ret_key_made = code == CTL_OK;
    if (code == CTL_OK)
        code = ctl_place_open_vault(place);
    if (code == CTL_OK)
        code = ctl_place_become_owner(place);
    if (code == CTL_OK)
        code = ctl_place_lock(place);
    if (code == CTL_OK) {
        int err = store_create(place->database, place->vault, (uid_t)-1, (gid_t)-1, &error);
        if (err)
            code = ctl_fail(ctl_exit_of(err), "%s", error.text);
    }
    return code;
}

/* Leave everything as it was before init. Results don't matter: the first error is the one told. */
static void undo_init(const struct ctl_place *place, bool key_made, bool folder_made)
{
    if (folder_made)
        (void)unlink(place->lock);
    ctl_place_become_oneself();
    if (key_made)
        (void)unlink(place->config->master_key_file); /* made a moment ago, opens nothing */
    if (folder_made)
        (void)rmdir(place->config->state_directory);
}

int ctl_init(const struct ctl_args *args)
{
    struct ctl_place place;
    bool folder_made = false;
    bool key_made = false;
    int code = ctl_place_open(args, &place);

    if (code == CTL_OK)
        code = refuse_existing(&place);
    if (code == CTL_OK)
        code = make_state_directory(&place, &folder_made);
    if (code == CTL_OK)
        code = make_files(&place, &key_made);
    if (code == CTL_OK)
        printf("master key: %s (keep a copy apart from the database's backups)\n"
               "database:   %s\n"
               "next: start autoprovd, then autoprovctl user add NAME\n",
               place.config->master_key_file, place.database);
    else
        undo_init(&place, key_made, folder_made);
    ctl_place_close(&place);
    return code;
}

/* -- db check, restore ----------------------------------------------------------------------------
 */

static void print_problem(void *data, const char *line)
{
    (void)data;
    printf("%s\n", line);
}

int ctl_db_check(const struct ctl_args *args)
{
    struct ctl_place place;
    struct store_db *db = NULL;
    struct ap_error error;
    int code = ctl_place_open_reader(args, &place, &db);

    if (code == CTL_OK) {
        int err = store_check(db, print_problem, NULL, &error);
        if (err)
            code = ctl_fail(ctl_exit_of(err), "%s", error.text);
        else
            printf("%s: ok\n", place.database);
    }
    store_close(db);
    ctl_place_close(&place);
    return code;
}

/* store_restore() puts the old database aside under this name. */
#define KEPT_SUFFIX ".before-restore"

/* A database that a restore has put aside is there. */
static bool is_kept(const struct ctl_place *place)
{
    char kept[CTL_PLACE_PATH_MAX + 32];

    (void)snprintf(kept, sizeof(kept), "%s" KEPT_SUFFIX, place->database); /* fits */
    return access(kept, F_OK) == 0;
}

/* It may be the only copy of it. */
static int keep_earlier(const struct ctl_place *place)
{
    if (!is_kept(place))
        return CTL_OK;
    return ctl_fail(CTL_EXISTS,
                    "%s" KEPT_SUFFIX ": kept from an earlier restore; move it away first",
                    place->database);
}

static int confirm_restore(const struct ctl_args *args, const struct ctl_place *place)
{
    if (ctl_arg(args, "yes"))
        return CTL_OK;
    return ctl_confirm("replace %s by %s", place->database, args->positionals[0]);
}

static void tell_restored(const struct ctl_place *place, const struct ctl_args *args,
                          const struct store_restored *restored)
{
    printf("%s restored from %s", place->database, args->positionals[0]);
    if (is_kept(place)) /* there was one: a lost database is restored too */
        printf("; the old one is kept as %s" KEPT_SUFFIX, place->database);
    printf("\n");
    if (restored->options_dropped)
        printf("the stored custom options were dropped, and flat mode with them; see: autoprovctl "
               "options show\n");
    printf("tokens and passwords that were changed or burnt since the backup are valid again: "
           "rotate or burn them anew\n");
}

int ctl_restore(const struct ctl_args *args)
{
    struct ctl_place place;
    struct ap_error error;
    char actor[32];
    int code = ctl_place_open(args, &place);

    (void)snprintf(actor, sizeof(actor), "uid=%u", (unsigned)getuid()); /* 14 bytes at most */
    if (code == CTL_OK)
        code = ctl_place_open_vault(&place);
    if (code == CTL_OK)
        code = ctl_place_become_owner(&place);
    if (code == CTL_OK)
        code = ctl_place_lock(&place);
    if (code == CTL_OK)
        code = keep_earlier(&place);
    if (code == CTL_OK)
        code = confirm_restore(args, &place);
    if (code == CTL_OK) {
        const struct store_restore restore = {
            .path = place.database,
            .backup_path = args->positionals[0],
            .vault = place.vault,
            .clock = clock_system(),
            .uid = (uid_t)-1,
            .gid = (gid_t)-1,
            .keep_options = ctl_arg(args, "keep-options") != NULL,
            .actor = actor,
        };
        struct store_restored restored;
        int err = store_restore(&restore, &restored, &error);
        if (err)
            code = ctl_fail(ctl_exit_of(err), "%s", error.text);
        else
            tell_restored(&place, args, &restored);
    }
    ctl_place_close(&place);
    return code;
}
