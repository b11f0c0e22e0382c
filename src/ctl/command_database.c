/* init, db check, backup, restore: without the daemon */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "autoprov/clock.h"
#include "autoprov/config.h"
#include "autoprov/file.h"
#include "autoprov/store.h"
#include "autoprov/text.h"
#include "autoprov/vault.h"
#include "ctl_private.h"

#define PATH_TEXT_MAX 4200

/* Everything that these commands work on. */
struct place {
    struct config *config;
    char database[PATH_TEXT_MAX];
    char lock[PATH_TEXT_MAX];
    uid_t uid; /* (uid_t)-1: leave */
    gid_t gid;
    struct vault *vault;
    int lock_fd; /* -1: not held */
};

/* The configured user gets the files when root makes them; anybody else makes his own. */
static int find_owner(struct place *place)
{
    place->uid = (uid_t)-1;
    place->gid = (gid_t)-1;
    if (geteuid() != 0)
        return CTL_OK;
    const struct passwd *user = getpwnam(place->config->user);
    if (!user)
        return ctl_fail(CTL_INVALID,
                        "there is no system user '%s' (key 'user' in %s); make it with: "
                        "systemd-sysusers",
                        place->config->user, place->config->path);
    place->uid = user->pw_uid;
    place->gid = user->pw_gid;
    return CTL_OK;
}

static int place_open(const struct ctl_args *args, struct place *place)
{
    struct ap_error error;
    int err;

    *place = (struct place){.lock_fd = -1};
    err = config_load(args->config_path, &place->config, &error);
    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    const char *folder = place->config->state_directory;
    int len = snprintf(place->database, sizeof(place->database), "%s/%s", folder, STORE_FILE_NAME);
    if (len < 0 || (size_t)len >= sizeof(place->database))
        return ctl_fail(CTL_INVALID, "%s: the path is too long", folder);
    (void)snprintf(place->lock, sizeof(place->lock), "%s/%s", folder,
                   STORE_LOCK_NAME); /* shorter */
    return find_owner(place);
}

/* Back to who started the tool. Nothing is done with it but ending and removing what is ours. */
static void become_oneself(void)
{
    if (seteuid(getuid()) != 0 || setegid(getgid()) != 0)
        (void)ctl_fail(CTL_FAILED, "cannot return to the user that started this: %s",
                       strerror(errno));
}

static void place_close(struct place *place)
{
    become_oneself();
    vault_free(place->vault);
    config_free(place->config);
    if (place->lock_fd >= 0)
        (void)close(place->lock_fd); /* releases the lock */
}

/* From here on root works as the daemon's user: the state folder is that user's, who may put links
 * where root would follow them. */
static int become_owner(const struct place *place)
{
    if (place->uid == (uid_t)-1)
        return CTL_OK;
    if (initgroups(place->config->user, place->gid) != 0 || setegid(place->gid) != 0 ||
        seteuid(place->uid) != 0)
        return ctl_fail(CTL_FAILED, "cannot work as user '%s': %s", place->config->user,
                        strerror(errno));
    return CTL_OK;
}

static int take_lock(struct place *place)
{
    struct ap_error error;
    int err = file_lock(place->lock, &place->lock_fd, &error);

    if (err)
        return ctl_fail(err == AP_EBUSY ? CTL_FAILED : ctl_exit_of(err), "%s", error.text);
    return CTL_OK;
}

static int open_vault(struct place *place)
{
    struct secret key = {0};
    struct ap_error error;
    int err = vault_read_master_key(place->config->master_key_file, &key, &error);

    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    err = vault_new(&key, &place->vault);
    secret_done(&key);
    return err ? ctl_fail(CTL_FAILED, "%s", ap_strerror(err)) : CTL_OK;
}

/* -- init ----------------------------------------------------------------------------------------
 */

/* *ret_made: the folder was not there before. */
static int make_state_directory(const struct place *place, bool *ret_made)
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

static int refuse_existing(const struct place *place)
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

static int make_key(const struct place *place)
{
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    char text[2 * VAULT_MASTER_KEY_BYTES + 2];
    struct ap_error error;

    if (RAND_priv_bytes(bytes, sizeof(bytes)) != 1)
        return ctl_fail(CTL_FAILED, "the system gives no random bytes");
    text_hex(bytes, sizeof(bytes), text);
    text[2 * sizeof(bytes)] = '\n';
    text[2 * sizeof(bytes) + 1] = '\0';
    int err = file_create(place->config->master_key_file, text, 2 * sizeof(bytes) + 1, 0400,
                          place->uid, place->gid, &error);
    secret_wipe(bytes, sizeof(bytes));
    secret_wipe(text, sizeof(text));
    return err ? ctl_fail(ctl_exit_of(err), "%s", error.text) : CTL_OK;
}

