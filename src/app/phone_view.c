/* The values of docs/templates.md. Knows row and value tree, not the template language. */
#include "autoprov/phone_view.h"

#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/phone_file.h"
#include "autoprov/text.h"
#include "phone_view_private.h"

struct value *view_records(struct view *view, const struct value_shape *shape, uint32_t count,
                           struct value *ret_list)
{
    size_t each = sizeof(struct value) + sizeof(struct value_record) +
                  shape->count * sizeof(struct value); /* a few dozen */
    struct value *items = arena_take(view->arena, count * each);

    if (!items)
        return NULL;
    struct value_record *records = (struct value_record *)(items + count);
    struct value *values = (struct value *)(records + count);
    for (uint32_t i = 0; i < count; i++) {
        records[i] =
            (struct value_record){.shape = shape, .values = values + (size_t)i * shape->count};
        items[i] = value_of_record(&records[i]);
    }
    *ret_list = value_list(items, count);
    return values;
}

struct value *view_record(struct view *view, const struct value_shape *shape,
                          struct value *ret_value)
{
    struct value list;
    struct value *values = view_records(view, shape, 1, &list);

    if (values)
        *ret_value = list.as.items[0];
    return values;
}

/* Most numbers are positions: those need no memory and no division. */
#define ONES(digits)                                                                               \
    {                                                                                              \
        .kind = VALUE_NUMBER, .len = sizeof(digits) - 1, .as.text = (digits)                       \
    }
#define TENS(ten)                                                                                  \
    ONES(ten "0"), ONES(ten "1"), ONES(ten "2"), ONES(ten "3"), ONES(ten "4"), ONES(ten "5"),      \
        ONES(ten "6"), ONES(ten "7"), ONES(ten "8"), ONES(ten "9")

struct value view_decimal(struct view *view, int64_t number)
{
    static const struct value SMALL[] = {TENS(""),  TENS("1"), TENS("2"), TENS("3"), TENS("4"),
                                         TENS("5"), TENS("6"), TENS("7"), TENS("8"), TENS("9")};
    char *text;

    if (number >= 0 && number < (int64_t)AP_COUNT(SMALL))
        return SMALL[number];
    text = arena_take(view->arena, TEXT_DECIMAL_MAX + 2);
    if (!text)
        return value_null();
    text[0] = '-';
    if (number < 0)
        (void)text_decimal((uint64_t)-number, text + 1);
    else
        (void)text_decimal((uint64_t)number, text);
    return value_number(text);
}

const char *view_number(struct view *view, int64_t number)
{
    const struct value value = view_decimal(view, number);

    return value.kind == VALUE_NULL ? NULL : value.as.text;
}

/* Three texts in one. Of a fetch's instructions snprintf() alone took a twentieth. */
const char *view_join(struct view *view, const char *a, const char *b, const char *c)
{
    size_t a_len = strlen(a), b_len = strlen(b), c_len = strlen(c);
    char *text = arena_alloc(view->arena, a_len + b_len + c_len + 1);

    if (!text)
        return NULL;
    memcpy(text, a, a_len);
    memcpy(text + a_len, b, b_len);
    memcpy(text + a_len + b_len, c, c_len);
    return text;
}

const char *view_code(const struct view *view, enum catalogue_table table, const char *word)
{
    const char *code = catalogue_code(view->source->vendor, table, word);

    return code ? code : "";
}

const char *view_setting(const struct view *view, enum view_setting setting)
{
    const char *value = view->settings[setting].value;

    return value ? value : "";
}

const char *view_secret(const struct view *view, const char *text)
{
    if (view->source->withhold_secrets && text[0])
        return VIEW_WITHHELD;
    return view->source->mask_secrets && text[0] ? VIEW_MASK : text;
}

/* -- URLs -------------------------------------------------------------------------------------- */

struct urls {
    const char *base, *host, *path, *host_path, *file, *phone;
};

/* URL of the phone's own file, "" when its name is not known. */
static int build_own_url(struct view *view, struct urls *urls)
{
    const struct phone_view_source *source = view->source;
    const struct catalogue_file *file = phone_file_next(source->vendor, source->model, NULL);
    const char *name = NULL;

    if (!file)
        return 0;
    int err = phone_file_name(source->vendor, source->model, file, source->phone->mac, view->arena,
                              &name);
    if (err)
        return err == AP_ENOENT ? 0 : err;
    urls->file = view_join(view, urls->base, name, "");
    return urls->file ? 0 : AP_ENOMEM;
}

