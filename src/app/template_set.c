/* Folders of templates, and texts between them. The only reader of template files. */
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
    enum template_source source;
};

struct passed_over {
    char *file, *why;
};

struct template_set {
    struct template_entry *entries;
    size_t count;
    struct passed_over *passed;
    size_t passed_count;
    bool missed_passed; /* while linking: what was looked for last was passed over */
};

const char *template_source_name(enum template_source source)
{
    static const char *const NAMES[] = {[TEMPLATE_SHIPPED] = "shipped",
                                        [TEMPLATE_STORED] = "stored",
                                        [TEMPLATE_FILE] = "file",
                                        [TEMPLATE_TRIAL] = "trial"};

    return NAMES[source];
}

/* A name that is hidden, or that an editor or a package manager gave to a copy, is none. */
bool template_set_is_name(const char *file)
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

static int add_entry(struct template_set *set, const char *file, struct template *template,
                     enum template_source source)
{
    struct template_entry *grown = realloc(set->entries, (set->count + 1) * sizeof(*set->entries));
    if (!grown)
        return AP_ENOMEM;
    set->entries = grown;
    char *name = strdup(file);
    if (!name)
        return AP_ENOMEM;
    set->entries[set->count++] =
        (struct template_entry){.file = name, .template = template, .source = source};
    return 0;
}

/* -- passed over ------------------------------------------------------------------------------- */

static int pass_over(struct template_set *set, const char *file, const char *why)
{
    struct passed_over *grown = realloc(set->passed, (set->passed_count + 1) * sizeof(*grown));

    if (!grown)
        return AP_ENOMEM;
    set->passed = grown;
    grown[set->passed_count] = (struct passed_over){strdup(file), strdup(why)};
    if (!grown[set->passed_count].file || !grown[set->passed_count].why) {
        free(grown[set->passed_count].file);
        free(grown[set->passed_count].why);
        return AP_ENOMEM;
    }
    set->passed_count++;
    return 0;
}

static const char *find_passed(const struct template_set *set, const char *file, size_t len)
{
    for (size_t i = 0; i < set->passed_count; i++) {
        if (strlen(set->passed[i].file) == len && memcmp(set->passed[i].file, file, len) == 0)
            return set->passed[i].why;
    }
    return NULL;
}

const char *template_set_why(const struct template_set *set, const char *file)
{
    return find_passed(set, file, strlen(file));
}

bool template_set_passed_over(const struct template_set *set, size_t index, const char **ret_file,
                              const char **ret_why)
{
    if (index >= set->passed_count)
        return false;
    *ret_file = set->passed[index].file;
    *ret_why = set->passed[index].why;
    return true;
}

/* -- loading ----------------------------------------------------------------------------------- */

static int add_text(struct template_set *set, const struct template_text *text,
                    enum template_source source, struct ap_error *error)
{
    struct template *template = NULL;
    int err = template_compile(text->name, text->text, strlen(text->text), &template, error);

    if (err)
        return err;
    err = add_entry(set, text->name, template, source);
    if (err) {
        template_free(template);
        return ap_error_set(error, err, "%s: %s", text->name, ap_strerror(err));
    }
    return 0;
}

static int load_stored(struct template_set *set, const struct template_sources *sources,
                       struct ap_error *error)
{
    int err = 0;

    for (size_t i = 0; !err && i < sources->stored_count; i++) {
        const struct template_text *text = &sources->stored[i];
        struct ap_error why = {{0}};
        if (find_entry(set, text->name, strlen(text->name)) || template_set_why(set, text->name))
            continue;
        err = add_text(set, text, TEMPLATE_STORED, &why);
        if (err && err != AP_ENOMEM)
            err = pass_over(set, text->name, why.text);
        if (err)
            (void)ap_error_set(error, err, "%s: %s", text->name, ap_strerror(err));
    }
    return err;
}

/* A file of the same name that is already there, from the folder before, stays. */
static int load_file(struct template_set *set, const char *folder, const char *file,
                     enum template_source source, struct ap_error *error)
{
    char path[4096];
    struct template *template = NULL;

