/* Lines and keys of a view: every slot of the model. Knows neither templates nor settings. */
#include <assert.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "phone_view_private.h"

/* -- lines ------------------------------------------------------------------------------------- */

static const char *first_of(const char *preferred, const char *otherwise)
{
    return preferred && preferred[0] ? preferred : otherwise;
}

/* A quoted-string's inside: RFC 3261, 25.1: a backslash before " and \. */
static const char *quote_for_sip(struct view *view, const char *text)
{
    size_t len = strlen(text);
    char *quoted = arena_alloc(view->arena, 2 * len + 1);
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

/* RFC 3261, 19.1.2. */
static const char *default_port(enum store_transport transport)
{
    return transport == STORE_TRANSPORT_TLS ? "5061" : "5060";
}

/* "host:port" in its pieces; the host alone in *ret_host when there is no port. */
static int split_proxy(struct view *view, const struct store_account *account,
                       const char **ret_host, const char **ret_port)
{
    const char *proxy = account->outbound_proxy;
    const char *colon = strrchr(proxy, ':');
    const char *bracket = strrchr(proxy, ']');

    if (!colon || (bracket && bracket > colon)) {
        *ret_host = proxy;
        *ret_port = proxy[0] ? default_port(account->transport) : "";
        return 0;
    }
    *ret_host = arena_strndup(view->arena, proxy, (size_t)(colon - proxy));
    *ret_port = colon + 1;
    return *ret_host ? 0 : AP_ENOMEM;
}

/* All texts of a slot; of one without account all are empty, so that no name is looked up further
 * out and found there. */
struct line_texts {
    const char *sip_user, *domain, *auth_user, *password, *display_name, *quoted, *label;
    const char *registrar_host, *registrar_port, *sip_port, *registrar;
    const char *transport, *transport_code;
    const char *proxy, *proxy_host, *proxy_port, *expires, *expires_minutes;
};

static int fill_texts(struct view *view, const struct store_account *account,
                      struct line_texts *texts)
{
    texts->sip_user = account->sip_user;
    texts->domain = account->domain;
    texts->auth_user = first_of(account->auth_user, account->sip_user);
    texts->password = view_secret(view, account->password ? account->password : "");
    texts->display_name = first_of(account->display_name, account->sip_user);
    texts->quoted = quote_for_sip(view, texts->display_name);
    texts->label = texts->display_name;
    texts->registrar_host = first_of(account->registrar_host, account->domain);
    texts->registrar_port =
        account->registrar_port ? view_number(view, account->registrar_port) : "";
    texts->registrar = texts->registrar_host;
    if (account->registrar_port && texts->registrar_port)
        texts->registrar = view_join(view, texts->registrar_host, ":", texts->registrar_port);
    texts->sip_port =
        account->registrar_port ? texts->registrar_port : default_port(account->transport);
    texts->transport = transport_name(account->transport);
    texts->transport_code = view_code(view, CATALOGUE_TRANSPORT, texts->transport);
    texts->proxy = account->outbound_proxy;
    texts->expires = view_number(view, account->expires_s);
    texts->expires_minutes = view_number(view, (account->expires_s + 59) / 60);
    if (!texts->quoted || !texts->registrar_port || !texts->registrar || !texts->expires ||
        !texts->expires_minutes)
        return AP_ENOMEM;
    return split_proxy(view, account, &texts->proxy_host, &texts->proxy_port);
}

/* Names and values of a line, in one list; the values are those of build_line(). */
#define LINE_VALUES(X)                                                                             \
    X("position", position)                                                                        \
    X("index", index_value)                                                                        \
    X("line", position)                                                                            \
    X("line_index", index_value)                                                                   \
    X("is_line_N", value_suffix(position))                                                         \
    X("is_first", value_bool(index == 0))                                                          \
    X("is_last", value_bool(index + 1 == view->line_count))                                        \
    X("is_set", value_bool(account != NULL))                                                       \
    X("sip_user", value_text(texts.sip_user))                                                      \
    X("domain", value_text(texts.domain))                                                          \
    X("auth_user", value_text(texts.auth_user))                                                    \
    X("has_password", value_bool(has_password))                                                    \
    X("password", value_text(texts.password))                                                      \
    X("display_name", value_text(texts.display_name))                                              \
    X("display_name_quoted", value_text(texts.quoted))                                             \
    X("line_label", value_text(texts.label))                                                       \
    X("registrar_host", value_text(texts.registrar_host))                                          \
    X("registrar_port", value_text(texts.registrar_port))                                          \
    X("sip_port", value_text(texts.sip_port))                                                      \
    X("registrar", value_text(texts.registrar))                                                    \
    X("transport", value_text(texts.transport))                                                    \
    X("transport_code", value_text(texts.transport_code))                                          \
    X("is_udp", value_bool(transport == STORE_TRANSPORT_UDP))                                      \
    X("is_tcp", value_bool(transport == STORE_TRANSPORT_TCP))                                      \
    X("is_tls", value_bool(transport == STORE_TRANSPORT_TLS))                                      \
    X("outbound_proxy", value_text(texts.proxy))                                                   \
    X("outbound_proxy_host", value_text(texts.proxy_host))                                         \
    X("outbound_proxy_port", value_text(texts.proxy_port))                                         \
    X("expires", value_text(texts.expires))                                                        \
    X("expires_minutes", value_text(texts.expires_minutes))
static const char *const LINE_NAMES[] = {LINE_VALUES(VIEW_NAME)};
static const struct value_shape LINE_SHAPE = {
    .names = LINE_NAMES, .count = AP_COUNT(LINE_NAMES), .number = VIEW_SHAPE_LINE};

/* *values: where the record's are stored, and then behind them. */
static int build_line(struct view *view, const struct store_account *account, uint32_t index,
                      uint32_t number, struct value **values)
{
    struct line_texts texts = {0};
    const struct value index_value = view_decimal(view, index);
    const struct value position = view_decimal(view, number);
    int transport = account ? (int)account->transport : -1; /* none */
    int err = account ? fill_texts(view, account, &texts) : 0;
    bool has_password = texts.password && texts.password[0];

    if (err || index_value.kind == VALUE_NULL || position.kind == VALUE_NULL)
        return AP_ENOMEM;

    struct value *at = *values;
    LINE_VALUES(VIEW_STORE)
    *values = at;
    return 0;
}

static const struct store_account *account_at(const struct store_phone *phone, uint32_t position)
{
    if (phone && position - 1 < phone->line_count &&
        phone->lines[position - 1].position == position)
        return &phone->lines[position - 1].account; /* as it is without gaps */
    for (size_t i = 0; phone && i < phone->line_count; i++) {
        if (phone->lines[i].position == position)
            return &phone->lines[i].account;
    }
    return NULL;
}

int view_lines(struct view *view, struct value *ret_lines)
{
    const struct store_phone *phone = view->source->phone;
    struct value *values = view_records(view, &LINE_SHAPE, view->line_count, ret_lines);

    if (!values)
        return AP_ENOMEM;
    for (uint32_t i = 0; i < view->line_count; i++) {
        const struct store_line *own = view->only_set ? &phone->lines[i] : NULL;
        int err = own ? build_line(view, &own->account, i, own->position, &values)
                      : build_line(view, account_at(phone, i + 1), i, i + 1, &values);
        if (err)
            return err;
    }
    return 0;
}

/* -- keys -------------------------------------------------------------------------------------- */

enum { KEY_NONE, KEY_LINE, KEY_SPEED_DIAL, KEY_BLF, KEY_PARK, KEY_DTMF, KEY_TYPE_COUNT };
_Static_assert(KEY_TYPE_COUNT == VIEW_KEY_TYPE_COUNT, "a code for each");

static const char *const KEY_TYPES[] = {"none", "line", "speed_dial", "blf", "park", "dtmf"};

/* KEY_TYPE_COUNT: a type that the database should not have. */
static size_t key_type(const struct store_key *key)
{
    size_t type = 0;

    while (type < KEY_TYPE_COUNT &&
           (KEY_TYPES[type][0] != key->type[0] || strcmp(KEY_TYPES[type], key->type) != 0))
        type++;
    return type;
}

/* The same of a key, with the values of build_key(). */
#define KEY_VALUES(X)                                                                              \
    X("position", position)                                                                        \
    X("index", index_value)                                                                        \
    X("is_first", value_bool(index == 0))                                                          \
    X("is_last", value_bool(index + 1 == view->key_count))                                         \
    X("is_key_N", value_suffix(position))                                                          \
    X("is_set", value_bool(key != NULL))                                                           \
    X("is_default_line", value_bool(is_default))                                                   \
    X("type", value_text(text))                                                                    \
    X("type_code", code)                                                                           \
    X("is_none", value_bool(type == KEY_NONE))                                                     \
    X("is_line", value_bool(type == KEY_LINE))                                                     \
    X("is_speed_dial", value_bool(type == KEY_SPEED_DIAL))                                         \
    X("is_blf", value_bool(type == KEY_BLF))                                                       \
    X("is_park", value_bool(type == KEY_PARK))                                                     \
    X("is_dtmf", value_bool(type == KEY_DTMF))                                                     \
    X("value", value_text(key ? key->value : NULL))                                                \
    X("label", value_text(key ? first_of(key->label, key->value) : NULL))                          \
    X("line", line_value)                                                                          \
    X("line_index", line_index)                                                                    \
    X("line_sip_user", value_text(account ? account->sip_user : NULL))                             \
    X("line_domain", value_text(account ? account->domain : NULL))
static const char *const KEY_NAMES[] = {KEY_VALUES(VIEW_NAME)};
static const struct value_shape KEY_SHAPE = {
    .names = KEY_NAMES, .count = AP_COUNT(KEY_NAMES), .number = VIEW_SHAPE_KEY};

static int build_key(struct view *view, const struct store_key *key, uint32_t index,
                     struct value **values)
{
    const struct store_phone *phone = view->source->phone;
    uint32_t number = view->only_set && key ? key->position : index + 1;
    bool is_default = !key && number <= view->line_count && account_at(phone, number);
    size_t type = key ? key_type(key) : KEY_NONE;
    const char *text = key ? key->type : KEY_TYPES[KEY_NONE];
    struct value code = type < KEY_TYPE_COUNT ? view->key_codes[type] : value_text("");
    uint32_t line = key && key->line ? key->line : is_default ? number : 1;
    const struct store_account *account = key || is_default ? account_at(phone, line) : NULL;
    const struct value index_value = view_decimal(view, index);
    const struct value position = view_decimal(view, number);
    const struct value line_index = view_decimal(view, line - 1);
    const struct value line_value = view_decimal(view, line);

    if (index_value.kind == VALUE_NULL || position.kind == VALUE_NULL ||
        line_index.kind == VALUE_NULL || line_value.kind == VALUE_NULL)
        return AP_ENOMEM;

    struct value *at = *values;
    KEY_VALUES(VIEW_STORE)
    *values = at;
    return 0;
}

int view_keys(struct view *view, struct value *ret_keys)
{
    const struct store_phone *phone = view->source->phone;
    struct value *values = view_records(view, &KEY_SHAPE, view->key_count, ret_keys);
    size_t next = 0;

    if (!values)
        return AP_ENOMEM;
    for (size_t i = 0; i < KEY_TYPE_COUNT; i++)
        view->key_codes[i] = value_text(view_code(view, CATALOGUE_KEY_TYPE, KEY_TYPES[i]));
    for (uint32_t i = 0; i < view->key_count; i++) {
        const struct store_key *key = NULL;
        if (phone && next < phone->key_count &&
            (view->only_set || phone->keys[next].position == i + 1))
            key = &phone->keys[next++];
        int err = build_key(view, key, i, &values);
        if (err)
            return err;
    }
    return 0;
}
