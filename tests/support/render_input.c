/* The members of bodies as api_account.c, api_key.c, api_setting.c and api_phone_write.c take them,
 * in one object. Knows no store: what is unique or exists there is not asked. */
#include "render_input.h"

#include <string.h>

#include "autoprov/array.h"
#include "autoprov/phone_file.h"
#include "autoprov/variable.h"

/* api_read_fields() of another object than the body. */
static int read_object(struct api_call *call, json_t *object, const struct api_field *fields,
                       size_t count)
{
    json_t *body = call->body;

    if (!json_is_object(object))
        return api_problem(call, AP_EINVAL, NULL, "each item must be an object");
    call->body = object;
    int err = api_read_fields(call, fields, count);
    call->body = body;
    return err;
}

static int word_index(const char *const *words, size_t count, const char *word, size_t *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    return AP_ENOENT;
}

static int read_account(struct api_call *call, json_t *item, struct store_line *line)
{
    static const char *const TRANSPORTS[] = {"udp", "tcp", "tls"};
    struct store_account *account = &line->account;
    const char *transport = "udp";
    uint64_t position = 0, port = 0, expires = 3600;
    size_t index = 0;
    const struct api_field fields[] = {
        {.name = "position",
         .type = API_FIELD_NUMBER,
         .required = true,
         .min = 1,
         .max = AP_LINES_PER_PHONE_MAX,
         .target = &position},
        {"sip_user", API_FIELD_SIP_USER, .required = true, .target = &account->sip_user},
        {"domain", API_FIELD_DOMAIN, .required = true, .target = &account->domain},
        {"password", API_FIELD_PASSWORD, .target = &account->password},
        {"auth_user", API_FIELD_SIP_USER, .may_be_empty = true, .target = &account->auth_user},
        {"display_name", API_FIELD_TEXT, .may_be_empty = true, .target = &account->display_name},
        {"registrar_host", API_FIELD_HOST, .may_be_empty = true,
         .target = &account->registrar_host},
        {"registrar_port", API_FIELD_NUMBER, .max = 65535, .target = &port},
        {"transport", API_FIELD_NAME, .target = &transport},
        {"outbound_proxy", API_FIELD_PROXY, .may_be_empty = true,
         .target = &account->outbound_proxy},
        {"expires", API_FIELD_NUMBER, .min = 60, .max = 86400, .target = &expires},
    };

    account->auth_user = account->display_name = account->registrar_host = "";
    account->outbound_proxy = "";
    int err = read_object(call, item, fields, AP_COUNT(fields));
    if (err)
        return err;
    if (word_index(TRANSPORTS, AP_COUNT(TRANSPORTS), transport, &index) != 0)
        return api_problem(call, AP_EINVAL, NULL, "transport must be udp, tcp or tls");
    line->position = (uint32_t)position;
    account->registrar_port = (uint16_t)port;
    account->transport = (enum store_transport)index;
    account->expires_s = (uint32_t)expires;
    return 0;
}

static int read_key(struct api_call *call, json_t *item, struct store_key *key)
{
    static const char *const TYPES[] = {"line", "speed_dial", "blf", "park", "dtmf"};
    uint64_t position = 0, line = 0;
    size_t index = 0;
    const struct api_field fields[] = {
        {.name = "position",
         .type = API_FIELD_NUMBER,
         .required = true,
         .min = 1,
         .max = AP_KEYS_PER_PHONE_MAX,
         .target = &position},
        {"type", API_FIELD_NAME, .required = true, .target = &key->type},
        {"value", API_FIELD_TEXT, .may_be_empty = true, .target = &key->value},
        {"label", API_FIELD_TEXT, .may_be_empty = true, .target = &key->label},
        {"line", API_FIELD_NUMBER, .max = AP_LINES_PER_PHONE_MAX, .target = &line},
    };

    key->value = key->label = "";
    int err = read_object(call, item, fields, AP_COUNT(fields));
    if (err)
        return err;
    if (word_index(TYPES, AP_COUNT(TYPES), key->type, &index) != 0)
        return api_problem(call, AP_EINVAL, NULL,
                           "type must be line, speed_dial, blf, park or dtmf");
    if (index > 0 && !key->value[0])
        return api_problem(call, AP_EINVAL, NULL, "a key of type %s needs a value", key->type);
    key->position = (uint32_t)position;
    key->line = (uint32_t)line;
    return 0;
}

