/* The values of docs/templates.md. Knows row and value tree, not the template language. */
#include "autoprov/phone_view.h"

#include <assert.h>
#include <string.h>

#include "autoprov/limits.h"
#include "autoprov/text.h"

/* Names at each level, for checks; the builders below give exactly these. */
static const char *const TOP_NAMES[] = {
    "mac",   "mac_upper", "mac_colon",        "mac_upper_colon",       "vendor", "model",
    "label", "user",      "provisioning_url", "provisioning_base_url", "lines",
};
static const char *const USER_NAMES[] = {"name", "display_name"};
static const char *const LINE_NAMES[] = {
    "index",          "position",       "is_first",  "has_password", "sip_user",
    "domain",         "auth_user",      "registrar", "display_name", "display_name_quoted",
    "registrar_host", "registrar_port", "transport", "is_udp",       "is_tcp",
    "is_tls",         "outbound_proxy", "expires",   "password",
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int make_object(const struct value_member *members, size_t count, struct arena *arena,
                       struct value *ret_value)
{
    struct value_member *copy = arena_alloc_array(arena, count, sizeof(*copy));

    if (!copy)
        return AP_ENOMEM;
    memcpy(copy, members, count * sizeof(*copy));
    *ret_value = value_object(copy, count);
    return 0;
}

static const char *first_of(const char *preferred, const char *otherwise)
{
    return preferred && preferred[0] ? preferred : otherwise;
}

/* A quoted-string's inside: RFC 3261, 25.1: a backslash before " and \. */
static const char *quote_for_sip(const char *text, struct arena *arena)
{
    size_t len = strlen(text);
    char *quoted = arena_alloc(arena, 2 * len + 1);
    char *out = quoted;

    if (!quoted)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            *out++ = '\\';
        *out++ = text[i];
    }
    return quoted;
}

static const char *number_text(uint32_t number, struct arena *arena)
{
    char *text = arena_alloc(arena, TEXT_DECIMAL_MAX);

    if (text)
        (void)text_decimal(number, text);
    return text;
}

/* Three texts in one. Of a fetch's instructions snprintf() alone took a twentieth. */
static const char *join(const char *a, const char *b, const char *c, struct arena *arena)
{
    size_t a_len = strlen(a), b_len = strlen(b), c_len = strlen(c);
    char *text = arena_alloc(arena, a_len + b_len + c_len + 1);

    if (!text)
        return NULL;
    memcpy(text, a, a_len);
    memcpy(text + a_len, b, b_len);
    memcpy(text + a_len + b_len, c, c_len);
    return text;
}

static const char *transport_name(enum store_transport transport)
{
    switch (transport) {
    case STORE_TRANSPORT_TCP:
        return "tcp";
    case STORE_TRANSPORT_TLS:
        return "tls";
    case STORE_TRANSPORT_UDP:
        break;
    }
    return "udp";
}

static int build_line(const struct store_line *line, uint32_t index, struct arena *arena,
                      struct value *ret_value)
{
    const struct store_account *account = &line->account;
    const char *display = first_of(account->display_name, account->sip_user);
    const char *registrar_host = first_of(account->registrar_host, account->domain);
    const char *index_text = number_text(index, arena);
    const char *position = number_text(line->position, arena);
    const char *expires = number_text(account->expires_s, arena);
    const char *port = account->registrar_port ? number_text(account->registrar_port, arena) : "";
    const char *registrar = registrar_host;
    const char *quoted = quote_for_sip(display, arena);

    if (account->registrar_port && port)
        registrar = join(registrar_host, ":", port, arena);
    if (!index_text || !position || !expires || !port || !registrar || !quoted)
        return AP_ENOMEM;
    const struct value_member members[] = {
        value_member("index", value_text(index_text)),
        value_member("position", value_text(position)),
        value_member("is_first", value_bool(index == 0)),
        value_member("sip_user", value_text(account->sip_user)),
        value_member("domain", value_text(account->domain)),
        value_member("auth_user", value_text(first_of(account->auth_user, account->sip_user))),
        value_member("display_name", value_text(display)),
        value_member("display_name_quoted", value_text(quoted)),
        value_member("registrar_host", value_text(registrar_host)),
        value_member("registrar_port", value_text(port)),
        value_member("registrar", value_text(registrar)),
        value_member("transport", value_text(transport_name(account->transport))),
        value_member("is_udp", value_bool(account->transport == STORE_TRANSPORT_UDP)),
        value_member("is_tcp", value_bool(account->transport == STORE_TRANSPORT_TCP)),
        value_member("is_tls", value_bool(account->transport == STORE_TRANSPORT_TLS)),
        value_member("outbound_proxy", value_text(account->outbound_proxy)),
        value_member("expires", value_text(expires)),
        value_member("has_password", value_bool(account->password && account->password[0])),
        value_member("password", value_text(account->password)),
    };
    static_assert(COUNT(members) == COUNT(LINE_NAMES), "every name has its value");
    return make_object(members, COUNT(members), arena, ret_value);
}

static int build_lines(const struct store_phone *phone, struct arena *arena,
                       struct value *ret_value)
{
    struct value *lines = arena_alloc_array(arena, phone->line_count, sizeof(*lines));