static int build_urls(struct view *view, struct urls *urls)
{
    static const char SCHEME[] = "https://";
    const struct phone_view_source *source = view->source;
    /* A vendor whose phones cannot be given a token is told of none. */
    const struct token *token = source->vendor->flat_only ? NULL : source->token;
    const char *prefix = source->prefix + 1; /* without its '/' */

    *urls = (struct urls){"", "", "", "", "", ""};
    if (!source->public_url[0])
        return 0;
    urls->host = strncmp(source->public_url, SCHEME, sizeof(SCHEME) - 1) == 0
                     ? source->public_url + sizeof(SCHEME) - 1
                     : source->public_url;
    /* A file without secrets still tells the phone its own URL. */
    const char *folder = token && source->mask_secrets ? VIEW_MASK : token ? token->text : "";
    urls->path = token ? view_join(view, prefix, "/", folder) : prefix;
    urls->host_path = urls->path ? view_join(view, urls->host, "/", urls->path) : NULL;
    const char *url = urls->path ? view_join(view, source->public_url, "/", urls->path) : NULL;
    urls->base = url ? view_join(view, url, "/", "") : NULL;
    if (!urls->host_path || !urls->base)
        return AP_ENOMEM;
    return source->phone ? build_own_url(view, urls) : 0;
}

/* The vendor's form of the URL, a small template over the other URLs. */
static int render_phone_url(struct view *view, struct urls *urls)
{
    static const struct dialect PLAIN = {.escape = DIALECT_ESCAPE_NONE};
    const struct value_member members[] = {
        value_member("provisioning_base_url", value_text(urls->base)),
        value_member("provisioning_url", value_text(urls->file)),
        value_member("provisioning_host", value_text(urls->host)),
        value_member("provisioning_path", value_text(urls->path)),
        value_member("provisioning_host_path", value_text(urls->host_path)),
    };
    const struct value root = value_object(members, AP_COUNT(members));
    struct buf text;

    urls->phone = urls->base;
    if (!view->source->url || !urls->base[0])
        return 0;
    buf_init_secret(&text, AP_URL_MAX_BYTES);
    int err = template_render(view->source->url, &PLAIN, &root, &text);
    if (!err) {
        urls->phone = arena_strndup(view->arena, text.data ? text.data : "", text.len);
        err = urls->phone ? 0 : AP_ENOMEM;
    }
    buf_done(&text);
    return err;
}

/* -- the whole --------------------------------------------------------------------------------- */

struct macs {
    char lower[AP_MAC_TEXT_MAX], upper[AP_MAC_TEXT_MAX], colon[AP_MAC_TEXT_MAX];
    char upper_colon[AP_MAC_TEXT_MAX], dash[AP_MAC_TEXT_MAX];
};

static void format_macs(const struct store_phone *phone, struct macs *macs)
{
    mac_format(phone->mac, MAC_FORM_LOWER, macs->lower);
    mac_format(phone->mac, MAC_FORM_UPPER, macs->upper);
    mac_format(phone->mac, MAC_FORM_LOWER_COLON, macs->colon);
    mac_format(phone->mac, MAC_FORM_UPPER_COLON, macs->upper_colon);
    mac_format(phone->mac, MAC_FORM_UPPER_COLON, macs->dash);
    for (char *at = macs->dash; *at; at++) {
        if (*at == ':')
            *at = '-';
    }
}

/* The owner, as build_user() has its values. */
#define USER_VALUES(X)                                                                             \
    X("name", value_text(phone->user_name))                                                        \
    X("display_name", value_text(display))
static const char *const USER_NAMES[] = {USER_VALUES(VIEW_NAME)};
static const struct value_shape USER_SHAPE = {
    .names = USER_NAMES, .count = AP_COUNT(USER_NAMES), .number = VIEW_SHAPE_USER};

static int build_user(struct view *view, struct value *ret_user)
{
    const struct store_phone *phone = view->source->phone;

    if (!phone) {
        *ret_user = value_null();
        return 0;
    }
    const char *display = phone->user_display_name && phone->user_display_name[0]
                              ? phone->user_display_name
                              : phone->user_name;

    struct value *at = view_record(view, &USER_SHAPE, ret_user);
    if (!at)
        return AP_ENOMEM;
    USER_VALUES(VIEW_STORE)
    return 0;
}

static uint32_t at_least(uint32_t slots, uint32_t highest)
{
    return slots > highest ? slots : highest;
}

/* A model has its slots, whatever is set. One that is not in the catalogue has the vendor's, and as
 * many more as are set; a vendor without a number just those that are set. */
