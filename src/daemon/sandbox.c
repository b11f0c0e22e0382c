/* The files that the daemon may open from its start on: those that it uses (landlock(7)). Must not
 * know what is in them. */
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "autoprov/array.h"

/* Rights that came after Debian 12's headers (linux/landlock.h). */
#define FS_REFER     (1ULL << 13) /* ABI 2 */
#define FS_TRUNCATE  (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define FS_ABI_1     ((1ULL << 13) - 1)

#define READ_FILE    (uint64_t) LANDLOCK_ACCESS_FS_READ_FILE
#define READ         (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define REMOVE       (uint64_t) LANDLOCK_ACCESS_FS_REMOVE_FILE
/* SQLite makes, cuts and removes its files; an import's has no name for long. */
#define WRITE                                                                                      \
    (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | REMOVE | FS_TRUNCATE)
/* A rule on a file may hold no other rights. */
#define OF_FILES                                                                                   \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
     FS_TRUNCATE | FS_IOCTL_DEV)

/* A folder or file that may be read, by what it is: another one that took its name is not it. */
struct granted {
    dev_t device;
    ino_t inode;
};

/* Of the system, whoever is served. */
static const struct {
    const char *path;
    uint64_t access;
} SYSTEM[] = {
    {"/dev/null", READ_FILE},                       /* the descriptor that is kept in reserve */
    {"/dev/urandom", READ_FILE},                    /* SQLite's seed */
    {"/sys/devices/system/cpu/online", READ_FILE},  /* how many workers = 0 is, at a reload */
    {"/proc/self/statm", READ_FILE},                /* figures of the process */
    {"/proc/self/fd", LANDLOCK_ACCESS_FS_READ_DIR}, /* the same */
    {"/etc/localtime", READ_FILE},                  /* the C library looks, also for UTC */
#ifdef AP_SANITIZED
    {"/proc/self", READ}, /* their leak check */
    {"/usr", READ},       /* lines in their reports */
#endif
};

struct sandbox {
    int ruleset; /* -1: none */
    uint64_t handled;
    struct granted *granted;
    size_t granted_count;
    /* The kernel makes a process's files in /proc anew when it has forgotten them, and a rule holds
     * for those that it was made for: held open, they are not forgotten. */
    int pins[AP_COUNT(SYSTEM)];
    bool is_fenced;
    char text[64];
};

/* -- rules ---------------------------------------------------------------------------------------
 */

static bool remember(struct sandbox *sandbox, const struct stat *info)
{
    struct granted *more =
        reallocarray(sandbox->granted, sandbox->granted_count + 1, sizeof(*sandbox->granted));

    if (!more)
        return false;
    sandbox->granted = more;
    more[sandbox->granted_count++] = (struct granted){info->st_dev, info->st_ino};
    return true;
}

/* *ret_fd: what the rule is for, held open; NULL: not wanted. What is not there needs no rule. */
static int allow(struct sandbox *sandbox, const char *path, uint64_t access, int *ret_fd,
                 struct ap_error *error)
{
    struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
    struct stat info;
    int err = 0;

    if (rule.parent_fd < 0)
        return 0;
    if (fstat(rule.parent_fd, &info) != 0)
        err = ap_error_set(error, AP_EIO, "%s: cannot be examined: %s", path, strerror(errno));
    else if ((access & READ_FILE) && !remember(sandbox, &info))
        err = ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    if (!err) {
        rule.allowed_access = access & sandbox->handled;
        if (!S_ISDIR(info.st_mode))
            rule.allowed_access &= OF_FILES;
        if (syscall(SYS_landlock_add_rule, sandbox->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
                    0) != 0)
            err = ap_error_set(error, AP_EIO, "%s: the sandbox cannot be told of it: %s", path,
                               strerror(errno));
    }
    if (!err && ret_fd)
        *ret_fd = rule.parent_fd;
    else
        (void)close(rule.parent_fd); /* a path */
    return err;
}

/* -- what a configuration names ------------------------------------------------------------------
 */

/* Told of every file and folder that is read: as named, and what a symbolic link leads to. */
struct visitor {
    int (*visit)(const struct visitor *visitor, const char *key, const char *path);
    struct sandbox *sandbox;
    const struct config *config;
    struct ap_error *error;
};

