/* The table of variables and its checks. Knows no phone and no template. */
#include "autoprov/variable.h"

#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

#include "api_private.h"

#define TEXT(level_, name_, meaning_)                                                              \
    {                                                                                              \
        .level = VARIABLE_##level_, .name = (name_), .type = VARIABLE_TEXT, .meaning = (meaning_), \
    }
#define SECRET(level_, name_, meaning_)                                                            \
    {                                                                                              \
        .level = VARIABLE_##level_, .name = (name_), .type = VARIABLE_TEXT, .secret = true,        \
        .meaning = (meaning_),                                                                     \
    }
#define FLAG(level_, name_, meaning_)                                                              \
    {                                                                                              \
        .level = VARIABLE_##level_, .name = (name_), .type = VARIABLE_FLAG, .meaning = (meaning_), \
    }
#define LIST(name_, opens_, meaning_)                                                              \
    {                                                                                              \
        .level = VARIABLE_TOP, .name = (name_), .type = VARIABLE_LIST, .opens = (opens_),          \
        .meaning = (meaning_),                                                                     \
    }
#define OBJECT(name_, opens_, meaning_)                                                            \
    {                                                                                              \
        .level = VARIABLE_TOP, .name = (name_), .type = VARIABLE_OBJECT, .opens = (opens_),        \
        .meaning = (meaning_),                                                                     \
    }
#define SETTING(name_, type_, default_, min_, max_, choices_, meaning_)                            \
    {                                                                                              \
        .level = VARIABLE_TOP, .name = (name_), .type = (type_), .default_value = (default_),      \
        .min = (min_), .max = (max_), .choices = (choices_), .setting = true,                      \
        .secret = (type_) == VARIABLE_PASSWORD, .meaning = (meaning_),                             \
    }

