/* Lines and keys of a view: every slot of the model. Knows neither templates nor settings. */
#include <assert.h>
#include <string.h>

#include "autoprov/limits.h"
#include "phone_view_private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

static int build_line(struct view *view, const struct store_account *account, uint32_t index,
                      uint32_t number, struct value *ret_value)
{
    struct line_texts texts = {0};
    const char *index_text = view_number(view, index);
    const char *position = view_number(view, number);
    const char *numbered = view_numbered(view, "is_line_", number);
    enum store_transport transport = account ? account->transport : STORE_TRANSPORT_UDP;
    int err = account ? fill_texts(view, account, &texts) : 0;

    if (err || !index_text || !position || !numbered)
        return AP_ENOMEM;
    const struct value_member members[] = {
        value_member("position", value_text(position)),
        value_member("index", value_text(index_text)),
        value_member("line", value_text(position)),
        value_member("line_index", value_text(index_text)),
        value_member(numbered, value_bool(true)),
        value_member("is_first", value_bool(index == 0)),
        value_member("is_last", value_bool(index + 1 == view->line_count)),
        value_member("is_set", value_bool(account != NULL)),
        value_member("sip_user", value_text(texts.sip_user)),
        value_member("domain", value_text(texts.domain)),
        value_member("auth_user", value_text(texts.auth_user)),
        value_member("has_password", value_bool(texts.password && texts.password[0])),
        value_member("password", value_text(texts.password)),
        value_member("display_name", value_text(texts.display_name)),
        value_member("display_name_quoted", value_text(texts.quoted)),
        value_member("line_label", value_text(texts.label)),
        value_member("registrar_host", value_text(texts.registrar_host)),
        value_member("registrar_port", value_text(texts.registrar_port)),
        value_member("sip_port", value_text(texts.sip_port)),
        value_member("registrar", value_text(texts.registrar)),
        value_member("transport", value_text(texts.transport)),
        value_member("transport_code", value_text(texts.transport_code)),
        value_member("is_udp", value_bool(account && transport == STORE_TRANSPORT_UDP)),
        value_member("is_tcp", value_bool(account && transport == STORE_TRANSPORT_TCP)),
        value_member("is_tls", value_bool(account && transport == STORE_TRANSPORT_TLS)),
        value_member("outbound_proxy", value_text(texts.proxy)),
        value_member("outbound_proxy_host", value_text(texts.proxy_host)),
        value_member("outbound_proxy_port", value_text(texts.proxy_port)),
        value_member("expires", value_text(texts.expires)),
        value_member("expires_minutes", value_text(texts.expires_minutes)),
    };
    return view_object(view, members, COUNT(members), ret_value);
}

static const struct store_account *account_at(const struct store_phone *phone, uint32_t position)
{
    for (size_t i = 0; phone && i < phone->line_count; i++) {
        if (phone->lines[i].position == position)
            return &phone->lines[i].account;
    }
    return NULL;
}

int view_lines(struct view *view, struct value *ret_lines)
{
    const struct store_phone *phone = view->source->phone;
    struct value *lines = arena_take(view->arena, view->line_count * sizeof(*lines));

    if (!lines)
        return AP_ENOMEM;
    for (uint32_t i = 0; i < view->line_count; i++) {
        const struct store_line *own = view->only_set ? &phone->lines[i] : NULL;
        int err = own ? build_line(view, &own->account, i, own->position, &lines[i])
                      : build_line(view, account_at(phone, i + 1), i, i + 1, &lines[i]);
        if (err)
            return err;
    }
    *ret_lines = value_list(lines, view->line_count);
    return 0;
}

/* -- keys -------------------------------------------------------------------------------------- */

static int build_key(struct view *view, const struct store_key *key, uint32_t index,
                     struct value *ret_value)
{
    const struct store_phone *phone = view->source->phone;
    uint32_t number = view->only_set && key ? key->position : index + 1;
    bool is_default = !key && number <= view->line_count && account_at(phone, number);
    const char *type = key ? key->type : "none";
    uint32_t line = key && key->line ? key->line : is_default ? number : 1;
    const struct store_account *account = key || is_default ? account_at(phone, line) : NULL;
    const char *numbered = view_numbered(view, "is_key_", number);
    const char *texts[] = {
        view_number(view, index),
        view_number(view, number),
        view_number(view, line - 1),
        view_number(view, line),
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        if (!texts[i] || !numbered)
            return AP_ENOMEM;
    }
    const struct value_member members[] = {
        value_member("position", value_text(texts[1])),
        value_member("index", value_text(texts[0])),
        value_member("is_first", value_bool(index == 0)),
        value_member("is_last", value_bool(index + 1 == view->key_count)),
        value_member(numbered, value_bool(true)),
        value_member("is_set", value_bool(key != NULL)),
        value_member("is_default_line", value_bool(is_default)),
        value_member("type", value_text(type)),
        value_member("type_code", value_text(view_code(view, CATALOGUE_KEY_TYPE, type))),
        value_member("is_none", value_bool(!key)),
        value_member("is_line", value_bool(strcmp(type, "line") == 0)),
        value_member("is_speed_dial", value_bool(strcmp(type, "speed_dial") == 0)),
        value_member("is_blf", value_bool(strcmp(type, "blf") == 0)),
        value_member("is_park", value_bool(strcmp(type, "park") == 0)),
        value_member("is_dtmf", value_bool(strcmp(type, "dtmf") == 0)),
        value_member("value", value_text(key ? key->value : NULL)),
        value_member("label", value_text(key ? first_of(key->label, key->value) : NULL)),
        value_member("line", value_text(texts[3])),
        value_member("line_index", value_text(texts[2])),
        value_member("line_sip_user", value_text(account ? account->sip_user : NULL)),
        value_member("line_domain", value_text(account ? account->domain : NULL)),
    };
    return view_object(view, members, COUNT(members), ret_value);
}

int view_keys(struct view *view, struct value *ret_keys)
{
    const struct store_phone *phone = view->source->phone;
    struct value *keys = arena_take(view->arena, view->key_count * sizeof(*keys));
    size_t next = 0;

    if (!keys)
        return AP_ENOMEM;
    for (uint32_t i = 0; i < view->key_count; i++) {
        const struct store_key *key = NULL;
        if (phone && next < phone->key_count &&
            (view->only_set || phone->keys[next].position == i + 1))
            key = &phone->keys[next++];
        int err = build_key(view, key, i, &keys[i]);
        if (err)
            return err;
    }
    *ret_keys = value_list(keys, view->key_count);
    return 0;
}
