/* Catalogue, templates and view come together here. Knows no store, no network, no policy. */
#include "autoprov/rendering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/phone_file.h"
#include "autoprov/secret.h"
#include "phone_view_private.h"

#define TOO_MUCH                                                                                   \
    "the file is larger than 256 KiB, or its template repeats or nests itself beyond the limits "  \
    "of "                                                                                          \
    "docs/templates.md"

/* -- loading ----------------------------------------------------------------------------------- */

static int check_template(const struct rendering *rendering,
                          const struct rendering_folders *folders,
                          const struct catalogue_vendor *vendor, const char *name,
                          struct ap_error *error)
{
    if (!name || template_set_find(rendering->templates, name) ||
        template_set_why(rendering->templates, name))
        return 0;
    return ap_error_set(error, AP_ENOENT,
                        "vendor '%s' names the template '%s', which is neither in %s nor in %s",
                        vendor->name, name, folders->templates, folders->custom_templates);
}

static int check_vendor(const struct rendering *rendering, const struct rendering_folders *folders,
                        const struct catalogue_vendor *vendor, struct ap_error *error)
{
    int err = 0;

    for (size_t i = 0; !err && i < vendor->file_count; i++)
        err = check_template(rendering, folders, vendor, vendor->files[i].template_name, error);
    for (size_t i = 0; !err && i < vendor->file_count; i++)
        err = check_template(rendering, folders, vendor, vendor->files[i].bootstrap_name, error);
    for (size_t i = 0; !err && i < vendor->model_count; i++)
        err = check_template(rendering, folders, vendor, vendor->models[i].template_name, error);
    for (size_t i = 0; !err && i < vendor->model_count; i++)
        err = check_template(rendering, folders, vendor, vendor->models[i].bootstrap_name, error);
    return err;
}

static const struct template *find_none(void *data, const char *name, size_t len)
{
    (void)data;
    (void)name;
    (void)len;
    return NULL;
}

/* A URL's form sees other URLs only. */
static int check_url_name(void *data, const struct template_name *name)
{
    static const char *const NAMES[] = {"provisioning_base_url", "provisioning_url",
                                        "provisioning_host", "provisioning_path",
                                        "provisioning_host_path"};

    for (size_t i = 0; i < AP_COUNT(NAMES); i++) {
        if (strlen(NAMES[i]) == name->name_len && memcmp(NAMES[i], name->name, name->name_len) == 0)
            return 0;
    }
    return ap_error_set(
        (struct ap_error *)data, AP_EINVAL,
        "%s: unknown variable '%.*s'; known are provisioning_base_url, _url, _host, "
        "_path and _host_path",
        template_name(name->template), name->name_len < 64 ? (int)name->name_len : 64, name->name);
}

static int compile_url(const struct catalogue_vendor *vendor, const char *what, const char *text,
                       struct template **ret_template, struct ap_error *error)
{
    char name[AP_NAME_MAX_BYTES + 16];

    (void)snprintf(name, sizeof(name), "%s of %s", what, vendor->name); /* 64 bytes at most */
    int err = template_compile(name, text, strlen(text), ret_template, error);
    if (!err)
        err = template_link(*ret_template, find_none, NULL, false, error);
    return err ? err : template_each_name(*ret_template, check_url_name, error);
}

static int bind_vendors(struct rendering *rendering, const struct rendering_folders *folders,
                        struct ap_error *error)
{
    const struct catalogue_vendor *vendor;
    size_t count = 0;
    int err = 0;

    while (catalogue_vendor_at(rendering->catalogue, count))
        count++;
    rendering->urls = calloc(count + 1, sizeof(struct template *));
    rendering->pnp_urls = calloc(count + 1, sizeof(struct template *));
    if (!rendering->urls || !rendering->pnp_urls)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", folders->vendors, ap_strerror(AP_ENOMEM));
    for (size_t i = 0; !err && (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        err = check_vendor(rendering, folders, vendor, error);
        if (!err)
            err = compile_url(vendor, "url", vendor->url, &rendering->urls[i], error);
        if (!err)
            err = compile_url(vendor, "pnp_url", vendor->pnp_url, &rendering->pnp_urls[i], error);
    }
    return err;
}

int rendering_load(const struct rendering_folders *folders, struct rendering **ret_rendering,
                   struct ap_error *error)
{
    const struct template_sources sources = {.trial = folders->trial,
                                             .custom_folder = folders->custom_templates,
                                             .stored = folders->stored,
                                             .stored_count = folders->stored_count,
                                             .shipped_folder = folders->templates};
    struct rendering *rendering = calloc(1, sizeof(*rendering));