static const struct variable VARIABLES[] = {
    /* -- settings: VARIABLE_SETTING_COUNT of them, first -- */
    SETTING("ntp_server", VARIABLE_HOST, "pool.ntp.org", 1, AP_HOST_MAX_BYTES, NULL, "time server"),
    SETTING("time_zone", VARIABLE_TIME_ZONE, "Etc/UTC", 1, AP_NAME_MAX_BYTES, NULL,
            "IANA name of the time zone, as in `Europe/Berlin`"),
    SETTING("language", VARIABLE_LANGUAGE, "en", 2, 12, NULL,
            "language of menus, BCP 47: `de`, `pt-BR`"),
    SETTING("admin_password", VARIABLE_PASSWORD, NULL, 1, AP_PASSWORD_MAX_BYTES, NULL,
            "password of the phone's web pages; without one the phone keeps its own"),
    SETTING("resync_interval", VARIABLE_NUMBER, "86400", 300, 2592000, NULL,
            "seconds after which the phone fetches its file anew"),
    SETTING("voicemail_number", VARIABLE_DIAL, NULL, 1, AP_NAME_MAX_BYTES, NULL,
            "what the phone's message key dials"),
    {.level = VARIABLE_TOP,
     .name = "codecs",
     .type = VARIABLE_CODECS,
     .opens = VARIABLE_CODEC,
     .default_value = "G722,PCMA,PCMU",
     .min = 1,
     .max = AP_TEXT_MAX_BYTES,
     .setting = true,
     .meaning = "codecs in order of preference; in templates a list of those that the vendor has"},
    SETTING("srtp", VARIABLE_CHOICE, "off", 1, 16, "off optional mandatory", "media encryption"),

    /* -- of the phone -- */
    TEXT(TOP, "mac", "the phone's MAC address: `cc5ef641b794`; empty in common files"),
    TEXT(TOP, "mac_upper", "`CC5EF641B794`"),
    TEXT(TOP, "mac_colon", "`cc:5e:f6:41:b7:94`"),
    TEXT(TOP, "mac_upper_colon", "`CC:5E:F6:41:B7:94`"),
    TEXT(TOP, "mac_dash", "`CC-5E-F6-41-B7-94`"),
    TEXT(TOP, "vendor", "catalogue name of the vendor: `yealink`"),
    TEXT(TOP, "model", "model, or empty"),
    TEXT(TOP, "label", "free text that the admin gave the phone, or empty"),
    OBJECT("user", VARIABLE_USER, "the user that owns the phone; absent in common files"),
    SECRET(TOP, "provisioning_url", "full URL of the phone's own file; empty in common files"),
    SECRET(TOP, "provisioning_base_url", "URL of its folder, with a slash at the end"),
    TEXT(TOP, "provisioning_host", "host of that URL, with its port if it names one"),
    SECRET(TOP, "provisioning_path", "path of that URL without slashes at its ends"),
    SECRET(TOP, "provisioning_host_path", "both, with a slash between"),
    SECRET(TOP, "phone_url",
           "what is written on the phone, in the vendor's form (the catalogue's `url`)"),
    TEXT(TOP, "auth_user",
         "what the phone says in HTTP: its user name; empty without a password. Inside `lines` "
         "that of the line"),
    SECRET(TOP, "auth_password", "the same: its password, or empty"),
    TEXT(TOP, "time_zone_code", "the vendor's own name of the time zone, or empty"),
    TEXT(TOP, "time_zone_posix", "`CET-1CEST,M3.5.0,M10.5.0/3`"),
    TEXT(TOP, "time_zone_offset_s", "standard time, seconds east of UTC: `3600`, `-12600`"),
    TEXT(TOP, "time_zone_offset_minutes", "the same in minutes: `60`, `-210`"),
    TEXT(TOP, "time_zone_offset_hours", "`+1`, `0`, `-3:30`"),
    TEXT(TOP, "time_zone_offset_colon", "`+01:00`"),
    TEXT(TOP, "time_zone_offset_minutes_west", "minutes west of UTC: `-60`, `210`"),
    OBJECT("dst", VARIABLE_DST, "summer time's rules; absent where there is none"),
    TEXT(TOP, "language_code", "the vendor's word for the language, or empty"),
    TEXT(TOP, "resync_interval_minutes", "rounded up"),
    TEXT(TOP, "resync_interval_hours", "rounded up"),
    LIST("codecs_off", VARIABLE_CODEC, "the vendor's codecs that are not in `codecs`"),
    TEXT(TOP, "srtp_code", "the vendor's word for `srtp`"),
    FLAG(TOP, "is_srtp_off", "true when `srtp` is `off`"),
    FLAG(TOP, "is_srtp_optional", "true when `srtp` is `optional`"),
    FLAG(TOP, "is_srtp_mandatory", "true when `srtp` is `mandatory`"),
    LIST("lines", VARIABLE_LINE, "every line that the model has, in the order of positions"),
    TEXT(TOP, "line_count", "number of `lines`"),
    LIST("keys", VARIABLE_KEY, "every key that the model has, in the order of positions"),
    TEXT(TOP, "key_count", "number of `keys`"),
    LIST("raw", VARIABLE_RAW, "settings `raw.NAME`, passed through, in the order of names"),

    TEXT(USER, "name", "the user's name"),
    TEXT(USER, "display_name", "the user's display name, or the name if none was given"),

    TEXT(DST, "start_month", "month in which summer time begins, 1 to 12"),
    TEXT(DST, "start_month_02", "the same with two digits"),
    TEXT(DST, "start_week", "1 to 4: first to fourth such day of the month; 5: the last"),
    FLAG(DST, "start_is_last", "true when `start_week` is 5"),
    TEXT(DST, "start_day", "day of the week, 0 Sunday to 6 Saturday"),
    TEXT(DST, "start_day_iso", "the same, 1 Monday to 7 Sunday"),
    TEXT(DST, "start_day_from_1", "the same, 1 Sunday to 7 Saturday"),
    TEXT(DST, "start_day_of_month", "first day of that week of the month: 1, 8, 15, 22; -1: last"),
    TEXT(DST, "start_hour", "hour of the change, local time"),
    TEXT(DST, "start_hour_02", "the same with two digits"),
    TEXT(DST, "start_minute", "minute of the change"),
    TEXT(DST, "start_minute_02", "the same with two digits"),
    TEXT(DST, "start_minutes", "time of the change in minutes of the day"),
    TEXT(DST, "end_month", "the same of its end"),
    TEXT(DST, "end_month_02", "the same of its end"),
    TEXT(DST, "end_week", "the same of its end"),
    FLAG(DST, "end_is_last", "the same of its end"),
    TEXT(DST, "end_day", "the same of its end"),
    TEXT(DST, "end_day_iso", "the same of its end"),
    TEXT(DST, "end_day_from_1", "the same of its end"),
    TEXT(DST, "end_day_of_month", "the same of its end"),
    TEXT(DST, "end_hour", "the same of its end"),
    TEXT(DST, "end_hour_02", "the same of its end"),
    TEXT(DST, "end_minute", "the same of its end"),
    TEXT(DST, "end_minute_02", "the same of its end"),
    TEXT(DST, "end_minutes", "the same of its end"),
    TEXT(DST, "save_minutes", "how far clocks go ahead: `60`"),
    TEXT(DST, "save_s", "the same in seconds"),
    TEXT(DST, "save_hours", "the same in hours: `1`, `0.5`"),

    TEXT(CODEC, "name", "`PCMA`"),
    TEXT(CODEC, "code", "the vendor's word for it"),
    TEXT(CODEC, "position", "rank, from 1"),
    TEXT(CODEC, "index", "rank, from 0"),
    FLAG(CODEC, "is_first", "true in the first item"),
    FLAG(CODEC, "is_last", "true in the last item"),
    FLAG(CODEC, "is_codec_N", "true in the item of position N: `is_codec_1`"),
    FLAG(CODEC, "is_NAME", "true in the item of that name: `is_PCMU`"),

    TEXT(LINE, "position", "number of the line, from 1"),
    TEXT(LINE, "index", "number of the line, from 0"),
    TEXT(LINE, "line", "the same as `position`, as keys have it"),
    TEXT(LINE, "line_index", "the same as `index`, as keys have it"),
    FLAG(LINE, "is_line_N", "true in the line of position N: `is_line_1`"),
    FLAG(LINE, "is_first", "true in the first line"),
    FLAG(LINE, "is_last", "true in the last line"),
    FLAG(LINE, "is_set", "true when an account is on it; else all below are empty"),
    TEXT(LINE, "sip_user", "user part of the SIP address"),
    TEXT(LINE, "domain", "host part of the SIP address"),
    TEXT(LINE, "auth_user", "user name for authentication; `sip_user` unless it has another"),
    FLAG(LINE, "has_password", "true when the account has a password"),
    SECRET(LINE, "password", "the SIP password, in clear"),
    TEXT(LINE, "display_name", "the account's display name; `sip_user` if it has none"),
    TEXT(LINE, "display_name_quoted",
         "the same for use between double quotes in a SIP address: `\"` and `\\` carry a backslash "
         "(RFC 3261, 25.1)"),
    TEXT(LINE, "line_label", "what the phone shows beside the line's key: `display_name`"),
    TEXT(LINE, "registrar_host", "where to register; `domain` unless it has another host"),
    TEXT(LINE, "registrar_port", "its port, or empty for the transport's default"),
    TEXT(LINE, "sip_port", "its port, the default filled in: 5060, with TLS 5061"),
    TEXT(LINE, "registrar", "both: `host` or `host:port`"),
    TEXT(LINE, "transport", "`udp`, `tcp` or `tls`"),
    TEXT(LINE, "transport_code", "the vendor's word for it"),
    FLAG(LINE, "is_udp", "true when `transport` is `udp`"),
    FLAG(LINE, "is_tcp", "true when `transport` is `tcp`"),
    FLAG(LINE, "is_tls", "true when `transport` is `tls`"),
    TEXT(LINE, "outbound_proxy", "`host` or `host:port`, or empty"),
    TEXT(LINE, "outbound_proxy_host", "its host, or empty"),
    TEXT(LINE, "outbound_proxy_port", "its port, the default filled in; empty without a proxy"),
    TEXT(LINE, "expires", "seconds between registrations"),
    TEXT(LINE, "expires_minutes", "the same in minutes, rounded up"),

    TEXT(KEY, "position", "number of the key, from 1"),
    TEXT(KEY, "index", "number of the key, from 0"),
    FLAG(KEY, "is_first", "true in the first key"),
    FLAG(KEY, "is_last", "true in the last key"),
    FLAG(KEY, "is_key_N", "true in the key of position N: `is_key_1`"),
    FLAG(KEY, "is_set", "true when something is on it"),
    FLAG(KEY, "is_default_line",
         "true when nothing is on it, but an account on the line of its number"),
    TEXT(KEY, "type", "`none`, `line`, `speed_dial`, `blf`, `park` or `dtmf`"),
    TEXT(KEY, "type_code", "the vendor's word for it"),
    FLAG(KEY, "is_none", "true when `type` is `none`"),
    FLAG(KEY, "is_line", "true when `type` is `line`"),
    FLAG(KEY, "is_speed_dial", "true when `type` is `speed_dial`"),
    FLAG(KEY, "is_blf", "true when `type` is `blf`"),
    FLAG(KEY, "is_park", "true when `type` is `park`"),
    FLAG(KEY, "is_dtmf", "true when `type` is `dtmf`"),
    TEXT(KEY, "value", "what it dials, watches or sends"),
    TEXT(KEY, "label", "what the phone shows beside it; its value if it has none"),
    TEXT(KEY, "line", "number of the line that it uses, from 1"),
    TEXT(KEY, "line_index", "the same, from 0"),
    TEXT(KEY, "line_sip_user", "`sip_user` of that line"),
    TEXT(KEY, "line_domain", "`domain` of that line"),

    TEXT(RAW, "name", "the setting's name without `raw.`"),
    TEXT(RAW, "value", "its value"),
};
#define VARIABLE_COUNT AP_COUNT(VARIABLES)