/* A folder, and where links in it lead: an admin may keep templates elsewhere. */
static int visit_folder(const struct visitor *visitor, const char *key, const char *folder)
{
    char path[PATH_MAX];
    int err = visitor->visit(visitor, key, folder);
    DIR *dir = err ? NULL : opendir(folder);
    const struct dirent *entry;

    while (dir && !err && (entry = readdir(dir)) != NULL) {
        int len = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_LNK && len > 0 && (size_t)len < sizeof(path))
            err = visitor->visit(visitor, key, path);
    }
    if (dir)
        (void)closedir(dir); /* nothing was written */
    return err;
}

static int visit_listener(const struct visitor *visitor, const struct config_listener *listener)
{
    int err = 0;

    for (size_t i = 0; !err && i < listener->certificate_count; i++) {
        err =
            visitor->visit(visitor, "certificate_file", listener->certificates[i].certificate_file);
        if (!err)
            err = visitor->visit(visitor, "key_file", listener->certificates[i].key_file);
    }
    for (size_t i = 0; !err && i < listener->client_ca_files.count; i++)
        err = visitor->visit(visitor, "client_ca_files", listener->client_ca_files.items[i].path);
    if (!err && listener->client_crl_file)
        err = visitor->visit(visitor, "client_crl_file", listener->client_crl_file);
    return err;
}

static int visit_all(const struct visitor *visitor)
{
    const struct config *config = visitor->config;
    const struct {
        const char *key, *folder;
    } folders[] = {
        {"templates_directory", config->templates_directory},
        {"custom_templates_directory", config->custom_templates_directory},
        {"vendors_directory", config->vendors_directory},
        {"custom_vendors_directory", config->custom_vendors_directory},
    };
    char drop_ins[PATH_MAX + sizeof("/conf.d")];
    char copy[PATH_MAX];
    int err = visitor->visit(visitor, "--config", config->path);

    (void)snprintf(copy, sizeof(copy), "%s", config->path); /* it was opened: it is no longer */
    (void)snprintf(drop_ins, sizeof(drop_ins), "%s/conf.d", dirname(copy)); /* fits */
    if (!err)
        err = visit_folder(visitor, "conf.d", drop_ins);
    for (size_t i = 0; !err && i < AP_COUNT(folders); i++)
        err = visit_folder(visitor, folders[i].key, folders[i].folder);
    for (size_t i = 0; !err && i < config->listener_count; i++)
        err = visit_listener(visitor, &config->listeners[i]);
    return err;
}

/* -- entering ------------------------------------------------------------------------------------
 */

/* A folder; or the folder that holds the file, for a renewed one is another file. "/" is too much
 * to give for one file. */
static int allow_reading(const struct visitor *visitor, const char *path)
{
    char copy[PATH_MAX];
    struct stat info;

    if (stat(path, &info) != 0)
        return 0;
    (void)snprintf(copy, sizeof(copy), "%s", path); /* stat(2) took it */
    const char *folder = S_ISDIR(info.st_mode) ? path : dirname(copy);
    if (!S_ISDIR(info.st_mode) && strcmp(folder, "/") == 0)
        folder = path;
    return allow(visitor->sandbox, folder, READ, NULL, visitor->error);
}

static int allow_named(const struct visitor *visitor, const char *key, const char *path)
{
    char real[PATH_MAX];
    int err = allow_reading(visitor, path);

    (void)key;
    if (!err && realpath(path, real))
        err = allow_reading(visitor, real);
    return err;
}

static int allow_all(struct sandbox *sandbox, const struct config *config, struct ap_error *error)
{
    const struct visitor visitor = {
        .visit = allow_named, .sandbox = sandbox, .config = config, .error = error};
    char folder[PATH_MAX];
    int err = visit_all(&visitor);

    for (size_t i = 0; !err && i < AP_COUNT(SYSTEM); i++)
        err = allow(sandbox, SYSTEM[i].path, SYSTEM[i].access, &sandbox->pins[i], error);
    if (!err)
        err = allow(sandbox, config->state_directory, WRITE, NULL, error);
    (void)snprintf(folder, sizeof(folder), "%s", config->control_socket); /* 107 bytes at most */
    if (!err)
        err = allow(sandbox, dirname(folder), REMOVE, NULL, error);
    return err;
}

