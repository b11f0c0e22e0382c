/* What commands without the daemon work on, and as whom. */
#include "place.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "autoprov/file.h"
#include "autoprov/store.h"
#include "autoprov/text.h"
#include "ctl_private.h"

/* The configured user gets the files when root makes them; anybody else makes his own. */
static int find_owner(struct ctl_place *place)
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

int ctl_place_open(const struct ctl_args *args, struct ctl_place *place)
{
    struct ap_error error;
    int err;

    *place = (struct ctl_place){.lock_fd = -1};
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

void ctl_place_become_oneself(void)
{
    if (seteuid(getuid()) != 0 || setegid(getgid()) != 0)
        (void)ctl_fail(CTL_FAILED, "cannot return to the user that started this: %s",
                       strerror(errno));
}

void ctl_place_close(struct ctl_place *place)
{
    ctl_place_become_oneself();
    vault_free(place->vault);
    config_free(place->config);
    if (place->lock_fd >= 0)
        (void)close(place->lock_fd); /* releases the lock */
}

int ctl_place_become_owner(const struct ctl_place *place)
{
    if (place->uid == (uid_t)-1)
        return CTL_OK;
    if (initgroups(place->config->user, place->gid) != 0 || setegid(place->gid) != 0 ||
        seteuid(place->uid) != 0)
        return ctl_fail(CTL_FAILED, "cannot work as user '%s': %s", place->config->user,
                        strerror(errno));
    return CTL_OK;
}

int ctl_place_lock(struct ctl_place *place)
{
    struct ap_error error;
    int err = file_lock(place->lock, &place->lock_fd, &error);

    if (err)
        return ctl_fail(err == AP_EBUSY ? CTL_FAILED : ctl_exit_of(err), "%s", error.text);
    return CTL_OK;
}

int ctl_place_open_vault(struct ctl_place *place)
{
    struct ap_error error;
    int err = vault_open_keys(place->config->master_key_file, &place->vault, &error);

    return err ? ctl_fail(ctl_exit_of(err), "%s", error.text) : CTL_OK;
}

int ctl_place_make_key(const struct ctl_place *place, const char *path)
{
    uint8_t bytes[VAULT_MASTER_KEY_BYTES];
    char text[2 * VAULT_MASTER_KEY_BYTES + 2];
    struct ap_error error;

    if (RAND_priv_bytes(bytes, sizeof(bytes)) != 1)
        return ctl_fail(CTL_FAILED, "the system gives no random bytes");
    text_hex(bytes, sizeof(bytes), text);
    text[2 * sizeof(bytes)] = '\n';
    text[2 * sizeof(bytes) + 1] = '\0';
    int err = file_create(path, text, 2 * sizeof(bytes) + 1, 0400, place->uid, place->gid, &error);
    secret_wipe(bytes, sizeof(bytes));
    secret_wipe(text, sizeof(text));
    return err ? ctl_fail(ctl_exit_of(err), "%s", error.text) : CTL_OK;
}

int ctl_place_open_reader(const struct ctl_args *args, struct ctl_place *place,
                          struct store_db **ret_db)
{
    struct ap_error error;
    int code = ctl_place_open(args, place);

    if (code == CTL_OK)
        code = ctl_place_open_vault(place);
    if (code == CTL_OK)
        code = ctl_place_become_owner(place);
    if (code != CTL_OK)
        return code;
    int err =
        store_open(place->database, STORE_READER, place->vault, clock_system(), ret_db, &error);
    return err ? ctl_fail(ctl_exit_of(err), "%s", error.text) : CTL_OK;
}
