/* Templates before they meet a phone. The only user of expat; never on the way of a fetch. */
#include "autoprov/template_check.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

#include "autoprov/limits.h"

/* More faults of one template tell nothing new. */
#define FAULTS_MAX  32
#define FAULT_BYTES 256

struct check {
    const struct rendering *rendering;
    const struct template *template;
    const char *file;
    template_fault_fn found;
    void *data;
    struct arena arena;
    struct buf body;
    size_t renderings;
    char seen[FAULTS_MAX][FAULT_BYTES]; /* a partial is walked once for each place it is used in */
    size_t seen_count;
    bool failed;
    int err; /* AP_ENOMEM: the check itself could not go on */
};

static void report(void *data, const char *line)
{
    struct check *check = data;

    check->failed = true;
    for (size_t i = 0; i < check->seen_count; i++) {
        if (strncmp(check->seen[i], line, FAULT_BYTES - 1) == 0)
            return;
    }
    if (check->seen_count == FAULTS_MAX)
        return;
    (void)snprintf(check->seen[check->seen_count++], FAULT_BYTES, "%s", line); /* cut for this */
    check->found(check->data, line);
}

static void fill_job(const struct catalogue_vendor *vendor, const struct catalogue_model *model,
                     const struct catalogue_file *file, struct rendering_job *ret_job)
{
    static const struct token SAMPLE = {.text = "0123456789abcdef0123456789abcdef", .len = 32};

    *ret_job = (struct rendering_job){
        .vendor = vendor,
        .model = model,
        .file = file,
        .phone = file->role == CATALOGUE_COMMON ? NULL : phone_view_sample(),
        .public_url = "https://pbx.example.com",
        .prefix = "/provision",
        .token = &SAMPLE,
    };
}

/* What stands where in the result is of little use to a person: the line of the result is shown. */
static void check_xml(struct check *check, const char *whose)
{
    char line[AP_ERROR_TEXT_MAX];
    XML_Parser parser = XML_ParserCreate(NULL);

    if (!parser) {
        check->err = AP_ENOMEM;
        return;
    }
    if (XML_Parse(parser, check->body.data ? check->body.data : "", (int)check->body.len, 1) !=
        XML_STATUS_OK) {
        (void)snprintf(line, sizeof(line), /* long names are cut */
                       "%s: %s: the result is not well-formed XML: line %lu, column %lu: %s",
                       template_name(check->template), whose,
                       (unsigned long)XML_GetCurrentLineNumber(parser),
                       (unsigned long)XML_GetCurrentColumnNumber(parser) + 1,
                       XML_ErrorString(XML_GetErrorCode(parser)));
        report(check, line);
    }
    XML_ParserFree(parser);
}

static void check_job(struct check *check, const struct rendering_job *job)
{
    char line[2 * AP_ERROR_TEXT_MAX];
    char whose[2 * AP_NAME_MAX_BYTES + 2];
    struct ap_error error = {{0}};

    (void)snprintf(whose, sizeof(whose), "%s%s%s", job->vendor->name, job->model ? "/" : "",
                   job->model ? job->model->name : ""); /* 64 bytes each */
    arena_reset(&check->arena);
    buf_reset(&check->body);
    int err = rendering_render_with(check->rendering, job, check->template, &check->arena,
                                    &check->body, &error);
    check->renderings++;
    if (err == AP_ENOMEM) {
        check->err = err;
    } else if (err) {
        (void)snprintf(line, sizeof(line), "%s: %s: %s", /* may be cut */
                       template_name(check->template), whose, error.text);
        report(check, line);
    } else if (job->file->dialect->escape == DIALECT_ESCAPE_XML) {
        check_xml(check, whose);
    }
}

/* Does the job take the template of this file name? */
static bool uses(const struct rendering *rendering, const struct rendering_job *job,
                 const char *file)
{
    const struct template *wanted = template_set_find(rendering->templates, file);

    if (!job->file->template_name)
        return false;
    if (wanted)
        return rendering_template(rendering, job) == wanted;
    return strcmp(job->file->template_name, file) == 0;
}

/* Visit every job of the vendor's that takes the template; the model NULL is one that is not in
 * the list. Stops at the first true. */
static bool each_job(const struct rendering *rendering, const struct catalogue_vendor *vendor,
                     const char *file, bool (*visit)(void *data, const struct rendering_job *job),
                     void *data)
{
    struct rendering_job job;

    for (size_t i = 0; i < vendor->file_count; i++) {
        for (size_t j = 0; j <= vendor->model_count; j++) {
            const struct catalogue_model *model =
                j < vendor->model_count ? &vendor->models[j] : NULL;
            fill_job(vendor, model, &vendor->files[i], &job);
            if (catalogue_file_is_for(&vendor->files[i], model) && uses(rendering, &job, file) &&
                visit(data, &job))
                return true;
        }
    }
    return false;
}

static bool visit_check(void *data, const struct rendering_job *job)
{
    struct check *check = data;

    check_job(check, job);
    return check->err != 0;
}

int template_check(const struct rendering *rendering, const struct template *template,
                   const char *file, template_fault_fn found, void *data, size_t *ret_renderings)
{
    struct check check = {
        .rendering = rendering, .template = template, .file = file, .found = found, .data = data};
    const struct catalogue_vendor *vendor;
    struct rendering_job job;

    arena_init(&check.arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init(&check.body, AP_BODY_MAX_BYTES);
    bool part = template_check_job(rendering, file, NULL, NULL, &job) != 0;
    int err = phone_view_check_names(template, part, report, &check);
    if (err == AP_ERANGE) {
        char line[AP_ERROR_TEXT_MAX];
        (void)snprintf(line, sizeof(line), /* a path is cut */
                       "%s: calls of templates are nested too deeply or repeat too much",
                       template_name(template));
        report(&check, line);
    }
    if (err == AP_EINVAL || err == AP_ERANGE)
        err = 0;
    for (size_t i = 0; !err && (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        (void)each_job(rendering, vendor, file, visit_check, &check); /* check.err tells */
        err = check.err;
    }
    buf_done(&check.body);
    arena_done(&check.arena);
    *ret_renderings = check.renderings;
    if (err)
        return err;
    return check.failed ? AP_EINVAL : 0;
}

/* -- one job ----------------------------------------------------------------------------------- */

struct wanted {
    const char *model; /* NULL: any */
    struct rendering_job job;
};

static bool visit_wanted(void *data, const struct rendering_job *job)
{
    struct wanted *wanted = data;

    if (wanted->model && (!job->model || strcmp(job->model->name, wanted->model) != 0))
        return false;
    wanted->job = *job;
    return true;
}

int template_check_job(const struct rendering *rendering, const char *file, const char *vendor_name,
                       const char *model, struct rendering_job *ret_job)
{
    struct wanted wanted = {.model = model};
    const struct catalogue_vendor *vendor;

    for (size_t i = 0; (vendor = catalogue_vendor_at(rendering->catalogue, i)); i++) {
        if (vendor_name && strcmp(vendor->name, vendor_name) != 0)
            continue;
        if (each_job(rendering, vendor, file, visit_wanted, &wanted)) {
            *ret_job = wanted.job;
            return 0;
        }
    }
    return AP_ENOENT;
}
