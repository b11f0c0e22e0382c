/* Loading and dumping with every allocation of our own failing once, and from there on. */
#include "autoprov/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "autoprov/limits.h"
#include "conf_folder.h"
#include "support/alloc_fault.h"

static int load_and_dump(void *data)
{
    const struct conf_folder *folder = data;
    struct config *config = NULL;
    struct ap_error error = {{0}};
    struct buf dump;
    int err = config_load(folder->main_file, &config, &error);

    buf_init(&dump, AP_CONFIG_FILE_MAX_BYTES);
    if (err && (config || err != AP_ENOMEM))
        fail_msg("%d '%s'", err, error.text);
    if (err == 0) {
        err = config_dump(config, false, &dump);
        assert_true(err == 0 || err == AP_ENOMEM);
    }
    buf_done(&dump);
    config_free(config);
    return err;
}

static void test_failed_allocations_end_in_an_error(void **state)
{
    conf_write(*state, "autoprovd.conf",
               "custom_options = '{\"disable_auto_provision_security\":true}'\n"
               "flat_networks = { ::1, 10.0.0.0/8 }\n" CONF_LISTENER);
    conf_write(*state, "conf.d/a.conf",
               "user = prov\nlistener b { port = 1 public_url = https://b\n certificate c { "
               "certificate_file = /a key_file = /b } }\n");
    conf_write(*state, "conf.d/b.conf", "flat_networks = { }\n");
    assert_true(alloc_fault_run(load_and_dump, *state) > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_failed_allocations_end_in_an_error, conf_folder_setup,
                                        conf_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
