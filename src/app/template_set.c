/* Folders of templates. The only reader of template files. */
#include "autoprov/template_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/buf.h"
#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"

struct template_entry {
    char *file;
    struct template *template;
};

struct template_set {
    struct template_entry *entries;
    size_t count;
};

/* A name that is hidden, or that an editor or a package manager gave to a copy, is none. */
static bool is_template(const char *file)
{
    static const char *const EXTENSIONS[] = {".xml", ".cfg", ".txt", ".json", ".conf"};
    const char *dot = strrchr(file, '.');

    if (!dot || !text_is_alnum(file[0]))
        return false;
    for (size_t i = 0; i < AP_COUNT(EXTENSIONS); i++) {
        if (strcmp(dot, EXTENSIONS[i]) == 0)
            return true;
    }
    return false;
}

static struct template_entry *find_entry(const struct template_set *set, const char *file,
                                         size_t len)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strlen(set->entries[i].file) == len && memcmp(set->entries[i].file, file, len) == 0)
            return &set->entries[i];
    }
    return NULL;
}

static int compile_file(const char *path, struct template **ret_template, struct ap_error *error)
{
    struct buf text;

    buf_init(&text, AP_TEMPLATE_MAX_BYTES);
    int err = file_read(path, &text, error);
    /* Phones take an empty file for their configuration; it is what is left of a copy gone wrong.
     */
    if (!err && text.len == 0)
        err = ap_error_set(error, AP_EINVAL, "%s: empty; write the template or remove the file",
                           path);
    if (!err)
        err = template_compile(path, text.data ? text.data : "", text.len, ret_template, error);
    buf_done(&text);
    return err;
}

static int add_entry(struct template_set *set, const char *file, struct template *template)
{
    struct template_entry *grown = realloc(set->entries, (set->count + 1) * sizeof(*set->entries));
    if (!grown)
        return AP_ENOMEM;
    set->entries = grown;
    char *name = strdup(file);
    if (!name)
        return AP_ENOMEM;
    set->entries[set->count++] = (struct template_entry){.file = name, .template = template};
    return 0;
}

/* A file of the same name that is already there, from the folder before, stays. */
static int load_file(struct template_set *set, const char *folder, const char *file,
                     struct ap_error *error)
{
    char path[4096];
    struct template *template = NULL;

    if (!is_template(file) || find_entry(set, file, strlen(file)))
        return 0;
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, file) >= sizeof(path))
        return ap_error_set(error, AP_ERANGE, "%s: the path is too long", folder);
    int err = compile_file(path, &template, error);
    if (err)
        return err;
    err = add_entry(set, file, template);
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

static int by_file(const void *left, const void *right)
{
    const struct template_entry *a = left;
    const struct template_entry *b = right;

    return strcmp(a->file, b->file);
}

static const struct template *find_linked(void *data, const char *name, size_t len)
{
    const struct template_entry *entry = find_entry(data, name, len);

    return entry ? entry->template : NULL;
}

/* A file of the admin's may call shipped ones and the other way round. */
static int link_all(struct template_set *set, struct ap_error *error)
{
    int err = 0;

    for (size_t i = 0; !err && i < set->count; i++)
        err = template_link(set->entries[i].template, find_linked, set, false, error);
    return err;
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
        err = ap_error_set(error, AP_ENOENT, "%s: no template in it", shipped_folder);
    if (!err)
        err = link_all(set, error);
    if (err) {
        template_set_free(set);
        return err;
    }
    qsort(set->entries, set->count, sizeof(*set->entries), by_file);
    *ret_set = set;
    return 0;
}

void template_set_free(struct template_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->entries[i].file);
        template_free(set->entries[i].template);
    }
    free(set->entries);
    free(set);
}

const struct template *template_set_find(const struct template_set *set, const char *file)
{
    struct template_entry *entry = find_entry(set, file, strlen(file));

    return entry ? entry->template : NULL;
}

const struct template *template_set_at(const struct template_set *set, size_t index,
                                       const char **ret_file)
{
    if (index >= set->count)
        return NULL;
    if (ret_file)
        *ret_file = set->entries[index].file;
    return set->entries[index].template;
}
