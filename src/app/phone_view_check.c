/* What can go wrong with a view before a phone sees it: values that a vendor's files cannot carry,
 * names that no view has. And a phone to try with. */
#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "phone_view_private.h"

/* -- values ------------------------------------------------------------------------------------ */

/* One value of a phone, and what people call it. */
struct item {
    enum dialect_use use;
    const char *what;
    const char *whose; /* "" or the account, the key */
    const char *text;  /* NULL: none */
};

/* Apart from the check, which is made for every value of every fetch. */
static int refuse_item(const struct catalogue_vendor *vendor, const struct item *item,
                       struct ap_error *error)
{
    struct ap_error why = {{0}};
    int err = dialect_check(&vendor->dialect, item->use, item->text, strlen(item->text), &why);

    return ap_error_set(error, err, "%s%s%s cannot stand in files of %s: it %s", item->what,
                        item->whose[0] ? " of " : "", item->whose, vendor->title, why.text);
}

static bool is_plain(const struct catalogue_vendor *vendor, const char *text)
{
    return !text || !text[0] || dialect_is_plain(&vendor->dialect, text);
}

static int check_item(const struct catalogue_vendor *vendor, const struct item *item,
                      struct ap_error *error)
{
    if (is_plain(vendor, item->text) ||
        dialect_check(&vendor->dialect, item->use, item->text, strlen(item->text), NULL) == 0)
        return 0;
    return refuse_item(vendor, item, error);
}

static int check_items(const struct catalogue_vendor *vendor, const struct item *items,
                       size_t count, struct ap_error *error)
{
    int err = 0;

    for (size_t i = 0; !err && i < count; i++)
        err = check_item(vendor, &items[i], error);
    return err;
}

int phone_view_check_account(const struct catalogue_vendor *vendor,
                             const struct store_account *account, struct ap_error *error)
{
    const struct item items[] = {
        {DIALECT_USE_VALUE, "the display name", account->sip_user, account->display_name},
        {DIALECT_USE_PASSWORD, "the password", account->sip_user, account->password},
        {DIALECT_USE_VALUE, "the SIP user", account->sip_user, account->sip_user},
        {DIALECT_USE_VALUE, "the domain", account->sip_user, account->domain},
        {DIALECT_USE_VALUE, "the authentication user", account->sip_user, account->auth_user},
        {DIALECT_USE_VALUE, "the registrar", account->sip_user, account->registrar_host},
        {DIALECT_USE_VALUE, "the outbound proxy", account->sip_user, account->outbound_proxy},
    };

    return check_items(vendor, items, AP_COUNT(items), error);
}

int phone_view_check_key(const struct catalogue_vendor *vendor, const struct store_key *key,
                         struct ap_error *error)
{
    char whose[sizeof("key ") + TEXT_DECIMAL_MAX] = "key ";
    const struct item items[] = {
        {DIALECT_USE_KEY, "the value", whose, key->value},
        {DIALECT_USE_KEY, "the label", whose, key->label},
    };
    size_t count = AP_COUNT(items);

    if (is_plain(vendor, key->value) && is_plain(vendor, key->label))
        return 0;
    (void)text_decimal(key->position, whose + strlen("key "));
    return check_items(vendor, items, count, error);
}

int phone_view_check_setting(const struct catalogue_vendor *vendor,
                             const struct store_setting *setting, struct ap_error *error)
{
    size_t prefix = strlen(VARIABLE_RAW_PREFIX);
    const struct item item = {setting->secret ? DIALECT_USE_PASSWORD : DIALECT_USE_VALUE,
                              "the value", setting->name, setting->value};

    if (strncmp(setting->name, VARIABLE_RAW_PREFIX, prefix) == 0) {
        int err = variable_check_raw(&vendor->dialect, setting->name + prefix, error);
        if (err)
            return err;
    }
    return check_item(vendor, &item, error);
}

int phone_view_check_user(const struct catalogue_vendor *vendor, const struct store_user *user,
                          struct ap_error *error)
{
    const struct item items[] = {
        {DIALECT_USE_VALUE, "the user's name", "", user->name},
        {DIALECT_USE_VALUE, "the user's display name", "", user->display_name},
    };

    return check_items(vendor, items, AP_COUNT(items), error);
}

int phone_view_check(const struct catalogue_vendor *vendor, const struct store_phone *phone,
                     struct ap_error *error)
{
    const struct item items[] = {
        {DIALECT_USE_VALUE, "the label", "", phone->label},
        {DIALECT_USE_VALUE, "the model", "", phone->model},
        {DIALECT_USE_VALUE, "the HTTP user name", "", phone->access.auth.user},
        {DIALECT_USE_PASSWORD, "the HTTP password", "", phone->access.auth.password},
    };
    const struct store_user user = {.name = phone->user_name,
                                    .display_name = phone->user_display_name};
    int err = check_items(vendor, items, AP_COUNT(items), error);

    if (!err)
        err = phone_view_check_user(vendor, &user, error);

    for (size_t i = 0; !err && i < phone->line_count; i++)
        err = phone_view_check_account(vendor, &phone->lines[i].account, error);
    for (size_t i = 0; !err && i < phone->key_count; i++)
        err = phone_view_check_key(vendor, &phone->keys[i], error);
    for (size_t i = 0; !err && i < phone->setting_count; i++)
        err = phone_view_check_setting(vendor, &phone->settings[i], error);
    return err;
}

