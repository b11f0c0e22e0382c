/* One vendor's file: its schema as tables. The rows of "files" are catalogue_files.c's. */
#include <stdlib.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"
#include "catalogue_private.h"
#include "catalogue_words.h"

/* Most phones append their own file's name to what ends with a slash. */
#define DEFAULT_PNP_URL "{{provisioning_base_url}}"

/* A vendor file while it is read. */
struct members {
    struct catalogue_vendor vendor;
    const char *about, *content_type, *comment;
    unsigned mac_case, escape, charset, line_ends, pnp_form;
    uint32_t max_value_bytes;
    struct strict_json_node ouis, reserved, codes, models, files;
};

#define AT(member)         offsetof(struct members, member)
#define TEXT(member, rule) STRICT_JSON_TEXT, .offset = AT(member), .text = &(rule)
#define WORD(member, list) STRICT_JSON_WORD, .offset = AT(member), .words = (list)
#define FLAG(member)       STRICT_JSON_FLAG, .offset = AT(member)
#define NODE(member)       STRICT_JSON_NODE, .offset = AT(member)
#define NUMBER(member, least, most)                                                                \
    STRICT_JSON_NUMBER, .offset = AT(member), .min = (least), .max = (most)
#define OPTIONAL .is_optional = true

static const struct strict_json_field MEMBERS[] = {
    {"title", TEXT(vendor.title, CATALOGUE_TEXT_TITLE)},
    {"about", TEXT(about, CATALOGUE_TEXT_ABOUT), OPTIONAL},
    {"ouis", NODE(ouis), OPTIONAL},
    {"mac_case", WORD(mac_case, CATALOGUE_WORDS_MAC_CASES)},
    {"content_type", TEXT(content_type, CATALOGUE_TEXT_CONTENT_TYPE)},
    {"charset", WORD(charset, CATALOGUE_WORDS_CHARSETS), OPTIONAL},
    {"line_ends", WORD(line_ends, CATALOGUE_WORDS_LINE_ENDS), OPTIONAL},
    {"escape", WORD(escape, CATALOGUE_WORDS_ESCAPES)},
    {"forbid", TEXT(vendor.dialect.forbid, CATALOGUE_TEXT_CHARACTERS), OPTIONAL},
    {"forbid_in_keys", TEXT(vendor.dialect.forbid_in_keys, CATALOGUE_TEXT_CHARACTERS), OPTIONAL},
    {"forbid_in_passwords", TEXT(vendor.dialect.forbid_in_passwords, CATALOGUE_TEXT_CHARACTERS),
     OPTIONAL},
    {"comment", TEXT(comment, CATALOGUE_TEXT_ONE_CHARACTER), OPTIONAL},
    {"reserved", NODE(reserved), OPTIONAL},
    {"trims", FLAG(vendor.dialect.trims), OPTIONAL},
    {"max_value_bytes", NUMBER(max_value_bytes, 1, AP_BODY_MAX_BYTES), OPTIONAL},
    {"lines", NUMBER(vendor.lines, 0, AP_LINES_PER_PHONE_MAX)},
    {"keys", NUMBER(vendor.keys, 0, AP_KEYS_PER_PHONE_MAX)},
    {"url", TEXT(vendor.url, CATALOGUE_TEXT_URL)},
    {"user_agent", TEXT(vendor.user_agent, CATALOGUE_TEXT_AGENT), OPTIONAL},
    {"resync_event", TEXT(vendor.resync_event, CATALOGUE_TEXT_EVENT), OPTIONAL},
    {"reboot_event", TEXT(vendor.reboot_event, CATALOGUE_TEXT_EVENT), OPTIONAL},
    {"pnp_vendor", TEXT(vendor.pnp_vendor, CATALOGUE_TEXT_EVENT), OPTIONAL},
    {"pnp_form", WORD(pnp_form, CATALOGUE_WORDS_PNP_FORMS), OPTIONAL},
    {"pnp_url", TEXT(vendor.pnp_url, CATALOGUE_TEXT_URL), OPTIONAL},
    {"certificate_cn", TEXT(vendor.certificate_cn, CATALOGUE_TEXT_CN), OPTIONAL},
    {"flat_only", FLAG(vendor.flat_only), OPTIONAL},
    {"codes", NODE(codes)},
    {"models", NODE(models)},
    {"files", NODE(files)},
};