static uint64_t rights_of(int abi)
{
    uint64_t rights = FS_ABI_1;

    if (abi >= 2)
        rights |= FS_REFER;
    if (abi >= 3)
        rights |= FS_TRUNCATE;
    if (abi >= 5)
        rights |= FS_IOCTL_DEV;
    return rights;
}

/* *ret_abi: 0 when the kernel has no Landlock, or was told at boot to use none. */
static int fence_files(struct sandbox *sandbox, const struct config *config, int *ret_abi,
                       struct ap_error *error)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    *ret_abi = abi > 0 ? (int)abi : 0;
    if (abi <= 0)
        return 0;
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = rights_of((int)abi)};
    sandbox->handled = attributes.handled_access_fs;
    sandbox->ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
    if (sandbox->ruleset < 0)
        return ap_error_set(error, AP_EIO, "Landlock: %s; 'sandbox = no' goes without",
                            strerror(errno));
    int err = allow_all(sandbox, config, error);
    if (!err && syscall(SYS_landlock_restrict_self, sandbox->ruleset, 0) != 0)
        err = ap_error_set(error, AP_EIO, "Landlock: %s; 'sandbox = no' goes without",
                           strerror(errno));
    (void)close(sandbox->ruleset); /* in force, or of no use */
    sandbox->ruleset = -1;
    sandbox->is_fenced = !err;
    return err;
}

int sandbox_enter(const struct config *config, struct sandbox **ret_sandbox, struct ap_error *error)
{
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    const char *calls = "off";
    char files[16] = "off";
    int abi = 0;
    int err = 0;

    if (!sandbox)
        return ap_error_set(error, AP_ENOMEM, "%s", ap_strerror(AP_ENOMEM));
    sandbox->ruleset = -1;
    for (size_t i = 0; i < AP_COUNT(sandbox->pins); i++)
        sandbox->pins[i] = -1;
    if (config->sandbox == CONFIG_YES) {
        /* Without it only root may fence itself in. */
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
            err = ap_error_set(error, AP_EIO, "sandbox: PR_SET_NO_NEW_PRIVS: %s", strerror(errno));
        if (!err)
            err = fence_files(sandbox, config, &abi, error);
        /* Last: making it takes calls that it forbids. */
        if (!err)
            err = sandbox_filter_calls(&calls, error);
        if (abi > 0)
            (void)snprintf(files, sizeof(files), "abi%d", abi); /* fits */
        else
            (void)snprintf(files, sizeof(files), "none"); /* fits */
    }
    (void)snprintf(sandbox->text, sizeof(sandbox->text), "landlock=%s seccomp=%s", files,
                   calls); /* fits */
    if (err)
        sandbox_free(sandbox);
    else
        *ret_sandbox = sandbox;
    return err;
}

void sandbox_free(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    for (size_t i = 0; i < AP_COUNT(sandbox->pins); i++) {
        if (sandbox->pins[i] >= 0)
            (void)close(sandbox->pins[i]); /* paths */
    }
    free(sandbox->granted);
    free(sandbox);
}

const char *sandbox_describe(const struct sandbox *sandbox)
{
    return sandbox->text;
}

/* -- reload --------------------------------------------------------------------------------------
 */

static bool is_granted(const struct sandbox *sandbox, const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return false;
    for (size_t i = 0; i < sandbox->granted_count; i++) {
        if (sandbox->granted[i].device == info.st_dev && sandbox->granted[i].inode == info.st_ino)
            return true;
    }
    return false;
}

/* It, or a folder above it. */
static int check_named(const struct visitor *visitor, const char *key, const char *path)
{
    char real[PATH_MAX];

    if (!realpath(path, real))
        return 0; /* whoever opens it tells */
    while (!is_granted(visitor->sandbox, real)) {
        char *end = strrchr(real, '/');
        if (!end || end == real)
            return ap_error_set(visitor->error, AP_EPERM,
                                "%s: '%s' names %s, which was not in use when the daemon started "
                                "and which the sandbox lets nobody read; it takes a restart "
                                "(systemctl restart autoprovd)",
                                visitor->config->path, key, path);
        *end = '\0';
    }
    return 0;
}

int sandbox_check(struct sandbox *sandbox, const struct config *config, struct ap_error *error)
{
    const struct visitor visitor = {
        .visit = check_named, .sandbox = sandbox, .config = config, .error = error};

    return sandbox->is_fenced ? visit_all(&visitor) : 0;
}
