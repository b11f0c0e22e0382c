/* Forms of single texts; nothing here looks at two of them. */
#include "catalogue_words.h"

#include <string.h>

#include "autoprov/array.h"
#include "autoprov/http.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "catalogue_private.h"

static bool is_printable(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    }
    return true;
}

static bool is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~')
            return false;
    }
    return true;
}

static bool is_comment(const char *text, size_t len)
{
    return is_ascii(text, len) && text[0] != ' ' && !text_is_alnum(text[0]);
}

/* "text/xml; charset=utf-8" (RFC 9110, 8.3.1), coarsely: it becomes a header field. */
static bool is_content_type(const char *text, size_t len)
{
    const char *slash = strchr(text, '/');

    return is_ascii(text, len) && slash && slash != text && slash[1] != '\0';
}

static bool is_agent_with_mac(const char *text, size_t len)
{
    return catalogue_agent_is_pattern(text, len) && strstr(text, "{mac}");
}

bool catalogue_is_wild_word(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!catalogue_is_wild_char(text[i]))
            return false;
    }
    return true;
}

static bool is_template_name(const char *text, size_t len)
{
    static const char *const ENDS[] = {".xml", ".cfg", ".txt", ".json", ".conf"};

    for (size_t i = 0; i < AP_COUNT(ENDS); i++) {
        size_t end = strlen(ENDS[i]);
        if (len > end && strcmp(text + len - end, ENDS[i]) == 0)
            return text[0] != '.' && catalogue_is_wild_word(text, len);
    }
    return false;
}

/* As phone rows and paths of the API take it. */
static bool is_model(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!catalogue_is_wild_char(text[i]) && text[i] != '@')
            return false;
    }
    return strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!text_is_hex(text[i]))
            return false;
    }
    return true;
}

#define ONE_LINE "a text in one line"

const struct strict_json_text CATALOGUE_TEXT_TITLE = {1, AP_TEXT_MAX_BYTES, is_printable, ONE_LINE};
const struct strict_json_text CATALOGUE_TEXT_ABOUT = {0, AP_CATALOGUE_FILE_MAX_BYTES, NULL,
                                                      "a text"};
const struct strict_json_text CATALOGUE_TEXT_CHARACTERS = {0, 64, is_ascii,
                                                           "printable ASCII characters"};
const struct strict_json_text CATALOGUE_TEXT_ONE_CHARACTER = {
    1, 1, is_comment, "an ASCII character that is no letter, digit or blank"};
const struct strict_json_text CATALOGUE_TEXT_CONTENT_TYPE = {
    3, HTTP_CONTENT_TYPE_MAX - 1, is_content_type, "a media type such as text/xml"};
const struct strict_json_text CATALOGUE_TEXT_URL = {1, 512, is_printable, "a template in one line"};
const struct strict_json_text CATALOGUE_TEXT_EVENT = {1, AP_TEXT_MAX_BYTES, is_ascii,
                                                      "printable ASCII characters"};
const struct strict_json_text CATALOGUE_TEXT_AGENT = {
    5, AP_CATALOGUE_PATTERN_MAX_BYTES, is_agent_with_mac,
    "a pattern of printable ASCII characters, {any}, {model} and one {mac}"};
const struct strict_json_text CATALOGUE_TEXT_CN = {
    5, AP_CATALOGUE_PATTERN_MAX_BYTES, catalogue_certificate_is_pattern,
    "printable ASCII characters and one of {mac}, {mac_lower}, {mac_upper}, {mac_lower_colon}, "
    "{mac_upper_colon}, for a CN of at most 27 characters"};
const struct strict_json_text CATALOGUE_TEXT_OUI = {6, 6, is_hex, "hex digits such as 001565"};
const struct strict_json_text CATALOGUE_TEXT_RESERVED = {1, AP_TEXT_MAX_BYTES, is_printable,
                                                         ONE_LINE};
const struct strict_json_text CATALOGUE_TEXT_MODEL = {
    1, AP_NAME_MAX_BYTES, is_model, "letters, digits and ._@-, and neither '.' nor '..'"};
const struct strict_json_text CATALOGUE_TEXT_MODEL_CODE = {
    1, 32, catalogue_is_wild_word, "made of letters, digits, '_', '.' and '-'"};
const struct strict_json_text CATALOGUE_TEXT_TEMPLATE = {
    5, AP_NAME_MAX_BYTES, is_template_name,
    "a file name that ends in .xml, .cfg, .txt, .json or .conf"};
const struct strict_json_text CATALOGUE_TEXT_CODE = {0, AP_CATALOGUE_CODE_MAX_BYTES, is_printable,
                                                     ONE_LINE};
/* What else it must be, catalogue_pattern_check() tells more clearly. */
const struct strict_json_text CATALOGUE_TEXT_PATTERN = {1, AP_CATALOGUE_PATTERN_MAX_BYTES, NULL,
                                                        "a pattern of file names"};
const struct strict_json_text CATALOGUE_TEXT_ZONE_RULE = {4, AP_NAME_MAX_BYTES, is_ascii,
                                                          "a POSIX TZ string"};

const char *const CATALOGUE_WORDS_MAC_CASES[] = {"lower", "upper", NULL};
const char *const CATALOGUE_WORDS_ESCAPES[] = {"xml", "text", "json", "url", NULL};
const char *const CATALOGUE_WORDS_CHARSETS[] = {"utf-8", "iso-8859-1", NULL};
const char *const CATALOGUE_WORDS_LINE_ENDS[] = {"lf", "crlf", NULL};
const char *const CATALOGUE_WORDS_PNP_FORMS[] = {"plain", "unturned", "external", NULL};
const char *const CATALOGUE_WORDS_ROLES[] = {
    [CATALOGUE_CONFIG] = "config",       [CATALOGUE_COMMON] = "common",
    [CATALOGUE_DIRECTORY] = "directory", [CATALOGUE_PROBE] = "probe",
    [CATALOGUE_FIRMWARE] = "firmware",   [CATALOGUE_UPLOAD] = "upload",
    [CATALOGUE_ROLE_COUNT] = NULL,
};
