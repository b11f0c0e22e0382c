/* Started by hand as root, the daemon becomes the user of its configuration. Must not know what is
 * done with root's rights before that. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "autoprov/store_object.h"
#include "daemon.h"
#include "daemon_private.h"

#define STAY_ROOT "write user = \"root\" to stay root"

static int find_ids(const struct config *config, struct privilege *privilege,
                    struct ap_error *error)
{
    const struct passwd *user = getpwnam(config->user);

    if (!user)
        return ap_error_set(error, AP_EINVAL,
                            "%s: started by root, autoprovd becomes the user '%s' (key 'user'), "
                            "which does not exist; make it with systemd-sysusers, or " STAY_ROOT,
                            config->path, config->user);
    if (user->pw_uid == 0)
        return ap_error_set(error, AP_EINVAL, "%s: user '%s' is root by another name; " STAY_ROOT,
                            config->path, config->user);
    privilege->uid = user->pw_uid;
    privilege->gid = user->pw_gid;
    const struct group *group = getgrnam(config->group);
    if (!group)
        return ap_error_set(error, AP_EINVAL,
                            "%s: the group '%s' (key 'group') does not exist; make it with "
                            "systemd-sysusers",
                            config->path, config->group);
    privilege->group = group->gr_gid;
    return 0;
}

/* What is not there is told by whoever opens it. */
static int check_owner(const struct config *config, const struct privilege *privilege,
                       const char *path, struct ap_error *error)
{
    struct stat info;

    if (stat(path, &info) != 0 || info.st_uid == privilege->uid)
        return 0;
    return ap_error_set(error, AP_EPERM,
                        "%s: belongs to uid %u, but started by root autoprovd becomes the user "
                        "'%s'; chown it to that user, or " STAY_ROOT,
                        path, (unsigned)info.st_uid, config->user);
}

int privilege_find(const struct config *config, struct privilege *ret_privilege,
                   struct ap_error *error)
{
    struct privilege privilege = {.is_dropped = true};
    char path[DAEMON_PATH_MAX];

    if (geteuid() != 0 || strcmp(config->user, "root") == 0) {
        *ret_privilege = (struct privilege){.is_dropped = false};
        return 0;
    }
    int err = find_ids(config, &privilege, error);
    if (!err)
        err = check_owner(config, &privilege, config->state_directory, error);
    (void)snprintf(path, sizeof(path), "%s/%s", config->state_directory,
                   STORE_FILE_NAME); /* one that is cut is found too long when it is opened */
    if (!err)
        err = check_owner(config, &privilege, path, error);
    /* A name without '/' is a systemd credential, with rights of its own kind. */
    if (!err && strchr(config->master_key_file, '/'))
        err = check_owner(config, &privilege, config->master_key_file, error);
    if (!err)
        *ret_privilege = privilege;
    return err;
}

static int fail(const char *what, struct ap_error *error)
{
    return ap_error_set(error, AP_EPERM, "%s: %s", what, strerror(errno));
}

int privilege_lend(const struct privilege *privilege, struct ap_error *error)
{
    if (!privilege->is_dropped)
        return 0;
    /* Root keeps its rights with these: they hang on the user. */
    if (setgroups(1, &privilege->group) != 0 ||
        setresgid(privilege->gid, privilege->gid, privilege->gid) != 0)
        return fail("the groups of 'user' and 'group' cannot be taken", error);
    if (seteuid(privilege->uid) != 0)
        return fail("the user of the configuration cannot be taken", error);
    return 0;
}

int privilege_take_back(const struct privilege *privilege, struct ap_error *error)
{
    if (privilege->is_dropped && seteuid(0) != 0)
        return fail("root's rights cannot be taken back", error);
    return 0;
}

/* /run is empty after each boot; under systemd RuntimeDirectory= makes the folder. */
static int make_socket_folder(const struct config *config, const struct privilege *privilege,
                              struct ap_error *error)
{
    char folder[CONTROL_PATH_MAX];
    int len = snprintf(folder, sizeof(folder), "%s", config->control_socket);
    char *end = strrchr(folder, '/');
    int err = 0;

    if (len < 0 || (size_t)len >= sizeof(folder) || !end || end == folder)
        return 0;
    *end = '\0';
    if (mkdir(folder, 0755) != 0)
        return 0; /* it is there, or binding the socket tells why not */
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    /* The group reaches the socket through it, whatever the umask says. */
    if (fd < 0 || fchmod(fd, 0755) != 0 || fchown(fd, privilege->uid, privilege->gid) != 0)
        err = ap_error_set(error, AP_EIO, "%s: cannot be given to the user '%s': %s", folder,
                           config->user, strerror(errno));
    if (fd >= 0)
        (void)close(fd); /* a folder */
    return err;
}

/* All three ids: with one that is still root's, root comes back. */
static bool is_gone(const struct privilege *privilege)
{
    uid_t uids[3];
    gid_t gids[3];
    gid_t group = (gid_t)-1;

    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
        getresgid(&gids[0], &gids[1], &gids[2]) != 0 || getgroups(1, &group) != 1 ||
        group != privilege->group)
        return false;
    for (int i = 0; i < 3; i++) {
        if (uids[i] != privilege->uid || gids[i] != privilege->gid)
            return false;
    }
    return setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0;
}

int privilege_drop(const struct config *config, const struct privilege *privilege,
                   struct ap_error *error)
{
    /* Nothing is ever executed, so this costs nothing; the sandbox needs it. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail("PR_SET_NO_NEW_PRIVS", error);
    if (!privilege->is_dropped)
        return 0;
    int err = make_socket_folder(config, privilege, error);
    if (err)
        return err;
    if (setresuid(privilege->uid, privilege->uid, privilege->uid) != 0)
        return fail("the user of the configuration cannot be taken", error);
    if (!is_gone(privilege))
        return ap_error_set(error, AP_EPERM,
                            "root's rights could be had back after they were "
                            "given up; not starting");
    /* The kernel has set it anew with the user. */
    daemon_hide_memory();
    if (access(config->path, R_OK) != 0)
        return ap_error_set(error, AP_EPERM,
                            "%s: the user '%s', which autoprovd has become, cannot read it, and "
                            "no reload would work: chmod or chown it",
                            config->path, config->user);
    return 0;
}