static int check_setting(struct api_call *call, const struct rendering *rendering,
                         struct store_setting *setting)
{
    struct ap_error why = {{0}};
    size_t index;

    if (strlen(setting->name) > AP_NAME_MAX_BYTES)
        return api_problem(call, AP_ERANGE, NULL, "the setting's name is too long");
    if (strncmp(setting->name, VARIABLE_RAW_PREFIX, strlen(VARIABLE_RAW_PREFIX)) == 0) {
        if (setting->scope != STORE_SCOPE_VENDOR && setting->scope != STORE_SCOPE_MODEL &&
            setting->scope != STORE_SCOPE_PHONE)
            return api_problem(call, AP_EINVAL, NULL, "raw settings belong to a vendor's files");
        return api_check_text(API_FIELD_TEXT, setting->value, strlen(setting->value)) == 0
                   ? 0
                   : api_problem(call, AP_EINVAL, NULL, "value: UTF-8 without control characters");
    }
    if (variable_setting_find(setting->name, &index) != 0)
        return api_problem(call, AP_EINVAL, NULL, "there is no such setting");
    const struct variable *variable = variable_setting_at(index);
    setting->secret = variable->secret;
    int err = variable_check(variable, rendering->catalogue, setting->value, &why);
    return err ? api_problem(call, err, NULL, "%s: %s", setting->name, why.text) : 0;
}

static int read_setting(struct api_call *call, const struct rendering *rendering, json_t *item,
                        struct store_setting *setting)
{
    const char *scope = "";
    const struct api_field fields[] = {
        {"scope", API_FIELD_NAME, .required = true, .target = &scope},
        {"name", API_FIELD_RAW, .required = true, .target = &setting->name},
        {"value", API_FIELD_RAW, .required = true, .target = &setting->value},
    };

    setting->scope_id = "";
    int err = read_object(call, item, fields, AP_COUNT(fields));
    if (!err && store_scope_parse(scope, &setting->scope) != 0)
        err = api_problem(call, AP_EINVAL, NULL, "there is no such scope");
    return err ? err : check_setting(call, rendering, setting);
}

/* -- lists ------------------------------------------------------------------------------------- */

static int read_lines(struct api_call *call, const json_t *list, struct store_phone *phone)
{
    size_t count = json_array_size(list);
    int err = 0;

    phone->lines = arena_alloc_array(&call->arena, count, sizeof(*phone->lines));
    if (!phone->lines)
        return AP_ENOMEM;
    for (size_t i = 0; !err && i < count; i++) {
        err = read_account(call, json_array_get(list, i), &phone->lines[i]);
        if (!err && i > 0 && phone->lines[i].position <= phone->lines[i - 1].position)
            err = api_problem(call, AP_EINVAL, NULL, "lines stand in the order of positions");
    }
    phone->line_count = count;
    return err;
}

static int read_keys(struct api_call *call, const json_t *list, struct store_phone *phone)
{
    size_t count = json_array_size(list);
    int err = 0;

    phone->keys = arena_alloc_array(&call->arena, count, sizeof(*phone->keys));
    if (!phone->keys)
        return AP_ENOMEM;
    for (size_t i = 0; !err && i < count; i++) {
        err = read_key(call, json_array_get(list, i), &phone->keys[i]);
        if (!err && i > 0 && phone->keys[i].position <= phone->keys[i - 1].position)
            err = api_problem(call, AP_EINVAL, NULL, "keys stand in the order of positions");
    }
    phone->key_count = count;
    return err;
}

/* What store_setting_common() gives: nothing of site, user and phone, no secret. */
static int read_settings(struct api_call *call, const struct rendering *rendering,
                         const json_t *list, struct render_input *input)
{
    size_t count = json_array_size(list);
    struct store_phone *phone = &input->phone;
    int err = 0;

    phone->settings = arena_alloc_array(&call->arena, count, sizeof(*phone->settings));
    input->common = arena_alloc_array(&call->arena, count, sizeof(*input->common));
    if (!phone->settings || !input->common)
        return AP_ENOMEM;
    for (size_t i = 0; !err && i < count; i++) {
        struct store_setting *setting = &phone->settings[i];
        err = read_setting(call, rendering, json_array_get(list, i), setting);
        if (!err && setting->scope <= STORE_SCOPE_MODEL && !setting->secret)
            input->common[input->common_count++] = *setting;
    }
    phone->setting_count = count;
    return err;
}