const struct variable *variable_at(size_t index)
{
    return index < VARIABLE_COUNT ? &VARIABLES[index] : NULL;
}

static bool is_word_of(const char *words, const char *word, size_t len)
{
    for (const char *at = words; *at;) {
        size_t at_len = strcspn(at, " ");
        if (at_len == len && memcmp(at, word, len) == 0)
            return true;
        at += at_len;
        at += *at == ' ';
    }
    return false;
}

/* Of some rows a part stands for what there is one of: a number, a codec. The row's own spelling is
 * then no name. */
static bool is_row_of(const char *row, const char *name, size_t len)
{
    static const char CODECS[] = "PCMU PCMA G722 G723 G726-32 G729 GSM iLBC L16 opus speex";
    static const char NAME[] = "is_NAME";
    size_t prefix = strlen(row) - 1;

    if (strcmp(row, NAME) == 0) {
        prefix = strlen("is_");
        return len > prefix && memcmp(name, NAME, prefix) == 0 &&
               is_word_of(CODECS, name + prefix, len - prefix);
    }
    if (row[prefix] != 'N')
        return len == prefix + 1 && memcmp(row, name, len) == 0;
    if (len <= prefix || memcmp(row, name, prefix) != 0 || name[prefix] == '0')
        return false;
    for (size_t i = prefix; i < len; i++) {
        if (!text_is_digit(name[i]))
            return false;
    }
    return true;
}