    if (!rendering)
        return ap_error_set(error, AP_ENOMEM, "%s: %s", folders->templates, ap_strerror(AP_ENOMEM));
    atomic_init(&rendering->references, 1);
    int err =
        catalogue_load(folders->vendors, folders->custom_vendors, &rendering->catalogue, error);
    if (!err)
        err = template_set_load_all(&sources, &rendering->templates, error);
    if (!err)
        err = bind_vendors(rendering, folders, error);
    if (err) {
        rendering_free(rendering);
        return err;
    }
    *ret_rendering = rendering;
    return 0;
}

static void free_urls(struct template **urls)
{
    for (size_t i = 0; urls && urls[i]; i++)
        template_free(urls[i]);
    free(urls);
}

struct rendering *rendering_ref(struct rendering *rendering)
{
    atomic_fetch_add_explicit(&rendering->references, 1, memory_order_relaxed);
    return rendering;
}

void rendering_free(struct rendering *rendering)
{
    if (!rendering ||
        atomic_fetch_sub_explicit(&rendering->references, 1, memory_order_acq_rel) != 1)
        return;
    free_urls(rendering->urls);
    free_urls(rendering->pnp_urls);
    template_set_free(rendering->templates);
    catalogue_free(rendering->catalogue);
    free(rendering);
}

/* -- rendering --------------------------------------------------------------------------------- */

static const struct template *url_form(const struct rendering *rendering,
                                       const struct rendering_job *job)
{
    const struct catalogue_vendor *other;

    for (size_t i = 0; (other = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        if (other == job->vendor)
            return job->for_notify ? rendering->pnp_urls[i] : rendering->urls[i];
    }
    return NULL;
}

static int build_view(const struct rendering *rendering, const struct rendering_job *job,
                      struct arena *arena, struct value *ret_view, struct ap_error *error)
{
    const struct phone_view_source source = {
        .catalogue = rendering->catalogue,
        .vendor = job->vendor,
        .model = job->model,
        .phone = job->phone,
        .settings = job->settings,
        .setting_count = job->setting_count,
        .public_url = job->public_url,
        .prefix = job->prefix,
        .token = job->token,
        .url = url_form(rendering, job),
        .withhold_secrets = job->withhold_secrets || job->bootstrap,
        .mask_secrets = job->mask_secrets,
    };

    return phone_view_build(&source, arena, ret_view, error);
}

/* The file in whose place models have templates of their own: by any of the names that it may be
 * asked for. */
static bool is_own_file(const struct rendering_job *job)
{
    const struct catalogue_file *own = phone_file_next(job->vendor, job->model, NULL);

    return job->file->role == CATALOGUE_CONFIG && own &&
           strcmp(job->file->template_name, own->template_name) == 0;
}

const struct template *rendering_template(const struct rendering *rendering,
                                          const struct rendering_job *job)
{
    const char *name = job->bootstrap ? job->file->bootstrap_name : job->file->template_name;
    const char *of_model = !job->model      ? NULL
                           : job->bootstrap ? job->model->bootstrap_name
                                            : job->model->template_name;

    if (name && of_model && is_own_file(job))
        name = of_model;
    return name ? template_set_find(rendering->templates, name) : NULL;
}

/* Every line of body that holds VIEW_WITHHELD goes; body has line feeds alone yet. */
static void leave_out_lines(struct buf *body)
{
    size_t kept = 0;

    for (size_t at = 0; at < body->len;) {
        const char *line = body->data + at;
        const char *end = memchr(line, '\n', body->len - at);
        size_t len = end ? (size_t)(end - line) + 1 : body->len - at;
        if (!memmem(line, len, VIEW_WITHHELD, sizeof(VIEW_WITHHELD) - 1)) {
            memmove(body->data + kept, line, len);
            kept += len;
        }
        at += len;
    }
    if (kept < body->len) {
        secret_wipe(body->data + kept, body->len - kept);
        body->data[kept] = '\0';
        body->len = kept;
    }
}

int rendering_render_with(const struct rendering *rendering, const struct rendering_job *job,
                          const struct template *template, struct arena *arena, struct buf *body,
                          struct ap_error *error)
{
    struct value view;
    int err = build_view(rendering, job, arena, &view, error);

    if (err)
        return err;
    err = template_render(template, job->file->dialect, &view, body);
    if (err)
        return ap_error_set(error, err, "%s: %s", template_name(template),
                            err == AP_EINVAL   ? "a value cannot stand in this kind of file"
                            : err == AP_ERANGE ? TOO_MUCH
                                               : ap_strerror(err));
    if (job->withhold_secrets || job->bootstrap)
        leave_out_lines(body);
    err = dialect_convert(job->file->dialect, body);
    return err ? ap_error_set(error, err, "%s: a character that this kind of file has not: %s",
                              template_name(template), ap_strerror(err))
               : 0;
}

int rendering_render(const struct rendering *rendering, const struct rendering_job *job,
                     struct arena *arena, struct buf *body, struct ap_error *error)
{
    const struct template *template = rendering_template(rendering, job);

    if (!template)
        return ap_error_set(error, AP_ENOENT, "the template '%s' is gone",
                            job->file->template_name);
    return rendering_render_with(rendering, job, template, arena, body, error);
}

int rendering_phone_url(const struct rendering *rendering, const struct rendering_job *job,
                        struct arena *arena, const char **ret_url, struct ap_error *error)
{
    static const char NAME[] = "phone_url";
    struct value view;
    int err = build_view(rendering, job, arena, &view, error);

    if (err)
        return err;
    const struct value *url = value_find(&view, NAME, sizeof(NAME) - 1);
    *ret_url = url && url->kind == VALUE_TEXT ? url->as.text : "";
    return 0;
}