/* *ret_key_made: to be removed again on failure. */
static int make_files(struct place *place, bool *ret_key_made)
{
    struct ap_error error;
    int code = make_key(place);

    *ret_key_made = code == CTL_OK;
    if (code == CTL_OK)
        code = open_vault(place);
    if (code == CTL_OK)
        code = become_owner(place);
    if (code == CTL_OK)
        code = take_lock(place);
    if (code == CTL_OK) {
        int err = store_create(place->database, place->vault, (uid_t)-1, (gid_t)-1, &error);
        if (err)
            code = ctl_fail(ctl_exit_of(err), "%s", error.text);
    }
    return code;
}

/* Leave everything as it was before init. Results don't matter: the first error is the one told. */
static void undo_init(const struct place *place, bool key_made, bool folder_made)
{
    if (folder_made)
        (void)unlink(place->lock);
    become_oneself();
    if (key_made)
        (void)unlink(place->config->master_key_file); /* made a moment ago, opens nothing */
    if (folder_made)
        (void)rmdir(place->config->state_directory);
}

int ctl_init(const struct ctl_args *args)
{
    struct place place;
    bool folder_made = false;
    bool key_made = false;
    int code = place_open(args, &place);

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
    place_close(&place);
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
    struct place place;
    struct store_db *db = NULL;
    struct ap_error error;
    int code = place_open(args, &place);

    if (code == CTL_OK)
        code = open_vault(&place);
    if (code == CTL_OK)
        code = become_owner(&place);
    if (code == CTL_OK) {
        int err =
            store_open(place.database, STORE_READER, place.vault, clock_system(), &db, &error);
        if (!err)
            err = store_check(db, print_problem, NULL, &error);
        if (err)
            code = ctl_fail(ctl_exit_of(err), "%s", error.text);
        else
            printf("%s: ok\n", place.database);
    }
    store_close(db);
    place_close(&place);
    return code;
}

/* The database that a restore put aside may be the only copy of it. */
static int keep_earlier(const struct place *place)
{
    char kept[PATH_TEXT_MAX + 32];

    (void)snprintf(kept, sizeof(kept), "%s.before-restore", place->database); /* fits */
    if (access(kept, F_OK) != 0)
        return CTL_OK;
    return ctl_fail(CTL_EXISTS, "%s: kept from an earlier restore; move it away first", kept);
}

static int confirm_restore(const struct ctl_args *args, const struct place *place)
{
    if (ctl_arg(args, "yes"))
        return CTL_OK;
    return ctl_confirm("replace %s by %s", place->database, args->positionals[0]);
}

static void tell_restored(const struct place *place, const struct ctl_args *args,
                          const struct store_restored *restored)
{
    printf("%s restored from %s; the old one is kept as %s.before-restore\n", place->database,
           args->positionals[0], place->database);
    if (restored->options_dropped)
        printf("the stored custom options were dropped, and flat mode with them; see: autoprovctl "
               "options show\n");
    printf("tokens and passwords that were changed or burnt since the backup are valid again: "
           "rotate or burn them anew\n");
}

int ctl_restore(const struct ctl_args *args)
{
    struct place place;
    struct ap_error error;
    char actor[32];
    int code = place_open(args, &place);

    (void)snprintf(actor, sizeof(actor), "uid=%u", (unsigned)getuid()); /* 14 bytes at most */
    if (code == CTL_OK)
        code = open_vault(&place);
    if (code == CTL_OK)
        code = become_owner(&place);
    if (code == CTL_OK)
        code = take_lock(&place);
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
    place_close(&place);
    return code;
}

/* -- backup --------------------------------------------------------------------------------------
 */

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

    become_oneself();
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
    struct place place;
    struct store_db *db = NULL;
    struct ap_error error;
    int code = place_open(args, &place);

    if (code == CTL_OK)
        code = open_vault(&place);
    if (code == CTL_OK)
        code = become_owner(&place);
    if (code == CTL_OK) {
        int err =
            store_open(place.database, STORE_READER, place.vault, clock_system(), &db, &error);
        code = err ? ctl_fail(ctl_exit_of(err), "%s", error.text) : make_backup(args, db);
    }
    store_close(db);
    place_close(&place);
    return code;
}
