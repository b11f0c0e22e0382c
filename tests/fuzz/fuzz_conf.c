/* A configuration file from the input; what loads must dump to a file that loads to the same. */
#include "autoprov/config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "autoprov/limits.h"
#include "fuzz.h"

static int load(const void *data, size_t size, struct config **ret_config)
{
    struct ap_error error = {{0}};
    char path[64];
    int fd = memfd_create("conf", MFD_CLOEXEC);

    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int err = config_load(path, ret_config, &error);
    if (err && strncmp(error.text, path, strlen(path)) != 0)
        abort();
    for (const char *c = error.text; *c; c++) {
        if ((unsigned char)*c < 0x20)
            abort();
    }
    close(fd);
    return err;
}

static void check_dump(const struct config *config)
{
    struct config *again = NULL;
    struct buf first, second;
    char key[128];

    buf_init(&first, AP_CONFIG_FILE_MAX_BYTES);
    buf_init(&second, AP_CONFIG_FILE_MAX_BYTES);
    if (config_dump(config, false, &first) != 0 || load(first.data, first.len, &again) != 0)
        abort();
    if (config_dump(again, false, &second) != 0 || first.len != second.len ||
        memcmp(first.data, second.data, first.len) != 0)
        abort();
    if (config_restart_key(config, again, key, sizeof(key)))
        abort();
    buf_done(&first);
    buf_done(&second);
    config_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL;

    /* A dump is larger than its source: leave it room below the ceiling. */
    if (size > AP_CONFIG_FILE_MAX_BYTES / 4)
        return 0;
    if (load(data, size, &config) == 0)
        check_dump(config);
    else if (config)
        abort();
    config_free(config);
    return 0;
}
