/* Folders of vendor files. The only reader of them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/buf.h"
#include "autoprov/file.h"
#include "autoprov/text.h"
#include "catalogue_private.h"

#define SUFFIX ".json"
#define ZONES  "time_zones"

/* A file of either folder, and its name without the suffix. */
struct entry {
    const char *folder;
    char *name;
};

struct entries {
    struct entry *rows;
    size_t count;
};

static void entries_done(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->rows[i].name);
    free(entries->rows);
}

/* Length of "yealink" in "yealink.json", or 0 for a file that is not ours. */
static size_t name_len(const char *file)
{
    size_t len = strlen(file);
    size_t suffix = strlen(SUFFIX);

    if (len <= suffix || file[0] == '.' || strcmp(file + len - suffix, SUFFIX) != 0)
        return 0;
    return len - suffix;
}

/* A name that is already there, from the folder before, stays. */
static int add_entry(struct entries *entries, const char *folder, const char *file)
{
    size_t len = name_len(file);

    if (len == 0)
        return 0;
    for (size_t i = 0; i < entries->count; i++) {
        if (strlen(entries->rows[i].name) == len && memcmp(entries->rows[i].name, file, len) == 0)
            return 0;
    }
    struct entry *grown = realloc(entries->rows, (entries->count + 1) * sizeof(*grown));
    if (!grown)
        return AP_ENOMEM;
    entries->rows = grown;
    char *name = strndup(file, len);
    if (!name)
        return AP_ENOMEM;
    entries->rows[entries->count++] = (struct entry){folder, name};
    return 0;
}

static int list_folder(struct entries *entries, const char *folder, bool may_be_absent,
                       struct ap_error *error)
{
    struct dirent **files = NULL;
    int err = 0;
    int count = scandir(folder, &files, NULL, alphasort);

    if (count < 0) {
        if (errno == ENOENT && may_be_absent)
            return 0;
        if (errno == ENOENT || errno == ENOTDIR)
            err = AP_ENOENT;
        else if (errno == EACCES)
            err = AP_EPERM;
        else
            err = errno == ENOMEM ? AP_ENOMEM : AP_EIO;
        return ap_error_set(error, err, "%s: folder of vendor files cannot be read: %s", folder,
                            strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        if (!err)
            err = add_entry(entries, folder, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    if (err)
        return ap_error_set(error, err, "%s: %s", folder, ap_strerror(err));
    return 0;
}

/* The time zones first, as vendors' tables name them; then vendors by name. */
static int by_name(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    bool a_zones = strcmp(a->name, ZONES) == 0;
    bool b_zones = strcmp(b->name, ZONES) == 0;

    if (a_zones != b_zones)
        return b_zones - a_zones;
    return strcmp(a->name, b->name);
}

/* As stored in phone rows. */
static bool is_vendor_name(const char *name)
{
    size_t len = 0;

    for (; name[len]; len++) {
        bool is_lower = name[len] >= 'a' && name[len] <= 'z';
        if (!is_lower && !text_is_digit(name[len]) && name[len] != '-')
            return false;
    }
    return len <= AP_NAME_MAX_BYTES;
}

static int load_entry(struct catalogue *catalogue, const struct entry *entry,
                      struct ap_error *error)
{
    char path[4096];
    struct buf text;
    bool is_zones = strcmp(entry->name, ZONES) == 0;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s" SUFFIX, entry->folder, entry->name) >=
        sizeof(path))
        return ap_error_set(error, AP_ERANGE, "%s: the path is too long", entry->folder);
    if (!is_zones && !is_vendor_name(entry->name))
        return ap_error_set(error, AP_EINVAL,
                            "%s:1:1: a vendor's file is named by lower-case letters, digits and "
                            "'-', at most %d of them; rename it",
                            path, AP_NAME_MAX_BYTES);
    buf_init(&text, AP_CATALOGUE_FILE_MAX_BYTES);
    int err = file_read(path, &text, error);
    if (!err) {
        struct catalogue_text file = {path, entry->name, text.data ? text.data : "", text.len};
        err = is_zones ? catalogue_add_zones(catalogue, &file, error)
                       : catalogue_add_vendor(catalogue, &file, error);
    }
    buf_done(&text);
    return err;
}

static int load(struct catalogue *catalogue, const char *shipped_folder, const char *custom_folder,
                struct ap_error *error)
{
    struct entries entries = {0};
    int err = 0;

    if (custom_folder)
        err = list_folder(&entries, custom_folder, true, error);
    if (!err)
        err = list_folder(&entries, shipped_folder, false, error);
    if (!err && entries.count > 0)
        qsort(entries.rows, entries.count, sizeof(*entries.rows), by_name);
    for (size_t i = 0; !err && i < entries.count; i++)
        err = load_entry(catalogue, &entries.rows[i], error);
    entries_done(&entries);
    if (err)
        return err;
    if (catalogue->vendor_count == 0)
        return ap_error_set(error, AP_ENOENT, "%s: no vendor file (NAME" SUFFIX ") in it",
                            shipped_folder);
    return catalogue_index(catalogue, error);
}

int catalogue_load(const char *shipped_folder, const char *custom_folder,
                   struct catalogue **ret_catalogue, struct ap_error *error)
{
    struct catalogue *catalogue = catalogue_new();

    if (!catalogue)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", shipped_folder, ap_strerror(AP_ENOMEM));
    int err = load(catalogue, shipped_folder, custom_folder, error);
    if (err) {
        catalogue_free(catalogue);
        return err;
    }
    *ret_catalogue = catalogue;
    return 0;
}