#define MODEL_AT(member) offsetof(struct catalogue_model, member)

static const struct strict_json_field MODEL_MEMBERS[] = {
    {"model", STRICT_JSON_TEXT, .offset = MODEL_AT(name), .text = &CATALOGUE_TEXT_MODEL},
    {"code", STRICT_JSON_TEXT, .offset = MODEL_AT(code), .text = &CATALOGUE_TEXT_MODEL_CODE,
     OPTIONAL},
    {"template", STRICT_JSON_TEXT, .offset = MODEL_AT(template_name),
     .text = &CATALOGUE_TEXT_TEMPLATE, OPTIONAL},
    {"bootstrap", STRICT_JSON_TEXT, .offset = MODEL_AT(bootstrap_name),
     .text = &CATALOGUE_TEXT_TEMPLATE, OPTIONAL},
    {"lines", STRICT_JSON_NUMBER, .offset = MODEL_AT(lines), .min = 1,
     .max = AP_LINES_PER_PHONE_MAX},
    {"keys", STRICT_JSON_NUMBER, .offset = MODEL_AT(keys), .min = 0, .max = AP_KEYS_PER_PHONE_MAX},
};

/* What the visits of lists share. */
struct reading {
    struct catalogue *catalogue;
    struct catalogue_vendor *vendor; /* in the arena, so that others may point to it */
    struct catalogue_model *models;
    struct catalogue_code *rows;
    const char **reserved;
    enum catalogue_table table;
};

/* -- models ----------------------------------------------------------------------------------- */

static int read_model(void *data, const struct strict_json_node *node)
{
    struct reading *reading = data;
    struct catalogue_model *model = &reading->models[node->nth];

    int err = strict_json_read(node, MODEL_MEMBERS, AP_COUNT(MODEL_MEMBERS), model);
    if (err)
        return err;
    if (catalogue_model(reading->vendor, model->name))
        return strict_json_fail_member(node, "model", AP_EINVAL,
                                       "model '%s' is there already; remove one of them",
                                       model->name);
    reading->vendor->model_count = node->nth + 1;
    return 0;
}

static int read_models(struct reading *reading, const struct strict_json_node *node)
{
    reading->models = arena_alloc_array(&reading->catalogue->arena, json_array_size(node->value),
                                        sizeof(*reading->models));
    if (!reading->models)
        return strict_json_no_memory(node);
    reading->vendor->models = reading->models;
    return strict_json_each(node, JSON_ARRAY, AP_CATALOGUE_MODELS_MAX, read_model, reading);
}

/* -- codes ------------------------------------------------------------------------------------ */

static bool is_codec_or_language(const struct strict_json_node *node)
{
    size_t len = strlen(node->name);

    return len > 0 && len <= AP_NAME_MAX_BYTES && catalogue_is_wild_word(node->name, len);
}

/* Which words a table translates: a list, or what is_word says. */
static const struct table_row {
    const char *name;
    const char *const *words;
    bool is_optional;
} TABLES[CATALOGUE_TABLE_COUNT] = {
    [CATALOGUE_TRANSPORT] = {"transport", (const char *const[]){"udp", "tcp", "tls", NULL}, false},
    [CATALOGUE_CODEC] = {"codec", NULL, false},
    [CATALOGUE_KEY_TYPE] = {"key_type",
                            (const char *const[]){"none", "line", "speed_dial", "blf", "park",
                                                  "dtmf", NULL},
                            false},
    [CATALOGUE_SRTP] = {"srtp", (const char *const[]){"off", "optional", "mandatory", NULL}, false},
    [CATALOGUE_LANGUAGE] = {"language", NULL, true},
    [CATALOGUE_TIME_ZONE] = {"time_zone", NULL, true},
};

static bool is_word_of(const struct reading *reading, const struct strict_json_node *node)
{
    const char *const *words = TABLES[reading->table].words;

    /* Without a table of zones there is nothing to compare with. */
    if (reading->table == CATALOGUE_TIME_ZONE && reading->catalogue->zone_count > 0)
        return catalogue_time_zone(reading->catalogue, node->name) != NULL;
    if (reading->table == CATALOGUE_TIME_ZONE)
        return strlen(node->name) <= AP_NAME_MAX_BYTES;
    if (!words)
        return is_codec_or_language(node);
    for (; *words; words++) {
        if (strcmp(*words, node->name) == 0)
            return true;
    }
    return false;
}