    if (!lines)
        return AP_ENOMEM;
    for (size_t i = 0; i < phone->line_count; i++) {
        int err = build_line(&phone->lines[i], (uint32_t)i, arena, &lines[i]);
        if (err)
            return err;
    }
    *ret_value = value_list(lines, phone->line_count);
    return 0;
}

static int build_user(const struct store_phone *phone, struct arena *arena, struct value *ret_value)
{
    const struct value_member members[] = {
        value_member("name", value_text(phone->user_name)),
        value_member("display_name",
                     value_text(first_of(phone->user_display_name, phone->user_name))),
    };
    static_assert(COUNT(members) == COUNT(USER_NAMES), "every name has its value");
    return make_object(members, COUNT(members), arena, ret_value);
}

static const char *mac_text(const struct store_phone *phone, enum mac_form form,
                            struct arena *arena)
{
    char *text = arena_alloc(arena, AP_MAC_TEXT_MAX);

    if (text)
        mac_format(phone->mac, form, text);
    return text;
}

int phone_view_build(const struct store_phone *phone, const char *base_url, struct arena *arena,
                     struct value *ret_view)
{
    struct value lines, user;
    const char *mac = mac_text(phone, MAC_FORM_LOWER, arena);
    const char *upper = mac_text(phone, MAC_FORM_UPPER, arena);
    const char *colon = mac_text(phone, MAC_FORM_LOWER_COLON, arena);
    const char *upper_colon = mac_text(phone, MAC_FORM_UPPER_COLON, arena);
    const char *url = mac && base_url[0] ? join(base_url, mac, ".xml", arena) : "";

    if (!mac || !upper || !colon || !upper_colon || !url ||
        build_lines(phone, arena, &lines) != 0 || build_user(phone, arena, &user) != 0)
        return AP_ENOMEM;
    const struct value_member members[] = {
        value_member("mac", value_text(mac)),
        value_member("mac_upper", value_text(upper)),
        value_member("mac_colon", value_text(colon)),
        value_member("mac_upper_colon", value_text(upper_colon)),
        value_member("vendor", value_text(phone->vendor)),
        value_member("model", value_text(phone->model)),
        value_member("label", value_text(phone->label)),
        value_member("user", user),
        value_member("provisioning_url", value_text(url)),
        value_member("provisioning_base_url", value_text(base_url)),
        value_member("lines", lines),
    };
    static_assert(COUNT(members) == COUNT(TOP_NAMES), "every name has its value");
    return make_object(members, COUNT(members), arena, ret_view);
}

static bool is_one_of(const char *const *names, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
            return true;
    }
    return false;
}

/* Names resolve through the whole stack of contexts, so a top name is known everywhere and a line's
 * name inside {{#lines}} only. */
static bool is_known(const struct template_name *name)
{
    const char *dot = memchr(name->name, '.', name->name_len);
    size_t first = dot ? (size_t)(dot - name->name) : name->name_len;

    if (name->name_len == 1 && name->name[0] == '.')
        return true;
    if (dot) {
        size_t rest = name->name_len - first - 1;
        return first == 4 && memcmp(name->name, "user", 4) == 0 &&
               is_one_of(USER_NAMES, COUNT(USER_NAMES), dot + 1, rest);
    }
    if (is_one_of(TOP_NAMES, COUNT(TOP_NAMES), name->name, first))
        return true;
    /* Which sections are open is not known beyond the innermost one, so the names of both kinds
     * are let pass inside any section. */
    return name->section && (is_one_of(LINE_NAMES, COUNT(LINE_NAMES), name->name, first) ||
                             is_one_of(USER_NAMES, COUNT(USER_NAMES), name->name, first));
}

struct check {
    const struct template *template;
    struct ap_error *error;
};

static int check_name(void *data, const struct template_name *name)
{
    struct check *check = data;

    if (is_known(name))
        return 0;
    return ap_error_set(check->error, AP_EINVAL,
                        "%s:%u:%u: unknown variable '%.*s'; docs/templates.md lists the known ones",
                        template_name(check->template), name->line, name->column,
                        (int)name->name_len, name->name);
}

int phone_view_check_names(const struct template *template, struct ap_error *error)
{
    struct check check = {.template = template, .error = error};

    return template_each_name(template, check_name, &check);
}

const struct store_phone *phone_view_sample(void)
{
    static struct store_line LINES[] = {
        {.position = 1,
         .account = {.sip_user = "1001",
                     .domain = "pbx.example.com",
                     .auth_user = "",
                     .display_name = "Sample \"One\" & Co",
                     .registrar_host = "",
                     .transport = STORE_TRANSPORT_UDP,
                     .outbound_proxy = "",
                     .expires_s = 3600,
                     .password = "sample-<password>&1"}},
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
    static const struct store_phone SAMPLE = {
        .mac = {0x00, 0x15, 0x65, 0x12, 0x34, 0x56},
        .user_name = "sample",
        .user_display_name = "Sample User",
        .vendor = "generic",
        .model = "sample",
        .label = "Reception",
        .enabled = true,
        .lines = LINES,
        .line_count = 2,
    };
    return &SAMPLE;
}
