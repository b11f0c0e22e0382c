/* A pattern in the first line, a User-Agent in the others: a MAC that is told stands in the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue_private.h"
#include "fuzz.h"

static bool stands_in(const char *text, const uint8_t mac[static AP_MAC_LEN])
{
    uint8_t found[AP_MAC_LEN];

    for (size_t at = 0; at < strlen(text); at++) {
        for (size_t len = 12; len <= 17 && len <= strlen(text + at); len += 5) {
            if (mac_parse(text + at, len, found) == 0 && memcmp(found, mac, AP_MAC_LEN) == 0)
                return true;
        }
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
    char *agent = pattern + strcspn(pattern, "\n");
    if (*agent)
        *agent++ = '\0';
    struct catalogue_vendor vendor = {.user_agent = pattern};
    if (catalogue_agent_is_pattern(pattern, strlen(pattern))) {
        if (catalogue_agent_mac(&vendor, agent, mac) == 0)
            CHECK(stands_in(agent, mac));
        /* Anything before and behind is at least as much as what was asked for. */
        vendor.user_agent = "{any}{mac}{any}";
        bool any = catalogue_agent_mac(&vendor, agent, mac) == 0;
        CHECK(!any || stands_in(agent, mac));
    }
    free(pattern);
    return 0;
}
