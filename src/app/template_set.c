/* Folders of templates. The only reader of template files. */
#include "autoprov/template_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/buf.h"
#include "autoprov/file.h"
#include "autoprov/limits.h"

#define TEMPLATE_SUFFIX ".xml"

struct template_entry {
    char *vendor;
    struct template *template;
};

struct template_set {
    struct template_entry *entries;
    size_t count;
};

/* The vendor's part of "linphone.xml", or 0 for a file that is no template. */
static size_t vendor_len(const char *file)
{
    size_t len = strlen(file);
    size_t suffix = strlen(TEMPLATE_SUFFIX);

    if (len <= suffix || file[0] == '.' || strcmp(file + len - suffix, TEMPLATE_SUFFIX) != 0)
        return 0;
    return len - suffix;
}

static struct template_entry *find_entry(const struct template_set *set, const char *vendor,
                                         size_t len)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strlen(set->entries[i].vendor) == len &&
            memcmp(set->entries[i].vendor, vendor, len) == 0)
            return &set->entries[i];
    }
    return NULL;
}

static int compile_file(const char *path, struct template **ret_template, struct ap_error *error)
{
    struct buf text;

    buf_init(&text, AP_TEMPLATE_MAX_BYTES);
    int err = file_read(path, &text, error);
    if (!err)
        err = template_compile(path, text.data ? text.data : "", text.len, TEMPLATE_ESCAPE_XML,
                               ret_template, error);
    buf_done(&text);
    return err;
}

static int add_entry(struct template_set *set, const char *vendor, size_t len,
                     struct template *template)
{
    struct template_entry *grown = realloc(set->entries, (set->count + 1) * sizeof(*set->entries));
    if (!grown)
        return AP_ENOMEM;
    set->entries = grown;
    char *name = strndup(vendor, len);
    if (!name)
        return AP_ENOMEM;
    set->entries[set->count++] = (struct template_entry){.vendor = name, .template = template};
    return 0;
}

/* A vendor that is already there, from the folder before, stays. */
static int load_file(struct template_set *set, const char *folder, const char *file,
                     struct ap_error *error)
{
    char path[4096];
    struct template *template = NULL;
    size_t len = vendor_len(file);

    if (len == 0 || find_entry(set, file, len))
        return 0;
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, file) >= sizeof(path))
        return ap_error_set(error, AP_ERANGE, "%s: the path is too long", folder);
    int err = compile_file(path, &template, error);
    if (err)
        return err;
    err = add_entry(set, file, len, template);
    if (err) {
        template_free(template);
        return ap_error_set(error, err, "%s: %s", path, ap_strerror(err));
    }
    return 0;
}

static int load_folder(struct template_set *set, const char *folder, bool may_be_absent,
                       struct ap_error *error)
{
    struct dirent **files = NULL;
    int err = 0;
    int count = scandir(folder, &files, NULL, alphasort);

    if (count < 0) {
        if (errno == ENOENT && may_be_absent)
            return 0;
        return ap_error_set(error, errno == EACCES ? AP_EPERM : AP_ENOENT,
                            "%s: template folder cannot be read: %s", folder, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        if (!err)
            err = load_file(set, folder, files[i]->d_name, error);
        free(files[i]);
    }
    free(files);
    return err;
}

static int by_vendor(const void *left, const void *right)
{
    const struct template_entry *a = left;
    const struct template_entry *b = right;

    return strcmp(a->vendor, b->vendor);
}

int template_set_load(const char *shipped_folder, const char *custom_folder,
                      struct template_set **ret_set, struct ap_error *error)
{
    struct template_set *set = calloc(1, sizeof(*set));
    int err;

    if (!set)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", shipped_folder, ap_strerror(AP_ENOMEM));
    err = load_folder(set, custom_folder, true, error);
    if (!err)
        err = load_folder(set, shipped_folder, false, error);
    if (!err && set->count == 0)
        err = ap_error_set(error, AP_ENOENT, "%s: no template (NAME%s) in it", shipped_folder,
                           TEMPLATE_SUFFIX);
    if (err) {
        template_set_free(set);
        return err;
    }
    qsort(set->entries, set->count, sizeof(*set->entries), by_vendor);
    *ret_set = set;
    return 0;
}

void template_set_free(struct template_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->entries[i].vendor);
        template_free(set->entries[i].template);
    }
    free(set->entries);
    free(set);
}

const struct template *template_set_find(const struct template_set *set, const char *vendor)
{
    struct template_entry *entry = find_entry(set, vendor, strlen(vendor));

    return entry ? entry->template : NULL;
}

const struct template *template_set_at(const struct template_set *set, size_t index,
                                       const char **ret_vendor)
{
    if (index >= set->count)
        return NULL;
    if (ret_vendor)
        *ret_vendor = set->entries[index].vendor;
    return set->entries[index].template;
}
