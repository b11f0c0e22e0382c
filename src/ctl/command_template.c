/* template …: without the daemon */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/config.h"
#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/template_check.h"
#include "ctl_private.h"

/* Catalogue and templates of the configuration; *ret_rendering stays NULL unless CTL_OK. */
static int load(const struct ctl_args *args, struct rendering **ret_rendering)
{
    struct config *config = NULL;
    struct ap_error error;
    int err = config_load(args->config_path, &config, &error);

    if (!err) {
        const struct rendering_folders folders = {
            .templates = config->templates_directory,
            .custom_templates = config->custom_templates_directory,
            .vendors = config->vendors_directory,
            .custom_vendors = config->custom_vendors_directory,
        };
        err = rendering_load(&folders, ret_rendering, &error);
    }
    config_free(config);
    return err ? ctl_fail(ctl_exit_of(err), "%s", error.text) : CTL_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* -- check ------------------------------------------------------------------------------------- */

static void print_fault(void *data, const char *line)
{
    (void)data;
    (void)ctl_fail(CTL_INVALID, "%s", line); /* the check itself gives the code */
}

static int finish_check(const char *path, int err, size_t renderings)
{
    if (err == AP_EINVAL)
        return CTL_INVALID; /* its faults are printed */
    if (err)
        return ctl_fail(ctl_exit_of(err), "%s: %s", path, ap_strerror(err));
    printf("%s: ok, %zu rendering%s tried\n", path, renderings, renderings == 1 ? "" : "s");
    return CTL_OK;
}

/* What a checked file calls: itself by its file name, else what is in use. */
struct callees {
    const struct rendering *rendering;
    const char *file;
    const struct template *self;
};

static const struct template *find_callee(void *data, const char *name, size_t len)
{
    const struct callees *callees = data;
    char file[AP_TEXT_MAX_BYTES + 1];

    if (len >= sizeof(file))
        return NULL;
    memcpy(file, name, len);
    file[len] = '\0';
    if (strcmp(file, callees->file) == 0)
        return callees->self;
    return template_set_find(callees->rendering->templates, file);
}

/* As if the file stood in the admin's folder. */
static int check_file(struct rendering *rendering, const char *path)
{
    struct template *template = NULL;
    struct ap_error error = {{0}};
    struct buf text;
    size_t renderings = 0;
    int code = CTL_OK;

    buf_init(&text, AP_TEMPLATE_MAX_BYTES);
    int err = file_read(path, &text, &error);
    if (err) {
        code = ctl_fail(ctl_exit_of(err), "%s", error.text);
        goto out;
    }
    if (text.len == 0) {
        code = ctl_fail(CTL_INVALID, "%s: empty; write the template or remove the file", path);
        goto out;
    }
    err = template_check_text(path, text.data ? text.data : "", text.len, print_fault, NULL);
    if (err) {
        code = CTL_INVALID;
        goto out;
    }
    err = template_compile(path, text.data ? text.data : "", text.len, &template, &error);
    if (!err) {
        struct callees callees = {rendering, base_name(path), template};
        err = template_link(template, find_callee, &callees, false, &error);
    }
    if (err)
        code = ctl_fail(ctl_exit_of(err), "%s", error.text);
    if (code == CTL_OK) {
        err = template_check(rendering, template, base_name(path), print_fault, NULL, &renderings);
        code = finish_check(path, err, renderings);
    }
out:
    template_free(template);
    buf_done(&text);
    return code;
}

static int check_all(struct rendering *rendering)
{
    const struct template *template;
    const char *file;
    int code = CTL_OK;

    for (size_t i = 0; (template = template_set_at(rendering->templates, i, &file)); i++) {
        size_t renderings = 0;
        int err = template_check(rendering, template, file, print_fault, NULL, &renderings);
        int one = finish_check(template_name(template), err, renderings);
        code = code == CTL_OK ? one : code;
    }
    return code;
}

int ctl_template_check(const struct ctl_args *args)
{
    struct rendering *rendering = NULL;
    bool all = ctl_arg(args, "all") != NULL;
    int code;

    if (all == (args->positional_count > 0))
        return ctl_fail(CTL_USAGE, "name template files, or give --all");
    code = load(args, &rendering);
    if (!rendering)
        return code;
    if (all)
        code = check_all(rendering);
    for (size_t i = 0; i < args->positional_count; i++) {
        int one = check_file(rendering, args->positionals[i]);
        code = code == CTL_OK ? one : code;
    }
    rendering_free(rendering);
    return code;
}

/* -- list, show, render ------------------------------------------------------------------------ */

static json_t *template_json(const struct rendering *rendering, const struct template *template,
                             const char *file)
{
    struct rendering_job job;
    json_t *vendors = json_array();
    const struct catalogue_vendor *vendor;

    for (size_t i = 0; vendors && (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        if (template_check_job(rendering, file, vendor->name, NULL, &job) == 0 &&
            json_array_append_new(vendors, json_string(vendor->name)) != 0) {
            json_decref(vendors);
            vendors = NULL;
        }
    }
    return json_pack("{s:s, s:o, s:s}", "template", file, "vendors", vendors, "file",
                     template_name(template));
}

int ctl_template_list(const struct ctl_args *args)
{
    static const struct ctl_column COLUMNS[] = {
        {"template", "TEMPLATE"}, {"vendors", "USED FOR"}, {"file", "FILE"}, {0}};
    struct rendering *rendering = NULL;
    const struct template *template;
    const char *file;
    json_t *items = json_array();
    int code = items ? load(args, &rendering) : ctl_fail(CTL_FAILED, "out of memory");

    for (size_t i = 0; rendering && code == CTL_OK &&
                       (template = template_set_at(rendering->templates, i, &file));
         i++) {
        if (json_array_append_new(items, template_json(rendering, template, file)) != 0)
            code = ctl_fail(CTL_FAILED, "out of memory");
    }
    if (code == CTL_OK)
        ctl_print_table(args, items, COLUMNS);
    json_decref(items);
    rendering_free(rendering);
    return code;
}

static int no_template(const char *name)
{
    return ctl_fail(CTL_NOT_FOUND, "there is no template '%s'; try: autoprovctl template list",
                    name);
}

static int read_template(const char *folder, const char *name, struct buf *text,
                         struct ap_error *error)
{
    char path[4096];

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
        return ap_error_set(error, AP_ERANGE, "%s: the path is too long", folder);
    return file_read(path, text, error);
}

/* The text in use: the admin's own, or the shipped one to begin from. Nothing is loaded, and an
 * empty file is passed over: a shell that writes this to the admin's folder has emptied it before.
 */
int ctl_template_show(const struct ctl_args *args)
{
    const char *name = args->positionals[0];
    struct config *config = NULL;
    struct ap_error error;
    struct buf text;
    int code = CTL_OK;
    int err = config_load(args->config_path, &config, &error);

    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    buf_init(&text, AP_TEMPLATE_MAX_BYTES);
    if (strchr(name, '/') || name[0] == '.') {
        code = no_template(name);
        goto out;
    }
    err = read_template(config->custom_templates_directory, name, &text, &error);
    if (err == AP_ENOENT || (!err && text.len == 0))
        err = read_template(config->templates_directory, name, &text, &error);
    if (err)
        code = err == AP_ENOENT ? no_template(name) : ctl_fail(ctl_exit_of(err), "%s", error.text);
    else
        (void)fwrite(text.data ? text.data : "", 1, text.len, stdout); /* ctl_finish() looks */
out:
    buf_done(&text);
    config_free(config);
    return code;
}

static int render(const struct ctl_args *args, const struct rendering *rendering)
{
    const char *name = args->positionals[0];
    struct rendering_job job;
    struct arena arena;
    struct buf body;
    struct ap_error error = {{0}};
    int code = CTL_OK;

    if (!template_set_find(rendering->templates, name))
        return no_template(name);
    if (template_check_job(rendering, name, ctl_arg(args, "vendor"), ctl_arg(args, "model"), &job))
        return ctl_fail(CTL_NOT_FOUND,
                        "'%s' is the file of no %s: it may be a part of other templates", name,
                        ctl_arg(args, "model") ? "such model" : "such vendor");
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init(&body, AP_BODY_MAX_BYTES);
    int err = rendering_render(rendering, &job, &arena, &body, &error);
    if (err)
        code = ctl_fail(ctl_exit_of(err), "%s", error.text);
    else if (body.len > 0)
        (void)fwrite(body.data, 1, body.len, stdout); /* ctl_finish() looks */
    buf_done(&body);
    arena_done(&arena);
    return code;
}

int ctl_template_render(const struct ctl_args *args)
{
    struct rendering *rendering = NULL;
    int code = load(args, &rendering);

    if (rendering)
        code = render(args, rendering);
    rendering_free(rendering);
    return code;
}
