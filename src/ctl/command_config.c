/* config …: without the daemon */
#include <stdio.h>

#include "autoprov/config.h"
#include "autoprov/limits.h"
#include "autoprov/snapshot.h"
#include "ctl_private.h"

int ctl_config_check(const struct ctl_args *args)
{
    struct ap_error error;
    int err = snapshot_check(args->config_path, &error);

    if (err)
        return ctl_fail(CTL_INVALID, "%s", error.text);
    printf("%s: configuration, certificates and templates are valid\n", args->config_path);
    return CTL_OK;
}

int ctl_config_dump(const struct ctl_args *args)
{
    struct config *config = NULL;
    struct ap_error error;
    struct buf text;
    int err = config_load(args->config_path, &config, &error);

    if (err)
        return ctl_fail(ctl_exit_of(err), "%s", error.text);
    buf_init(&text, AP_CONFIG_FILE_MAX_BYTES);
    err = config_dump(config, ctl_arg(args, "changed") != NULL, &text);
    if (!err && text.data)
        fputs(text.data, stdout);
    buf_done(&text);
    config_free(config);
    return err ? ctl_fail(CTL_FAILED, "%s", ap_strerror(err)) : CTL_OK;
}