const struct variable *variable_find(enum variable_level level, const char *name, size_t len)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        if (VARIABLES[i].level == level && is_row_of(VARIABLES[i].name, name, len))
            return &VARIABLES[i];
    }
    return NULL;
}

const struct variable *variable_setting_at(size_t index)
{
    return index < VARIABLE_SETTING_COUNT ? &VARIABLES[index] : NULL;
}

int variable_setting_find(const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < VARIABLE_SETTING_COUNT; i++) {
        if (strcmp(VARIABLES[i].name, name) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    return AP_ENOENT;
}

/* -- checks ------------------------------------------------------------------------------------ */

static bool is_language(const char *text)
{
    size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (letters < 2 || letters > 3)
        return false;
    if (text[letters] == '\0')
        return true;
    if (text[letters] != '-')
        return false;
    size_t rest = strlen(text + letters + 1);
    for (size_t i = 0; i < rest; i++) {
        if (!text_is_alnum(text[letters + 1 + i]))
            return false;
    }
    return rest >= 2 && rest <= 8;
}

static bool is_dialled(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!text_is_alnum(text[i]) && !strchr("+*#.-_", text[i]))
            return false;
    }
    return true;
}

/* Some vendor of the catalogue must know the codec: a misspelt one would be left out silently. */
static bool is_known_codec(const struct catalogue *catalogue, const char *name)
{
    const struct catalogue_vendor *vendor;

    for (size_t i = 0; (vendor = catalogue_vendor_at(catalogue, i)); i++) {
        if (catalogue_code(vendor, CATALOGUE_CODEC, name))
            return true;
    }
    return false;
}

static int check_codecs(const struct catalogue *catalogue, const char *value,
                        struct ap_error *error)
{
    for (const char *at = value;;) {
        char name[AP_NAME_MAX_BYTES];
        size_t len = strcspn(at, ",");
        if (len == 0 || len >= sizeof(name))
            return ap_error_set(error, AP_EINVAL,
                                "codecs stand with one comma between: "
                                "G722,PCMA,PCMU");
        memcpy(name, at, len);
        name[len] = '\0';
        if (!is_dialled(name, len) || !is_known_codec(catalogue, name))
            return ap_error_set(error, AP_EINVAL,
                                "no vendor of the catalogue has a codec of that name at place %zu; "
                                "names are RTP's: PCMU, PCMA, G722, G729, opus",
                                (size_t)(at - value) + 1);
        for (const char *before = value; before < at; before += strcspn(before, ",") + 1) {
            if (text_equal_nocase(before, strcspn(before, ","), name, len))
                return ap_error_set(error, AP_EINVAL, "%s is named twice", name);
        }
        at += len;
        if (*at++ == '\0')
            return 0;
    }
}

