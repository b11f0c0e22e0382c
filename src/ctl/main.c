/* autoprovctl: parse, run, exit code. */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <curl/curl.h>
#include <jansson.h>

#include "autoprov/log.h"
#include "ctl_private.h"

int main(int argc, char **argv)
{
    struct ctl_args args;
    const struct ctl_command *command = NULL;
    int code;

    (void)umask(0077);
    (void)signal(SIGPIPE, SIG_IGN);
    json_set_alloc_funcs(malloc, secret_free);
    log_init(LOG_LEVEL_WARNING);
    code = ctl_args_parse(argc, argv, &args, &command);
    if (code != CTL_OK || !command)
        return ctl_finish(code);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return ctl_fail(CTL_FAILED, "libcurl cannot be used");
    code = command->run(&args);
    curl_global_cleanup();
    return ctl_finish(code);
}