static int read_code(void *data, const struct strict_json_node *node)
{
    struct reading *reading = data;
    struct catalogue_codes *codes = &reading->vendor->codes[reading->table];
    struct catalogue_code *row = &reading->rows[node->nth];

    if (!is_word_of(reading, node))
        return strict_json_fail(node, STRICT_JSON_AT_NAME, AP_EINVAL,
                                "'%.*s' is no word of '%s'; correct or remove it",
                                AP_NAME_MAX_BYTES, node->name, TABLES[reading->table].name);
    /* jansson has refused the same spelling only. */
    if (catalogue_code(reading->vendor, reading->table, node->name))
        return strict_json_fail(node, STRICT_JSON_AT_NAME, AP_EINVAL,
                                "'%s' is there already; remove one of them", node->name);
    row->word = arena_strdup(&reading->catalogue->arena, node->name);
    if (!row->word)
        return strict_json_no_memory(node);
    int err = strict_json_text(node, &CATALOGUE_TEXT_CODE, &row->code);
    if (!err)
        codes->count = node->nth + 1;
    return err;
}

static int read_codes(struct reading *reading, const struct strict_json_node *node)
{
    struct strict_json_node tables[CATALOGUE_TABLE_COUNT] = {0};
    struct strict_json_field fields[CATALOGUE_TABLE_COUNT];

    for (size_t i = 0; i < CATALOGUE_TABLE_COUNT; i++)
        fields[i] = (struct strict_json_field){.name = TABLES[i].name,
                                               .kind = STRICT_JSON_NODE,
                                               .is_optional = TABLES[i].is_optional,
                                               .offset = i * sizeof(tables[0])};
    int err = strict_json_read(node, fields, CATALOGUE_TABLE_COUNT, tables);
    for (size_t i = 0; !err && i < CATALOGUE_TABLE_COUNT; i++) {
        if (!tables[i].value)
            continue;
        reading->table = (enum catalogue_table)i;
        reading->rows = arena_alloc_array(
            &reading->catalogue->arena, json_object_size(tables[i].value), sizeof(*reading->rows));
        if (!reading->rows)
            return strict_json_no_memory(&tables[i]);
        reading->vendor->codes[i].rows = reading->rows;
        err = strict_json_each(&tables[i], JSON_OBJECT, AP_CATALOGUE_CODES_MAX, read_code, reading);
    }
    return err;
}

/* -- lists of texts --------------------------------------------------------------------------- */

static int read_oui(void *data, const struct strict_json_node *node)
{
    struct reading *reading = data;
    struct catalogue *catalogue = reading->catalogue;
    uint8_t bytes[3];
    const char *text = NULL;

    int err = strict_json_text(node, &CATALOGUE_TEXT_OUI, &text);
    if (err)
        return err;
    if (text_unhex(text, 6, bytes) != 0)
        return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                "'%s' must be six hex digits, such as 001565", text);
    uint32_t prefix = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
    for (size_t i = 0; i < node->nth; i++) {
        if (catalogue->ouis[catalogue->oui_count - 1 - i].prefix == prefix)
            return strict_json_fail(node, STRICT_JSON_AT_VALUE, AP_EINVAL,
                                    "'%s' is there already; remove one of them", text);
    }
    catalogue->ouis[catalogue->oui_count++] = (struct catalogue_oui){prefix, reading->vendor};
    return 0;
}

static int read_ouis(struct reading *reading, const struct strict_json_node *node)
{
    struct catalogue *catalogue = reading->catalogue;
    size_t more = json_array_size(node->value);

    if (more > 0 && more <= AP_CATALOGUE_OUIS_MAX) {
        struct catalogue_oui *grown =
            realloc(catalogue->ouis, (catalogue->oui_count + more) * sizeof(*grown));
        if (!grown)
            return strict_json_no_memory(node);
        catalogue->ouis = grown;
    }
    return strict_json_each(node, JSON_ARRAY, AP_CATALOGUE_OUIS_MAX, read_oui, reading);
}