/* -- names ------------------------------------------------------------------------------------- */

struct check {
    bool part;
    void (*found)(void *data, const char *line);
    void *data;
    bool failed;
};

/* The variable that a name means where the levels are open, from the innermost one on. */
static const struct variable *resolve_name(const enum variable_level *levels, size_t count,
                                           const char *name, size_t len)
{
    const char *dot = memchr(name, '.', len);
    size_t first = dot ? (size_t)(dot - name) : len;
    const struct variable *variable = NULL;

    for (size_t i = count; !variable && i-- > 0;)
        variable = variable_find(levels[i], name, first);
    while (variable && dot) {
        if (variable->type != VARIABLE_OBJECT)
            return NULL;
        const char *part = dot + 1;
        size_t rest = len - (size_t)(part - name);
        dot = memchr(part, '.', rest);
        variable = variable_find(variable->opens, part, dot ? (size_t)(dot - part) : rest);
    }
    return variable;
}

static int check_name(void *data, const struct template_name *name)
{
    struct check *check = data;
    enum variable_level levels[VARIABLE_LEVEL_COUNT + AP_TEMPLATE_MAX_DEPTH] = {VARIABLE_TOP};
    size_t count = 1;
    char line[AP_ERROR_TEXT_MAX];

    if (name->name_len == 1 && name->name[0] == '.')
        return 0;
    for (; check->part && count < VARIABLE_LEVEL_COUNT; count++)
        levels[count] = (enum variable_level)count;
    for (size_t i = 0; i < name->scope_count; i++) {
        const struct template_scope *scope = &name->scopes[i];
        const struct variable *opened = resolve_name(levels, count, scope->name, scope->name_len);
        if (!scope->inverted && opened && opened->opens != VARIABLE_TOP && count < AP_COUNT(levels))
            levels[count++] = opened->opens;
    }
    if (resolve_name(levels, count, name->name, name->name_len))
        return 0;
    (void)snprintf(line, sizeof(line), /* a long name is cut */
                   "%s:%u:%u: unknown variable '%.*s'; docs/templates.md lists the known ones",
                   template_name(name->template), name->line, name->column,
                   name->name_len < 64 ? (int)name->name_len : 64, name->name);
    check->failed = true;
    check->found(check->data, line);
    return 0;
}

int phone_view_check_names(const struct template *template, bool part,
                           void (*found)(void *data, const char *line), void *data)
{
    struct check check = {.part = part, .found = found, .data = data};
    int err = template_each_name(template, check_name, &check);

    if (err)
        return err;
    return check.failed ? AP_EINVAL : 0;
}

/* -- a sample ---------------------------------------------------------------------------------- */

const struct store_phone *phone_view_sample(void)
{
    static struct store_line LINES[] = {
        {.position = 1,
         .account = {.sip_user = "1001",
                     .domain = "pbx.example.com",
                     .auth_user = "",
                     .display_name = "Sample One",
                     .registrar_host = "",
                     .transport = STORE_TRANSPORT_UDP,
                     .outbound_proxy = "",
                     .expires_s = 3600,
                     .password = "sample-1"}},
        {.position = 2,
         .account = {.sip_user = "1002",
                     .domain = "pbx.example.com",
                     .auth_user = "auth1002",
                     .display_name = "",
                     .registrar_host = "sip.example.com",
                     .registrar_port = 5061,
                     .transport = STORE_TRANSPORT_TLS,
                     .outbound_proxy = "proxy.example.com:5061",
                     .expires_s = 600,
                     .password = "sample-2"}},
    };
    static struct store_key KEYS[] = {
        {.position = 1, .type = "line", .value = "", .label = "", .line = 1},
        {.position = 2, .type = "blf", .value = "1003", .label = "Bob", .line = 1},
        {.position = 3, .type = "speed_dial", .value = "0123456", .label = "Taxi", .line = 1},
        {.position = 4, .type = "park", .value = "701", .label = "Park", .line = 2},
        {.position = 5, .type = "dtmf", .value = "*72", .label = "Forward", .line = 0},
    };
    static struct store_setting SETTINGS[] = {
        {.scope = STORE_SCOPE_GLOBAL,
         .scope_id = "",
         .name = "time_zone",
         .value = "Europe/Berlin"},
        {.scope = STORE_SCOPE_GLOBAL, .scope_id = "", .name = "voicemail_number", .value = "*97"},
        {.scope = STORE_SCOPE_GLOBAL,
         .scope_id = "",
         .name = "admin_password",
         .value = "sample-admin",
         .secret = true},
        {.scope = STORE_SCOPE_VENDOR, .scope_id = "sample", .name = "raw.sample", .value = "1"},
    };
    static const struct store_phone SAMPLE = {
        .mac = {0x00, 0x15, 0x65, 0x12, 0x34, 0x56},
        .user_name = "sample",
        .user_display_name = "Sample User",
        .vendor = "generic",
        .model = "",
        .label = "Reception",
        .enabled = true,
        .access.auth = {.has_password = true, .user = "", .password = "sample-http"},
        .lines = LINES,
        .line_count = 2,
        .settings = SETTINGS,
        .setting_count = 4,
        .keys = KEYS,
        .key_count = 5,
    };
    return &SAMPLE;
}
