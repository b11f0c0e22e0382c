/* The rows of "files": checked, and turned into the rules that names are matched by. */
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "catalogue_private.h"
#include "catalogue_words.h"

/* A row while it is read. */
struct row {
    struct catalogue_file file;
    unsigned role, escape, charset, line_ends;
    struct strict_json_node models;
};

#define AT(member) offsetof(struct row, member)

static const struct strict_json_field MEMBERS[] = {
    {"name", STRICT_JSON_TEXT, .offset = AT(file.name), .text = &CATALOGUE_TEXT_PATTERN},
    {"role", STRICT_JSON_WORD, .offset = AT(role), .words = CATALOGUE_WORDS_ROLES},
    {"template", STRICT_JSON_TEXT, .offset = AT(file.template_name),
     .text = &CATALOGUE_TEXT_TEMPLATE, .is_optional = true},
    {"bootstrap", STRICT_JSON_TEXT, .offset = AT(file.bootstrap_name),
     .text = &CATALOGUE_TEXT_TEMPLATE, .is_optional = true},
    {"flat", STRICT_JSON_FLAG, .offset = AT(file.flat), .is_optional = true},
    {"models", STRICT_JSON_NODE, .offset = AT(models), .is_optional = true},
    {"content_type", STRICT_JSON_TEXT, .offset = AT(file.content_type),
     .text = &CATALOGUE_TEXT_CONTENT_TYPE, .is_optional = true},
    {"escape", STRICT_JSON_WORD, .offset = AT(escape), .words = CATALOGUE_WORDS_ESCAPES,
     .is_optional = true},
    {"charset", STRICT_JSON_WORD, .offset = AT(charset), .words = CATALOGUE_WORDS_CHARSETS,
     .is_optional = true},
    {"line_ends", STRICT_JSON_WORD, .offset = AT(line_ends), .words = CATALOGUE_WORDS_LINE_ENDS,
     .is_optional = true},
};

/* What the visits of lists share. */
struct reading {
    const struct catalogue_defaults *defaults;
    struct catalogue_file *files;   /* of the vendor, as far as read */
    struct catalogue_place *places; /* of their names */
    const char **models;            /* of the row being read */
    size_t model_count;
};

/* A row, its pattern and where it stands in the file. */
struct expansion {
    const struct catalogue_defaults *defaults;
    const struct catalogue_file *file;
    const struct strict_json_node *node;
    const struct catalogue_place *place;
    struct catalogue_pattern holds;
};

/* -- members ---------------------------------------------------------------------------------- */

static int read_row_model(void *data, const struct strict_json_node *node)
{
    struct reading *reading = data;
    const char *name = NULL;

    int err = strict_json_text(node, &CATALOGUE_TEXT_MODEL, &name);
    if (err)
        return err;
    const struct catalogue_model *model = catalogue_model(reading->defaults->vendor, name);
    if (!model)
        return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                "'%s' is none of the vendor's \"models\"; add or correct it", name);
    for (size_t i = 0; i < reading->model_count; i++) {
        if (reading->models[i] == model->name)
            return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                    "'%s' is there already; remove one of them", name);
    }
    /* The model's own spelling, so that pointers can be compared. */
    reading->models[reading->model_count++] = model->name;
    return 0;
}

static int read_row_models(struct reading *reading, struct row *row)
{
    const struct strict_json_node *node = &row->models;

    reading->models = arena_alloc_array(&reading->defaults->catalogue->arena,
                                        json_array_size(node->value), sizeof(*reading->models));
    if (!reading->models)
        return strict_json_no_memory(node);
    reading->model_count = 0;
    int err = strict_json_each(node, JSON_ARRAY, AP_CATALOGUE_MODELS_MAX, read_row_model, reading);
    if (err)
        return err;
    if (reading->model_count == 0)
        return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                "'models' is empty; name some, or leave it out for all");
    row->file.models = reading->models;
    row->file.model_count = reading->model_count;
    return 0;
}

static int set_dialect(const struct reading *reading, struct row *row,
                       const struct strict_json_node *node)
{
    const struct dialect *common = &reading->defaults->vendor->dialect;

    row->file.dialect = common;
    if (row->escape == common->escape && row->charset == common->charset &&
        (row->line_ends == 1) == common->crlf)
        return 0;
    struct dialect *own = arena_alloc(&reading->defaults->catalogue->arena, sizeof(*own));
    if (!own)
        return strict_json_no_memory(node);
    *own = *common;
    own->escape = (enum dialect_escape)row->escape;
    own->charset = (enum dialect_charset)row->charset;
    own->crlf = row->line_ends == 1;
    dialect_prepare(own);
    row->file.dialect = own;
    return 0;
}

