/* key rotate: the master key's files; what is sealed with it is the daemon's work */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "autoprov/clock.h"
#include "autoprov/store.h"
#include "ctl_private.h"
#include "place.h"

/* The key's files: FILE, FILE.new while a rotation is wanted, FILE.old after it. */
struct key_files {
    const char *now;
    char next[CTL_PLACE_PATH_MAX];
    char old[CTL_PLACE_PATH_MAX];
};

static int name_key_files(const struct ctl_place *place, struct key_files *files)
{
    files->now = place->config->master_key_file;
    if (!strchr(files->now, '/'))
        return ctl_fail(CTL_INVALID,
                        "the master key is the systemd credential '%s': give the new key as a "
                        "second credential '%s" VAULT_NEXT_SUFFIX "' and restart autoprovd",
                        files->now, files->now);
    (void)snprintf(files->next, sizeof(files->next), "%s" VAULT_NEXT_SUFFIX, files->now);
    (void)snprintf(files->old, sizeof(files->old), "%s.old", files->now); /* a path has 4095 */
    return CTL_OK;
}

static int begin_rotation(const struct ctl_place *place, const struct key_files *files)
{
    if (access(files->now, F_OK) != 0)
        return ctl_fail(CTL_NOT_FOUND, "%s: there is no key yet: autoprovctl init", files->now);
    if (access(files->next, F_OK) == 0)
        return ctl_fail(CTL_EXISTS, "%s: a rotation is under way already; see: autoprovctl status",
                        files->next);
    int code = ctl_place_make_key(place, files->next);
    if (code == CTL_OK)
        printf("new key: %s (keep a copy of it as of the old one, which is needed on)\n"
               "next: systemctl restart autoprovd; it seals everything anew beside its work, see "
               "autoprovctl status\n",
               files->next);
    return code;
}

/* Does the new key alone open the database? */
static int prove_new_key(struct ctl_place *place, const struct key_files *files)
{
    struct secret key = {0};
    struct store_db *db = NULL;
    struct ap_error error;
    int err = vault_read_master_key(files->next, &key, &error);

    if (!err) {
        err = vault_new(&key, &place->vault);
        ap_error_write(&error, "%s", ap_strerror(err));
        secret_done(&key);
    }
    int code = err ? ctl_fail(ctl_exit_of(err), "%s", error.text) : ctl_place_become_owner(place);
    if (code != CTL_OK)
        return code;
    err = store_open(place->database, STORE_READER, place->vault, clock_system(), &db, &error);
    store_close(db);
    ctl_place_become_oneself();
    if (err == AP_EKEY)
        return ctl_fail(CTL_FAILED, "the old key is still needed; see: autoprovctl status");
    return err ? ctl_fail(ctl_exit_of(err), "%s", error.text) : CTL_OK;
}

/* A rename that came between two earlier ones is taken up where it was. */
static int finish_rotation(struct ctl_place *place, const struct key_files *files)
{
    int code = prove_new_key(place, files);

    if (code == CTL_OK && access(files->now, F_OK) == 0) {
        if (access(files->old, F_OK) == 0)
            return ctl_fail(CTL_EXISTS, "%s: kept from an earlier rotation; move it away first",
                            files->old);
        if (rename(files->now, files->old) != 0)
            return ctl_fail(CTL_FAILED, "%s: %s", files->now, strerror(errno));
    }
    if (code == CTL_OK && rename(files->next, files->now) != 0)
        return ctl_fail(CTL_FAILED, "%s: %s", files->next, strerror(errno));
    if (code == CTL_OK)
        printf("%s is the new key (fingerprint %s); the old one, %s, opens older backups only: "
               "keep it with them, not here\n",
               files->now, vault_fingerprint(place->vault), files->old);
    return code;
}

int ctl_key_rotate(const struct ctl_args *args)
{
    struct ctl_place place;
    struct key_files files;
    int code = ctl_place_open(args, &place);

    if (code == CTL_OK)
        code = name_key_files(&place, &files);
    if (code == CTL_OK)
        code = ctl_arg(args, "finish") ? finish_rotation(&place, &files)
                                       : begin_rotation(&place, &files);
    ctl_place_close(&place);
    return code;
}