    if (!template_set_is_name(file) || find_entry(set, file, strlen(file)) ||
        (source == TEMPLATE_FILE && template_set_why(set, file)))
        return 0;
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, file) >= sizeof(path))
        return ap_error_set(error, AP_ERANGE, "%s: the path is too long", folder);
    int err = compile_file(path, &template, error);
    if (err)
        return err;
    err = add_entry(set, file, template, source);
    if (err) {
        template_free(template);
        return ap_error_set(error, err, "%s: %s", path, ap_strerror(err));
    }
    return 0;
}

static int load_folder(struct template_set *set, const char *folder, enum template_source source,
                       struct ap_error *error)
{
    bool may_be_absent = source == TEMPLATE_FILE;
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
            err = load_file(set, folder, files[i]->d_name, source, error);
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
    struct template_set *set = data;
    const struct template_entry *entry = find_entry(set, name, len);

    set->missed_passed = !entry && find_passed(set, name, len);
    return entry ? entry->template : NULL;
}

static void clear_entries(struct template_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        free(set->entries[i].file);
        template_free(set->entries[i].template);
    }
    set->count = 0;
}

/* A file of the admin's may call shipped ones and the other way round. *ret_again: one more was
 * passed over, so what it stood before is to be loaded. */
static int link_all(struct template_set *set, bool *ret_again, struct ap_error *error)
{
    *ret_again = false;
    for (size_t i = 0; i < set->count; i++) {
        const struct template_entry *entry = &set->entries[i];
        int err = template_link(entry->template, find_linked, set, false, error);
        if (!err)
            continue;
        *ret_again = entry->source == TEMPLATE_STORED ||
                     (entry->source == TEMPLATE_FILE && set->missed_passed);
        return *ret_again ? pass_over(set, entry->file, error->text) : err;
    }
    return 0;
}

static int load_once(struct template_set *set, const struct template_sources *sources,
                     struct ap_error *error)
{
    int err = sources->trial ? add_text(set, sources->trial, TEMPLATE_TRIAL, error) : 0;

    if (!err)
        err = load_folder(set, sources->custom_folder, TEMPLATE_FILE, error);
    if (!err)
        err = load_stored(set, sources, error);
    if (!err)
        err = load_folder(set, sources->shipped_folder, TEMPLATE_SHIPPED, error);
    if (!err && set->count == 0)
        err = ap_error_set(error, AP_ENOENT, "%s: no template in it", sources->shipped_folder);
    return err;
}

int template_set_load_all(const struct template_sources *sources, struct template_set **ret_set,
                          struct ap_error *error)
{
    struct template_set *set = calloc(1, sizeof(*set));
    bool again = true;
    int err = 0;

    if (!set)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", sources->shipped_folder,
                            ap_strerror(AP_ENOMEM));
    /* Each time one name more is passed over: it ends. */
    while (!err && again) {
        clear_entries(set);
        err = load_once(set, sources, error);
        if (!err)
            err = link_all(set, &again, error);
    }
    if (err) {
        template_set_free(set);
        return err;
    }
    qsort(set->entries, set->count, sizeof(*set->entries), by_file);
    *ret_set = set;
    return 0;
}

int template_set_load(const char *shipped_folder, const char *custom_folder,
                      struct template_set **ret_set, struct ap_error *error)
{
    const struct template_sources sources = {.custom_folder = custom_folder,
                                             .shipped_folder = shipped_folder};

    return template_set_load_all(&sources, ret_set, error);
}

void template_set_free(struct template_set *set)
{
    if (!set)
        return;
    clear_entries(set);
    for (size_t i = 0; i < set->passed_count; i++) {
        free(set->passed[i].file);
        free(set->passed[i].why);
    }
    free(set->passed);
    free(set->entries);
    free(set);
}

const struct template *template_set_find(const struct template_set *set, const char *file)
{
    struct template_entry *entry = find_entry(set, file, strlen(file));

    return entry ? entry->template : NULL;
}

enum template_source template_set_source(const struct template_set *set, const char *file)
{
    const struct template_entry *entry = find_entry(set, file, strlen(file));

    return entry ? entry->source : TEMPLATE_SHIPPED;
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