static void count_slots(struct view *view)
{
    const struct phone_view_source *source = view->source;
    const struct store_phone *phone = source->phone;

    view->line_count = source->model ? source->model->lines : source->vendor->lines;
    view->key_count = source->model ? source->model->keys : source->vendor->keys;
    view->only_set = view->line_count == 0;
    if (!phone) { /* a common file has no lines */
        view->line_count = 0;
        view->key_count = 0;
        return;
    }
    if (view->only_set) {
        view->line_count = (uint32_t)phone->line_count;
        view->key_count = (uint32_t)phone->key_count;
    } else if (!source->model) {
        if (phone->line_count > 0)
            view->line_count =
                at_least(view->line_count, phone->lines[phone->line_count - 1].position);
        if (phone->key_count > 0)
            view->key_count = at_least(view->key_count, phone->keys[phone->key_count - 1].position);
    }
}

/* Everything that takes more than one step to make. */
struct parts {
    struct macs *macs; /* NULL in common files */
    struct urls urls;
    struct view_zone zone;
    struct value user, lines, keys, codecs, codecs_off, raw;
    const char *line_count, *key_count, *minutes, *hours, *language_code;
};

static int build_times(struct view *view, struct parts *parts)
{
    const char *interval = view_setting(view, VIEW_RESYNC_INTERVAL);
    uint64_t seconds = 0;

    if (text_parse_u64(interval, strlen(interval), 0, UINT32_MAX, &seconds) != 0)
        seconds = 86400;
    parts->minutes = view_number(view, (int64_t)(seconds + 59) / 60);
    parts->hours = view_number(view, (int64_t)(seconds + 3599) / 3600);
    parts->line_count = view_number(view, view->line_count);
    parts->key_count = view_number(view, view->key_count);
    return parts->minutes && parts->hours && parts->line_count && parts->key_count ? 0 : AP_ENOMEM;
}

/* "pt-BR", else "pt". */
static int language_code(struct view *view, const char *language, const char **ret_code)
{
    const struct catalogue_vendor *vendor = view->source->vendor;
    const char *code = catalogue_code(vendor, CATALOGUE_LANGUAGE, language);
    size_t primary = strcspn(language, "-");

    if (!code && language[primary]) {
        const char *word = arena_strndup(view->arena, language, primary);
        if (!word)
            return AP_ENOMEM;
        code = catalogue_code(vendor, CATALOGUE_LANGUAGE, word);
    }
    *ret_code = code;
    return 0;
}

static int build_parts(struct view *view, struct parts *parts)
{
    const struct store_phone *phone = view->source->phone;
    int err = 0;

    if (phone) {
        parts->macs = arena_alloc(view->arena, sizeof(*parts->macs));
        if (!parts->macs)
            return AP_ENOMEM;
        format_macs(phone, parts->macs);
    }
    err = build_urls(view, &parts->urls);
    if (!err)
        err = render_phone_url(view, &parts->urls);
    if (!err)
        err = build_user(view, &parts->user);
    if (!err)
        err = build_times(view, parts);
    if (!err)
        err = language_code(view, view_setting(view, VIEW_LANGUAGE), &parts->language_code);
    if (!err)
        err = view_lines(view, &parts->lines);
    if (!err)
        err = view_keys(view, &parts->keys);
    if (!err)
        err = view_codecs(view, &parts->codecs, &parts->codecs_off);
    if (!err)
        err = view_raw(view, &parts->raw);
    return err ? err : view_zone(view, &parts->zone);
}