static int read_reserved_item(void *data, const struct strict_json_node *node)
{
    struct reading *reading = data;

    return strict_json_text(node, &CATALOGUE_TEXT_RESERVED, &reading->reserved[node->nth]);
}

static int read_reserved(struct reading *reading, const struct strict_json_node *node)
{
    struct dialect *dialect = &reading->vendor->dialect;

    reading->reserved = arena_alloc_array(&reading->catalogue->arena, json_array_size(node->value),
                                          sizeof(*reading->reserved));
    if (!reading->reserved)
        return strict_json_no_memory(node);
    dialect->reserved = reading->reserved;
    dialect->reserved_count = json_array_size(node->value);
    return strict_json_each(node, JSON_ARRAY, AP_CATALOGUE_RESERVED_MAX, read_reserved_item,
                            reading);
}

/* -- the whole -------------------------------------------------------------------------------- */

static const char *none_if_empty(const char *text)
{
    return text && text[0] ? text : NULL;
}

static void fill_dialect(struct dialect *dialect, const struct members *members)
{
    dialect->escape = (enum dialect_escape)members->escape;
    dialect->charset = (enum dialect_charset)members->charset;
    dialect->crlf = members->line_ends == 1;
    dialect->comment = members->comment ? members->comment[0] : '\0';
    dialect->max_value_bytes = members->max_value_bytes;
    dialect->forbid = none_if_empty(dialect->forbid);
    dialect->forbid_in_keys = none_if_empty(dialect->forbid_in_keys);
    dialect->forbid_in_passwords = none_if_empty(dialect->forbid_in_passwords);
}

static int read_members(struct reading *reading, const struct catalogue_text *file,
                        const struct strict_json_node *root)
{
    struct arena *arena = &reading->catalogue->arena;
    struct members members = {0};
    struct catalogue_defaults defaults = {.catalogue = reading->catalogue};

    int err = strict_json_read(root, MEMBERS, AP_COUNT(MEMBERS), &members);
    if (err)
        return err;
    reading->vendor = arena_alloc(arena, sizeof(*reading->vendor));
    members.vendor.name = arena_strdup(arena, file->name);
    defaults.path = arena_strdup(arena, file->path);
    if (!reading->vendor || !members.vendor.name || !defaults.path)
        return strict_json_no_memory(root);
    *reading->vendor = members.vendor;
    reading->vendor->pnp_form = (enum sip_pnp_form)members.pnp_form;
    if (!members.vendor.pnp_url)
        reading->vendor->pnp_url = DEFAULT_PNP_URL;
    reading->vendor->mac_form = members.mac_case == 1 ? MAC_FORM_UPPER : MAC_FORM_LOWER;
    fill_dialect(&reading->vendor->dialect, &members);
    defaults.vendor = reading->vendor;
    defaults.content_type = members.content_type;
    err = read_models(reading, &members.models);
    if (!err)
        err = read_codes(reading, &members.codes);
    if (!err && members.ouis.value)
        err = read_ouis(reading, &members.ouis);
    if (!err && members.reserved.value)
        err = read_reserved(reading, &members.reserved);
    if (!err)
        dialect_prepare(&reading->vendor->dialect);
    if (!err)
        err = catalogue_add_files(&defaults, &members.files);
    return err;
}

int catalogue_add_vendor(struct catalogue *catalogue, const struct catalogue_text *file,
                         struct ap_error *error)
{
    struct strict_json json = {.path = file->path,
                               .text = file->text,
                               .len = file->len,
                               .arena = &catalogue->arena,
                               .error = error};
    struct reading reading = {.catalogue = catalogue};
    struct strict_json_node root;

    if (catalogue->vendor_count == AP_CATALOGUE_VENDORS_MAX)
        return ap_error_set(error, AP_ERANGE, "%s:1:1: more than %d vendors", file->path,
                            AP_CATALOGUE_VENDORS_MAX);
    int err = strict_json_open(&json, &root);
    if (!err)
        err = read_members(&reading, file, &root);
    if (!err)
        catalogue->vendors[catalogue->vendor_count++] = reading.vendor;
    strict_json_done(&json);
    return err;
}
