/* Custom options from the input. */
#include "autoprov/options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct options options = {.disable_auto_provision_security = true};
    struct options again = {.disable_auto_provision_security = false};
    struct ap_error error = {{0}};
    int err = options_parse((const char *)data, size, &options, &error);

    if (options_parse((const char *)data, size, &again, NULL) != err)
        abort();
    if (err == 0) {
        if (options.disable_auto_provision_security != again.disable_auto_provision_security)
            abort();
        return 0;
    }
    /* Untouched, and one printable line that says where. */
    if (!options.disable_auto_provision_security || strncmp(error.text, "line ", 5) != 0)
        abort();
    for (const char *c = error.text; *c; c++) {
        if ((unsigned char)*c < 0x20)
            abort();
    }
    return 0;
}