/* The top, as build_root() has its values. */
#define TOP_VALUES(X)                                                                              \
    X("lines", parts->lines)                                                                       \
    X("keys", parts->keys)                                                                         \
    X("codecs", parts->codecs)                                                                     \
    X("codecs_off", parts->codecs_off)                                                             \
    X("raw", parts->raw)                                                                           \
    X("dst", parts->zone.dst)                                                                      \
    X("user", parts->user)                                                                         \
    X("mac", value_text(macs ? macs->lower : ""))                                                  \
    X("mac_upper", value_text(macs ? macs->upper : ""))                                            \
    X("mac_colon", value_text(macs ? macs->colon : ""))                                            \
    X("mac_upper_colon", value_text(macs ? macs->upper_colon : ""))                                \
    X("mac_dash", value_text(macs ? macs->dash : ""))                                              \
    X("vendor", value_text(source->vendor->name))                                                  \
    X("model", value_text(model))                                                                  \
    X("label", value_text(phone ? phone->label : ""))                                              \
    X("provisioning_url", value_text(parts->urls.file))                                            \
    X("provisioning_base_url", value_text(parts->urls.base))                                       \
    X("provisioning_host", value_text(parts->urls.host))                                           \
    X("provisioning_path", value_text(parts->urls.path))                                           \
    X("provisioning_host_path", value_text(parts->urls.host_path))                                 \
    X("phone_url", value_text(parts->urls.phone))                                                  \
    X("auth_user", value_text(http_user))                                                          \
    X("auth_password", value_text(http_password))                                                  \
    X("ntp_server", value_text(view_setting(view, VIEW_NTP_SERVER)))                               \
    X("time_zone", value_text(view_setting(view, VIEW_TIME_ZONE)))                                 \
    X("time_zone_code", value_text(catalogue_code(source->vendor, CATALOGUE_TIME_ZONE,             \
                                                  view_setting(view, VIEW_TIME_ZONE))))            \
    X("time_zone_posix", value_text(parts->zone.posix))                                            \
    X("time_zone_offset_s", value_text(parts->zone.seconds))                                       \
    X("time_zone_offset_minutes", value_text(parts->zone.minutes))                                 \
    X("time_zone_offset_minutes_west", value_text(parts->zone.minutes_west))                       \
    X("time_zone_offset_hours", value_text(parts->zone.hours))                                     \
    X("time_zone_offset_colon", value_text(parts->zone.colon))                                     \
    X("language", value_text(language))                                                            \
    X("language_code", value_text(parts->language_code))                                           \
    X("admin_password", value_text(password))                                                      \
    X("resync_interval", value_text(view_setting(view, VIEW_RESYNC_INTERVAL)))                     \
    X("resync_interval_minutes", value_text(parts->minutes))                                       \
    X("resync_interval_hours", value_text(parts->hours))                                           \
    X("voicemail_number", value_text(view_setting(view, VIEW_VOICEMAIL_NUMBER)))                   \
    X("srtp", value_text(srtp))                                                                    \
    X("srtp_code", value_text(view_code(view, CATALOGUE_SRTP, srtp)))                              \
    X("is_srtp_off", value_bool(strcmp(srtp, "off") == 0))                                         \
    X("is_srtp_optional", value_bool(strcmp(srtp, "optional") == 0))                               \
    X("is_srtp_mandatory", value_bool(strcmp(srtp, "mandatory") == 0))                             \
    X("line_count", value_text(parts->line_count))                                                 \
    X("key_count", value_text(parts->key_count))
static const char *const TOP_NAMES[] = {TOP_VALUES(VIEW_NAME)};
static const struct value_shape TOP_SHAPE = {
    .names = TOP_NAMES, .count = AP_COUNT(TOP_NAMES), .number = VIEW_SHAPE_TOP};

static int build_root(struct view *view, const struct parts *parts, struct value *ret_view)
{
    const struct phone_view_source *source = view->source;
    const struct store_phone *phone = source->phone;
    const struct macs *macs = parts->macs;
    const char *srtp = view_setting(view, VIEW_SRTP);
    const char *language = view_setting(view, VIEW_LANGUAGE);
    const char *model = phone ? phone->model : source->model ? source->model->name : "";
    const char *password = phone ? view_secret(view, view_setting(view, VIEW_ADMIN_PASSWORD)) : "";

    const struct store_auth *auth = phone ? &phone->access.auth : NULL;
    bool has_auth = auth && auth->password;
    const char *http_password = has_auth ? view_secret(view, auth->password) : "";
    /* A name alone is no use. */
    const char *http_user = !has_auth ? "" : auth->user && auth->user[0] ? auth->user : macs->lower;

    struct value *at = view_record(view, &TOP_SHAPE, ret_view);
    if (!at)
        return AP_ENOMEM;
    TOP_VALUES(VIEW_STORE)
    return 0;
}

int phone_view_build(const struct phone_view_source *source, struct arena *arena,
                     struct value *ret_view, struct ap_error *error)
{
    struct view view = {.source = source, .arena = arena};
    struct parts parts = {.macs = NULL};
    int err = 0;

    if (source->phone)
        err = phone_view_check(source->vendor, source->phone, error);
    if (err)
        return err;
    if (source->phone)
        variable_resolve(source->phone->settings, source->phone->setting_count, view.settings);
    else
        variable_resolve(source->settings, source->setting_count, view.settings);
    count_slots(&view);
    err = build_parts(&view, &parts);
    if (!err)
        err = build_root(&view, &parts, ret_view);
    return err ? ap_error_set(error, err, "%s", ap_strerror(err)) : 0;
}
