/* A pattern in the first line, a certificate's CN in the second: a MAC that is named gives the same
 * CN again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue_private.h"
#include "fuzz.h"

/* In one of the forms that a MAC has, and no other place of the CN is a digit less or more. */
static bool is_form_of(const char *text, size_t len, const uint8_t mac[static AP_MAC_LEN])
{
    static const enum mac_form FORMS[] = {MAC_FORM_LOWER, MAC_FORM_UPPER, MAC_FORM_LOWER_COLON,
                                          MAC_FORM_UPPER_COLON};

    for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
        char form[AP_MAC_TEXT_MAX];
        mac_format(mac, FORMS[i], form);
        if (strlen(form) == len && memcmp(form, text, len) == 0)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t mac[AP_MAC_LEN];
    char *pattern = calloc(1, size + 2);

    CHECK(pattern);
    if (size > 0)
        memcpy(pattern, data, size);
    char *name = pattern + strcspn(pattern, "\n");
    if (*name)
        *name++ = '\0';
    const struct catalogue_vendor vendor = {.certificate_cn = pattern};
    if (catalogue_certificate_is_pattern(pattern, strlen(pattern)) &&
        catalogue_certificate_mac(&vendor, name, mac) == 0) {
        size_t before = strcspn(pattern, "{");
        const char *rest = strchr(pattern, '}') + 1;
        CHECK(strlen(name) > before + strlen(rest));
        CHECK(memcmp(name, pattern, before) == 0);
        CHECK(strcmp(name + strlen(name) - strlen(rest), rest) == 0);
        CHECK(is_form_of(name + before, strlen(name) - before - strlen(rest), mac));
    }
    free(pattern);
    return 0;
}
