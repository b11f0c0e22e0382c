/* MACs in the common names of vendors' certificates. Nothing is tolerated: a name that is not
 * exactly in the vendor's form is not the vendor's. */
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/http.h"
#include "catalogue_private.h"

#define FORMS_MAX 2

static const struct placeholder {
    const char *text;
    enum mac_form forms[FORMS_MAX];
    size_t form_count;
    size_t mac_len;
} PLACEHOLDERS[] = {
    {"{mac}", {MAC_FORM_LOWER, MAC_FORM_UPPER}, 2, 12},
    {"{mac_lower}", {MAC_FORM_LOWER}, 1, 12},
    {"{mac_upper}", {MAC_FORM_UPPER}, 1, 12},
    {"{mac_lower_colon}", {MAC_FORM_LOWER_COLON}, 1, 17},
    {"{mac_upper_colon}", {MAC_FORM_UPPER_COLON}, 1, 17},
};

/* NULL: at is the beginning of none. */
static const struct placeholder *placeholder_at(const char *at)
{
    for (size_t i = 0; i < AP_COUNT(PLACEHOLDERS); i++) {
        if (strncmp(at, PLACEHOLDERS[i].text, strlen(PLACEHOLDERS[i].text)) == 0)
            return &PLACEHOLDERS[i];
    }
    return NULL;
}

bool catalogue_certificate_is_pattern(const char *text, size_t len)
{
    const struct placeholder *found = NULL;
    size_t literals = 0;

    for (const char *at = text; at < text + len;) {
        const struct placeholder *placeholder = *at == '{' ? placeholder_at(at) : NULL;
        if (placeholder && found)
            return false;
        if (placeholder) {
            found = placeholder;
            at += strlen(placeholder->text);
            continue;
        }
        if (*at < ' ' || *at > '~' || *at == '{' || *at == '}')
            return false;
        literals++;
        at++;
    }
    return found && literals + found->mac_len < HTTP_COMMON_NAME_MAX;
}

int catalogue_certificate_mac(const struct catalogue_vendor *vendor, const char *common_name,
                              uint8_t ret_mac[static AP_MAC_LEN])
{
    const char *pattern = vendor->certificate_cn;
    const char *brace = pattern ? strchr(pattern, '{') : NULL;
    const struct placeholder *placeholder = brace ? placeholder_at(brace) : NULL;
    uint8_t mac[AP_MAC_LEN];
    char text[AP_MAC_TEXT_MAX];

    if (!placeholder)
        return AP_ENOENT;
    size_t before = (size_t)(brace - pattern);
    const char *rest = brace + strlen(placeholder->text);
    if (strlen(common_name) != before + placeholder->mac_len + strlen(rest) ||
        memcmp(common_name, pattern, before) != 0 ||
        strcmp(common_name + before + placeholder->mac_len, rest) != 0 ||
        mac_parse(common_name + before, placeholder->mac_len, mac) != 0)
        return AP_ENOENT;
    for (size_t i = 0; i < placeholder->form_count; i++) {
        mac_format(mac, placeholder->forms[i], text);
        if (memcmp(common_name + before, text, placeholder->mac_len) == 0) {
            memcpy(ret_mac, mac, AP_MAC_LEN);
            return 0;
        }
    }
    return AP_ENOENT;
}