/* What roles, templates and patterns have to do with each other. */
static int check_row(const struct catalogue_file *file, const struct catalogue_pattern *holds,
                     const struct strict_json_node *node)
{
    const char *role = CATALOGUE_WORDS_ROLES[file->role];
    bool is_served = file->template_name != NULL;

    if (is_served && file->role != CATALOGUE_CONFIG && file->role != CATALOGUE_COMMON &&
        file->role != CATALOGUE_DIRECTORY)
        return strict_json_fail_member(node, "template", AP_EINVAL,
                                       "a file of role %s is never served; remove 'template'",
                                       role);
    if (file->role == CATALOGUE_CONFIG && !is_served)
        return strict_json_fail_member(node, "role", AP_EINVAL,
                                       "a file of role config needs a 'template'; add it");
    if (file->bootstrap_name && file->role != CATALOGUE_CONFIG)
        return strict_json_fail_member(node, "bootstrap", AP_EINVAL,
                                       "only a file of role config has a bootstrap file; remove "
                                       "'bootstrap'");
    /* Else anybody with the token's folder would be handed a phone's secrets. */
    if (is_served && file->role != CATALOGUE_COMMON && !holds->has_mac)
        return strict_json_fail_member(node, "name", AP_EINVAL,
                                       "the name of a served file of role %s needs {mac}", role);
    if (is_served && holds->has_any && !holds->has_mac)
        return strict_json_fail_member(node, "name", AP_EINVAL,
                                       "a served file may hold {any} only beside {mac}");
    if (file->flat && (file->role != CATALOGUE_COMMON || !is_served))
        return strict_json_fail_member(node, "flat", AP_EINVAL,
                                       "'flat' is for files of role common with a template only");
    return 0;
}

/* -- rules ------------------------------------------------------------------------------------ */

static int add_rule(const struct expansion *expansion, const char *word,
                    const struct catalogue_model *model)
{
    struct catalogue *catalogue = expansion->defaults->catalogue;

    if (catalogue->rule_count == AP_CATALOGUE_RULES_MAX)
        return strict_json_fail_member(expansion->node, "name", AP_ERANGE,
                                       "more than %d file names in all, with {model} and {code} "
                                       "written out",
                                       AP_CATALOGUE_RULES_MAX);
    if (catalogue->rule_count == catalogue->rule_room) {
        size_t room = catalogue->rule_room ? 2 * catalogue->rule_room : 256;
        struct catalogue_rule *grown = realloc(catalogue->rules, room * sizeof(*grown));
        if (!grown)
            return strict_json_no_memory(expansion->node);
        catalogue->rules = grown;
        catalogue->rule_room = room;
    }
    const char *key =
        catalogue_pattern_key(&catalogue->arena, expansion->file->name, &expansion->holds, word);
    if (!key)
        return strict_json_no_memory(expansion->node);
    catalogue->rules[catalogue->rule_count] = (struct catalogue_rule){
        .key = key,
        .claim = {expansion->defaults->vendor, expansion->file, model},
        .place = expansion->place,
        .order = catalogue->rule_count,
    };
    catalogue->rule_count++;
    return 0;
}

/* Have earlier models of the row the code too (add nothing then), or later ones (name no model)? */
static int add_code(const struct expansion *expansion, const struct catalogue_model *model)
{
    const struct catalogue_vendor *vendor = expansion->defaults->vendor;
    const struct catalogue_model *named = model;
    size_t code_len = strlen(model->code);

    for (size_t i = 0; i < vendor->model_count; i++) {
        const struct catalogue_model *other = &vendor->models[i];
        if (other == model || !other->code || !catalogue_file_is_for(expansion->file, other) ||
            !text_equal_nocase(other->code, strlen(other->code), model->code, code_len))
            continue;
        if (other < model)
            return 0;
        named = NULL;
    }
    return add_rule(expansion, model->code, named);
}

static int add_model(const struct expansion *expansion, const struct catalogue_model *model)
{
    for (const char *c = model->name; *c; c++) {
        if (!catalogue_is_wild_char(*c))
            return strict_json_fail_member(
                expansion->node, "name", AP_EINVAL,
                "{model} cannot stand for '%s': a file name has letters, digits, '_', '.' and '-'; "
                "use {code}, or name the row's 'models'",
                model->name);
    }
    return add_rule(expansion, model->name, model);
}

