/* What is rendered for whom: the catalogue and the templates, bound together. */
#ifndef AUTOPROV_RENDERING_H
#define AUTOPROV_RENDERING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/arena.h"
#include "autoprov/buf.h"
#include "autoprov/catalogue.h"
#include "autoprov/err.h"
#include "autoprov/phone_view.h"
#include "autoprov/template_set.h"

/* Immutable but for its references, part of snapshots, any number of threads. */
struct rendering {
    _Atomic uint32_t references;
    struct catalogue *catalogue;
    struct template_set *templates;
    /* The vendors' URL forms, in the order of catalogue_vendor_at(). */
    struct template **urls, **pnp_urls;
};

struct rendering_folders {
    const char *templates, *custom_templates; /* custom ones may be absent */
    const char *vendors, *custom_vendors;
    const struct template_text *stored; /* as of struct template_sources */
    size_t stored_count;
    const struct template_text *trial; /* NULL: none */
};

/* Load both, and check that each template that the catalogue names is there.
 * *ret_rendering: caller owns, free with rendering_free().
 * Errors, each with a line: those of template_set_load() and catalogue_load(); AP_ENOENT a template
 * is missing: one that was passed over (template_set_load_all()) fails when it is rendered. */
AP_MUSTCHECK int rendering_load(const struct rendering_folders *folders,
                                struct rendering **ret_rendering, struct ap_error *error);
/* One reference more; rendering_free() gives one back. */
struct rendering *rendering_ref(struct rendering *rendering);
void rendering_free(struct rendering *rendering);

/* One file. Everything is borrowed for the call. */
struct rendering_job {
    const struct catalogue_vendor *vendor;
    const struct catalogue_model *model;  /* NULL: not in the catalogue */
    const struct catalogue_file *file;    /* with a template */
    const struct store_phone *phone;      /* NULL: a common file */
    const struct store_setting *settings; /* of a common file */
    size_t setting_count;
    const char *public_url, *prefix;
    const struct token *token; /* NULL: flat */
    bool bootstrap;            /* its bootstrap file, with token for the phone's URL */
    bool withhold_secrets;     /* lines with a password or another secret are left out */
    bool mask_secrets;
    bool for_notify; /* of rendering_phone_url() */
};

/* The template of the job's file, or of its bootstrap file: the model's own for the phone's config
 * file, else the file's. NULL: none. */
const struct template *rendering_template(const struct rendering *rendering,
                                          const struct rendering_job *job);

/* The same job with another template: for checks of one that is not in use yet. */
AP_MUSTCHECK int rendering_render_with(const struct rendering *rendering,
                                       const struct rendering_job *job,
                                       const struct template *template, struct arena *arena,
                                       struct buf *body, struct ap_error *error);

/* Append the file to body, in its character set and with its line ends. Values come from arena.
 * Errors, each with a line without secrets: AP_ENOENT no such template; those of
 * phone_view_build(), template_render() and dialect_convert(). */
AP_MUSTCHECK int rendering_render(const struct rendering *rendering,
                                  const struct rendering_job *job, struct arena *arena,
                                  struct buf *body, struct ap_error *error);

/* What the vendor's phone is to be told: its URL in the vendor's form, that of what is typed into
 * it or, for_notify, of what a NOTIFY tells it ("": it cannot be told one); borrowed from arena.
 * Errors: as above. */
AP_MUSTCHECK int rendering_phone_url(const struct rendering *rendering,
                                     const struct rendering_job *job, struct arena *arena,
                                     const char **ret_url, struct ap_error *error);

#endif
