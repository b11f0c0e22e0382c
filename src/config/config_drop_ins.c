/* Which files conf.d holds, and their order. Knows nothing of what is in them. */
#include "config_private.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/limits.h"

#define PATH_MAX_BYTES 8192 /* the main file's path and one name */

/* Not the files that editors and package tools leave: ".x.conf.swp", "x.conf.dpkg-dist". */
static bool is_drop_in(const char *name)
{
    size_t len = strlen(name);

    return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

static int add(struct config_drop_ins *drop_ins, const char *folder, const char *name,
               struct ap_error *error)
{
    struct buf path;
    int err;

    if (drop_ins->count == AP_CONFIG_DROPINS_MAX)
        return ap_error_set(error, AP_ERANGE, "%s: more than %d files", folder,
                            AP_CONFIG_DROPINS_MAX);
    buf_init(&path, PATH_MAX_BYTES);
    err = buf_printf(&path, "%s/%s", folder, name);
    if (err) {
        buf_done(&path);
        return ap_error_set(error, err, "%s/%s: %s", folder, name, ap_strerror(err));
    }
    drop_ins->paths[drop_ins->count++] = path.data;
    return 0;
}

static int read_folder(struct config_drop_ins *drop_ins, const char *folder, struct ap_error *error)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int err = 0;

    if (!dir && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (!dir)
        return ap_error_set(error, errno == EACCES ? AP_EPERM : AP_EIO, "%s: cannot be opened: %s",
                            folder, strerror(errno));
    while (err == 0) {
        errno = 0;
        entry = readdir(dir);
        if (!entry)
            break;
        if (is_drop_in(entry->d_name))
            err = add(drop_ins, folder, entry->d_name, error);
    }
    if (err == 0 && errno != 0)
        err = ap_error_set(error, AP_EIO, "%s: cannot be read: %s", folder, strerror(errno));
    (void)closedir(dir); /* nothing was written */
    return err;
}

/* Bytes, not the locale's order: the same everywhere. */
static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int config_drop_ins_list(struct config_drop_ins *ret, const char *main_path, struct ap_error *error)
{
    struct buf folder;
    char *copy = strdup(main_path); /* dirname() writes into it */
    int err = AP_ENOMEM;

    buf_init(&folder, PATH_MAX_BYTES);
    ret->paths = calloc(AP_CONFIG_DROPINS_MAX, sizeof(*ret->paths));
    if (copy && ret->paths)
        err = buf_printf(&folder, "%s/conf.d", dirname(copy));
    if (err) {
        err = ap_error_set(error, err, "%s: %s", main_path, ap_strerror(err));
        goto out;
    }
    err = read_folder(ret, folder.data, error);
    if (err == 0)
        qsort(ret->paths, ret->count, sizeof(*ret->paths), compare_paths);
out:
    buf_done(&folder);
    free(copy);
    return err;
}

void config_drop_ins_done(struct config_drop_ins *drop_ins)
{
    for (size_t i = 0; i < drop_ins->count; i++)
        free(drop_ins->paths[i]);
    free(drop_ins->paths);
    drop_ins->paths = NULL;
    drop_ins->count = 0;
}