static int add_rules(const struct expansion *expansion)
{
    const struct catalogue_vendor *vendor = expansion->defaults->vendor;
    const struct catalogue_pattern *holds = &expansion->holds;
    size_t before = expansion->defaults->catalogue->rule_count;
    int err = 0;

    if (!holds->has_code && (!holds->has_model || holds->has_mac))
        return add_rule(expansion, "", NULL);
    for (size_t i = 0; !err && i < vendor->model_count; i++) {
        const struct catalogue_model *model = &vendor->models[i];
        if (!catalogue_file_is_for(expansion->file, model))
            continue;
        if (holds->has_model)
            err = add_model(expansion, model);
        else if (model->code)
            err = add_code(expansion, model);
    }
    if (!err && expansion->defaults->catalogue->rule_count == before)
        return strict_json_fail_member(expansion->node, "name", AP_EINVAL,
                                       "no model is there for %s to stand for",
                                       holds->has_model ? "{model}" : "{code}");
    return err;
}

/* -- the whole -------------------------------------------------------------------------------- */

static int check_pattern(const struct strict_json_node *node, const char *name,
                         struct catalogue_pattern *ret_holds)
{
    const char *why = "";

    int err = catalogue_pattern_check(name, ret_holds, &why);
    if (err)
        return strict_json_fail_member(node, "name", err, "the pattern %s", why);
    return 0;
}

static int read_file(void *data, const struct strict_json_node *node)
{
    struct reading *reading = data;
    const struct dialect *common = &reading->defaults->vendor->dialect;
    struct row row = {.file.content_type = reading->defaults->content_type,
                      .escape = common->escape,
                      .charset = common->charset,
                      .line_ends = common->crlf};
    struct catalogue_place *place = &reading->places[node->nth];
    struct expansion expansion = {.defaults = reading->defaults,
                                  .file = &reading->files[node->nth],
                                  .node = node,
                                  .place = place};

    int err = strict_json_read(node, MEMBERS, AP_COUNT(MEMBERS), &row);
    if (err)
        return err;
    row.file.role = (enum catalogue_role)row.role;
    err = check_pattern(node, row.file.name, &expansion.holds);
    if (!err)
        err = check_row(&row.file, &expansion.holds, node);
    if (!err && row.models.value)
        err = read_row_models(reading, &row);
    if (!err)
        err = set_dialect(reading, &row, node);
    if (err)
        return err;
    *place =
        (struct catalogue_place){reading->defaults->path, strict_json_member_place(node, "name")};
    reading->files[node->nth] = row.file;
    return add_rules(&expansion);
}

/* The model's first; NULL: none. */
static const struct catalogue_file *config_of(const struct catalogue_vendor *vendor,
                                              const struct catalogue_model *model)
{
    for (size_t i = 0; i < vendor->file_count; i++) {
        if (vendor->files[i].role == CATALOGUE_CONFIG &&
            catalogue_file_is_for(&vendor->files[i], model))
            return &vendor->files[i];
    }
    return NULL;
}

/* Each model, and a phone of none of them, has a file of its own. */
static int check_config(const struct catalogue_vendor *vendor, const struct strict_json_node *node)
{
    size_t configs = 0;

    for (size_t i = 0; i < vendor->file_count; i++)
        configs += vendor->files[i].role == CATALOGUE_CONFIG;
    if (configs == 0)
        return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                "no file of role config; add one");
    for (size_t m = 0; m < vendor->model_count; m++) {
        const struct catalogue_file *config = config_of(vendor, &vendor->models[m]);
        if (!config)
            return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                    "model '%s' has no file of role config; add one",
                                    vendor->models[m].name);
        if (vendor->models[m].bootstrap_name && !config->bootstrap_name)
            return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                    "model '%s' has a 'bootstrap' in place of that of '%s', which "
                                    "has none; add it there too",
                                    vendor->models[m].name, config->name);
    }
    return 0;
}

int catalogue_add_files(const struct catalogue_defaults *defaults,
                        const struct strict_json_node *node)
{
    struct arena *arena = &defaults->catalogue->arena;
    struct reading reading = {.defaults = defaults};
    size_t count = json_array_size(node->value);

    reading.files = arena_alloc_array(arena, count, sizeof(*reading.files));
    reading.places = arena_alloc_array(arena, count, sizeof(*reading.places));
    if (!reading.files || !reading.places)
        return strict_json_no_memory(node);
    int err = strict_json_each(node, JSON_ARRAY, AP_CATALOGUE_FILES_MAX, read_file, &reading);
    if (err)
        return err;
    defaults->vendor->files = reading.files;
    defaults->vendor->file_count = count;
    return check_config(defaults->vendor, node);
}
