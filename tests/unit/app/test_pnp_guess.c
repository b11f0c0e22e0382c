/* Which vendor and model a phone that asks may be, by the shipped catalogue. */
#include "pnp_guess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

static void test_oui_first_then_the_word_then_the_model(void **state)
{
    static const struct {
        const char *mac, *said_vendor, *said_model;
        const char *vendor, *model; /* NULL: nothing */
    } ROWS[] = {
        {"805ec0aabbcc", "Yealink", "T53W", "yealink", "T53W"},
        {"805ec0aabbcc", "Yealink", "SIP-T53W", "yealink", "T53W"},
        {"805ec0aabbcc", "snom", "t53w", "yealink", "T53W"}, /* the OUI goes first */
        {"805ec0aabbcc", "", "", "yealink", NULL},
        {"020000000001", "Yealink", "T53W", "yealink", "T53W"},
        {"020000000001", "yealink", "nothing", "yealink", NULL},
        /* Two catalogue files of one brand: the model tells. */
        {"020000000001", "snom", "snom370", "snom", "370"},
        {"020000000001", "snom", "snomM700", "snom-dect", "M700"},
        {"020000000001", "snom", "OEM", NULL, NULL},
        {"020000000001", "OEM", "OEM", NULL, NULL},
        {"020000000001", "", "T53W", NULL, NULL},
        {"020000000001", "VOIP PHONE", "X4", "fanvil", "X4"},
        {"020000000001", "Grandstream", "GRP2612W", "grandstream", "GRP2612W"},
    };
    struct catalogue *catalogue = NULL;
    struct ap_error error = {{0}};

    (void)state;
    if (catalogue_load(AP_SOURCE_DIR "/conf/vendors", "/nowhere", &catalogue, &error) != 0)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < AP_COUNT(ROWS); i++) {
        uint8_t mac[AP_MAC_LEN];
        assert_int_equal(mac_parse(ROWS[i].mac, strlen(ROWS[i].mac), mac), 0);
        const struct pnp_guess guess =
            pnp_guess(catalogue, mac, ROWS[i].said_vendor, ROWS[i].said_model);
        const char *vendor = guess.vendor ? guess.vendor->name : NULL;
        const char *model = guess.model ? guess.model->name : NULL;
        if ((vendor != NULL) != (ROWS[i].vendor != NULL) ||
            (vendor && strcmp(vendor, ROWS[i].vendor) != 0))
            fail_msg("%s %s %s is of %s", ROWS[i].mac, ROWS[i].said_vendor, ROWS[i].said_model,
                     vendor ? vendor : "nobody");
        if ((model != NULL) != (ROWS[i].model != NULL) ||
            (model && strcmp(model, ROWS[i].model) != 0))
            fail_msg("%s %s %s is %s", ROWS[i].mac, ROWS[i].said_vendor, ROWS[i].said_model,
                     model ? model : "no model");
    }
    catalogue_free(catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oui_first_then_the_word_then_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
