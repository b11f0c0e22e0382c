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
    struct buf body, bare; /* bare: of a phone that has nothing */
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

/* What stands where in the result is of little use to a person: the line of the result is shown.
 * False: it is no XML, which is told. */
static bool check_xml(struct check *check, const char *whose)
{
    char line[AP_ERROR_TEXT_MAX];
    XML_Parser parser = XML_ParserCreate(NULL);

    if (!parser) {
        check->err = AP_ENOMEM;
        return false;
    }
    bool is_xml = XML_Parse(parser, check->body.data ? check->body.data : "", (int)check->body.len,
                            1) == XML_STATUS_OK;
    if (!is_xml) {
        (void)snprintf(line, sizeof(line), /* long names are cut */
                       "%s: %s: the result is not well-formed XML: line %lu, column %lu: %s",
                       template_name(check->template), whose,
                       (unsigned long)XML_GetCurrentLineNumber(parser),
                       (unsigned long)XML_GetCurrentColumnNumber(parser) + 1,
                       XML_ErrorString(XML_GetErrorCode(parser)));
        report(check, line);
    }
    XML_ParserFree(parser);
    return is_xml;
}

static void report_of(struct check *check, const char *whose, const char *what)
{
    char line[2 * AP_ERROR_TEXT_MAX];

    (void)snprintf(line, sizeof(line), "%s: %s: %s", template_name(check->template), whose,
                   what); /* may be cut */
    report(check, line);
}

/* False: it failed, which is told. */
static bool render(struct check *check, const struct rendering_job *job, const char *whose,
                   struct buf *body)
{
    struct ap_error error = {{0}};

    arena_reset(&check->arena);
    buf_reset(body);
    int err =
        rendering_render_with(check->rendering, job, check->template, &check->arena, body, &error);
    if (err == AP_ENOMEM)
        check->err = err;
    else if (err)
        report_of(check, whose, error.text);
    return err == 0;
}

/* False: what follows would say the same again. */
static bool check_rendering(struct check *check, const struct rendering_job *job, const char *whose)
{
    if (!render(check, job, whose, &check->body))
        return false;
    return job->file->dialect->escape != DIALECT_ESCAPE_XML || check_xml(check, whose);
}

/* -- what flat mode and single uses leave out -------------------------------------------------- */

static bool holds(const struct buf *body, const char *text)
{
    return text && text[0] && body->len > 0 && memmem(body->data, body->len, text, strlen(text));
}

static bool holds_secret(const struct buf *body, const struct store_phone *phone)
{
    for (size_t i = 0; i < phone->line_count; i++) {
        if (holds(body, phone->lines[i].account.password))
            return true;
    }
    for (size_t i = 0; i < phone->setting_count; i++) {
        if (phone->settings[i].secret && holds(body, phone->settings[i].value))
            return true;
    }
    return false;
}

static void check_withheld(struct check *check, const struct rendering_job *job, const char *whose)
{
    char without[2 * AP_NAME_MAX_BYTES + 32];
    struct rendering_job withheld = *job;

    withheld.withhold_secrets = true;
    (void)snprintf(without, sizeof(without), "%s, without secrets", whose); /* fits */
    if (check_rendering(check, &withheld, without) && holds_secret(&check->body, job->phone))
        report_of(check, without, "the result holds a secret");
}

/* The first line in which the two differ; 0: none. */
static unsigned long first_difference(const struct buf *a, const struct buf *b)
{
    unsigned long line = 1;

    for (size_t i = 0; i < a->len && i < b->len; i++) {
        if (a->data[i] != b->data[i])
            return line;
        line += a->data[i] == '\n';
    }
    return a->len == b->len ? 0 : line;
}

/* Whoever knows a MAC gets a bootstrap file: it must say the same of a phone of which nothing is
 * known but its model. */
static void check_bootstrap(struct check *check, const struct rendering_job *job, const char *whose)
{
    char what[128], bootstrap[2 * AP_NAME_MAX_BYTES + 32];
    struct store_phone bare = *job->phone;
    struct rendering_job of_bare = *job;

    (void)snprintf(bootstrap, sizeof(bootstrap), "%s, bootstrap file", whose); /* fits */
    if (!check_rendering(check, job, bootstrap))
        return;
    bare.user_name = bare.user_display_name = bare.label = "";
    bare.line_count = bare.key_count = 0;
    of_bare.phone = &bare;
    if (!render(check, &of_bare, bootstrap, &check->bare))
        return;
    unsigned long line = first_difference(&check->body, &check->bare);
    if (holds_secret(&check->body, job->phone)) {
        report_of(check, bootstrap, "the result holds a secret");
    } else if (line) {
        (void)snprintf(what, sizeof(what), /* fits */
                       "line %lu of the result depends on accounts, keys, people or labels", line);
        report_of(check, bootstrap, what);
    }
}

static void check_job(struct check *check, const struct rendering_job *job)
{
    char whose[2 * AP_NAME_MAX_BYTES + 2];

    (void)snprintf(whose, sizeof(whose), "%s%s%s", job->vendor->name, job->model ? "/" : "",
                   job->model ? job->model->name : ""); /* 64 bytes each */
    check->renderings++;
    if (job->bootstrap && job->phone)
        check_bootstrap(check, job, whose);
    else if (check_rendering(check, job, whose) && job->file->role == CATALOGUE_CONFIG)
        check_withheld(check, job, whose);
}

/* -- all jobs of a template -------------------------------------------------------------------- */

/* Does the job take the template of this file name? */
static bool uses(const struct rendering *rendering, const struct rendering_job *job,
                 const char *file)
{
    const struct template *wanted = template_set_find(rendering->templates, file);
    const char *name = job->bootstrap ? job->file->bootstrap_name : job->file->template_name;

    if (!name)
        return false;
    if (wanted)
        return rendering_template(rendering, job) == wanted;
    return strcmp(name, file) == 0;
}

typedef bool (*visit_fn)(void *data, const struct rendering_job *job);

/* The file itself, then its bootstrap file. */
static bool visit_both(const struct rendering *rendering, struct rendering_job *job,
                       const char *file, visit_fn visit, void *data)
{
    if (uses(rendering, job, file) && visit(data, job))
        return true;
    job->bootstrap = true;
    return uses(rendering, job, file) && visit(data, job);
}

/* Visit every job of the vendor's that takes the template; the model NULL is one that is not in
 * the list. Stops at the first true. */
static bool each_job(const struct rendering *rendering, const struct catalogue_vendor *vendor,
                     const char *file, visit_fn visit, void *data)
{
    struct rendering_job job;

    for (size_t i = 0; i < vendor->file_count; i++) {
        for (size_t j = 0; j <= vendor->model_count; j++) {
            const struct catalogue_model *model =
                j < vendor->model_count ? &vendor->models[j] : NULL;
            fill_job(vendor, model, &vendor->files[i], &job);
            if (catalogue_file_is_for(&vendor->files[i], model) &&
                visit_both(rendering, &job, file, visit, data))
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
    buf_init(&check.bare, AP_BODY_MAX_BYTES);
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
    buf_done(&check.bare);
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