static int check_number(const struct variable *variable, const char *value, size_t len,
                        struct ap_error *error)
{
    uint64_t number;

    if (text_parse_u64(value, len, variable->min, variable->max, &number) == 0)
        return 0;
    return ap_error_set(error, AP_ERANGE, "must be a number from %llu to %llu",
                        (unsigned long long)variable->min, (unsigned long long)variable->max);
}

int variable_check(const struct variable *variable, const struct catalogue *catalogue,
                   const char *value, struct ap_error *error)
{
    size_t len = strlen(value);

    if (variable->type == VARIABLE_NUMBER)
        return check_number(variable, value, len, error);
    if (len < variable->min || len > variable->max)
        return ap_error_set(error, AP_ERANGE, "must have %llu to %llu bytes",
                            (unsigned long long)variable->min, (unsigned long long)variable->max);
    switch (variable->type) {
    case VARIABLE_HOST:
        if (api_check_text(API_FIELD_HOST, value, len) != 0)
            return ap_error_set(error, AP_EINVAL,
                                "must be a host name or an address (IPv6 in brackets)");
        return 0;
    case VARIABLE_CHOICE:
        if (!is_word_of(variable->choices, value, len))
            return ap_error_set(error, AP_EINVAL, "must be one of: %s", variable->choices);
        return 0;
    case VARIABLE_TIME_ZONE:
        if (!catalogue_time_zone(catalogue, value))
            return ap_error_set(error, AP_EINVAL,
                                "must be a time zone's IANA name, as in Europe/Berlin");
        return 0;
    case VARIABLE_LANGUAGE:
        if (!is_language(value))
            return ap_error_set(error, AP_EINVAL, "must be a language tag: de, pt-BR");
        return 0;
    case VARIABLE_CODECS:
        return check_codecs(catalogue, value, error);
    case VARIABLE_DIAL:
        if (!is_dialled(value, len))
            return ap_error_set(error, AP_EINVAL, "must be letters, digits and +*#.-_ only");
        return 0;
    default:
        if (api_check_text(API_FIELD_PASSWORD, value, len) != 0)
            return ap_error_set(error, AP_EINVAL, "must be UTF-8 without control characters");
        return 0;
    }
}

int variable_check_raw(const struct dialect *dialect, const char *name, struct ap_error *error)
{
    static const char XML_RULE[] = "a name behind 'raw.' begins with a letter or '_' and has "
                                   "letters, digits and ._- only";
    static const char TEXT_RULE[] = "a name behind 'raw.' begins and ends with a letter or digit "
                                    "and has letters, digits, blanks and ._- only";
    bool is_xml = dialect->escape != DIALECT_ESCAPE_TEXT;
    const char *rule = is_xml ? XML_RULE : TEXT_RULE;
    size_t len = strlen(name);

    if (len == 0 || (is_xml && (text_is_digit(name[0]) || strchr(".-", name[0]))))
        return ap_error_set(error, AP_EINVAL, "%s", rule);
    if (!is_xml && (!text_is_alnum(name[0]) || !text_is_alnum(name[len - 1])))
        return ap_error_set(error, AP_EINVAL, "%s", rule);
    for (size_t i = 0; i < len; i++) {
        if (!text_is_alnum(name[i]) && !strchr(is_xml ? "._-" : "._- ", name[i]))
            return ap_error_set(error, AP_EINVAL, "%s", rule);
    }
    return 0;
}

bool variable_raw_is_secret(const char *name)
{
    static const char *const PARTS[] = {"pass", "pwd", "pswd", "secret"};

    for (size_t i = 0; i < AP_COUNT(PARTS); i++) {
        if (strcasestr(name, PARTS[i]))
            return true;
    }
    return false;
}

void variable_resolve(const struct store_setting *settings, size_t count,
                      struct variable_value ret_values[static VARIABLE_SETTING_COUNT])
{
    size_t index;

    for (size_t i = 0; i < VARIABLE_SETTING_COUNT; i++)
        ret_values[i] =
            (struct variable_value){.value = VARIABLES[i].default_value, .is_default = true};
    for (size_t i = 0; i < count; i++) {
        const struct store_setting *setting = &settings[i];
        if (!setting->value || variable_setting_find(setting->name, &index) != 0)
            continue;
        struct variable_value *value = &ret_values[index];
        if (value->is_default || setting->scope > value->scope)
            *value = (struct variable_value){.value = setting->value, .scope = setting->scope};
    }
}