/* -- the whole --------------------------------------------------------------------------------- */

static bool is_for_model(const struct catalogue_file *file, const struct catalogue_model *model)
{
    for (size_t i = 0; model && i < file->model_count; i++) {
        if (strcmp(file->models[i], model->name) == 0)
            return true;
    }
    return file->model_count == 0;
}

/* name: a row's pattern; NULL: the phone's own file. */
static int settle_file(struct api_call *call, const char *name, struct render_input *input)
{
    if (!name)
        input->file = phone_file_next(input->vendor, input->model, NULL);
    for (size_t i = 0; name && i < input->vendor->file_count; i++) {
        const struct catalogue_file *file = &input->vendor->files[i];
        if (strcmp(file->name, name) == 0 && is_for_model(file, input->model))
            input->file = file;
    }
    return input->file && input->file->template_name
               ? 0
               : api_problem(call, AP_ENOENT, NULL, "nothing is served of that name");
}

static int settle_vendor(struct api_call *call, const struct rendering *rendering,
                         struct render_input *input)
{
    struct store_phone *phone = &input->phone;

    input->vendor = catalogue_vendor(rendering->catalogue, phone->vendor);
    if (!input->vendor)
        return api_problem(call, AP_EINVAL, NULL, "there is no such vendor");
    input->model = catalogue_model(input->vendor, phone->model);
    if (input->model)
        phone->model = input->model->name;
    else if (phone->model[0] && input->vendor->model_count > 0)
        return api_problem(call, AP_EINVAL, NULL, "the vendor has no such model");
    return 0;
}

static int settle_variant(struct api_call *call, const char *variant, struct render_input *input)
{
    static const char *const VARIANTS[] = {"whole", "without_secrets", "bootstrap"};
    size_t index = 0;

    if (word_index(VARIANTS, AP_COUNT(VARIANTS), variant, &index) != 0)
        return api_problem(call, AP_EINVAL, "/variant", "there is no such variant");
    input->withhold_secrets = index == 1;
    input->bootstrap = index == 2;
    return 0;
}

int render_input_read(struct api_call *call, const struct rendering *rendering,
                      struct render_input *input)
{
    struct store_phone *phone = &input->phone;
    json_t *lines = NULL, *keys = NULL, *settings = NULL;
    const char *mac = "", *token = "", *file = NULL, *variant = "whole";
    const struct api_field fields[] = {
        {"vendor", API_FIELD_NAME, .required = true, .target = &phone->vendor},
        {"model", API_FIELD_NAME, .may_be_empty = true, .target = &phone->model},
        {"mac", API_FIELD_RAW, .required = true, .target = &mac},
        {"user", API_FIELD_NAME, .required = true, .target = &phone->user_name},
        {"display_name", API_FIELD_TEXT, .may_be_empty = true, .target = &phone->user_display_name},
        {"label", API_FIELD_TEXT, .may_be_empty = true, .target = &phone->label},
        {"accounts", API_FIELD_LIST, .required = true, .target = &lines},
        {"keys", API_FIELD_LIST, .required = true, .target = &keys},
        {"settings", API_FIELD_LIST, .required = true, .target = &settings},
        {"file", API_FIELD_RAW, .target = &file},
        {"variant", API_FIELD_NAME, .target = &variant},
        {"public_url", API_FIELD_RAW, .required = true, .target = &input->public_url},
        {"prefix", API_FIELD_RAW, .required = true, .target = &input->prefix},
        {"token", API_FIELD_RAW, .required = true, .target = &token},
    };

    phone->model = phone->label = phone->user_display_name = "";
    phone->enabled = true;
    int err = api_read_fields(call, fields, AP_COUNT(fields));
    if (!err)
        err = api_parse_mac(call, mac, "/mac", phone->mac);
    if (!err && token_parse(token, strlen(token), &input->token) != 0)
        err = api_problem(call, AP_EINVAL, "/token", "this is no token");
    if (!err)
        err = settle_vendor(call, rendering, input);
    if (!err)
        err = settle_file(call, file, input);
    if (!err)
        err = settle_variant(call, variant, input);
    if (!err)
        err = read_lines(call, lines, phone);
    if (!err)
        err = read_keys(call, keys, phone);
    return err ? err : read_settings(call, rendering, settings, input);
}
