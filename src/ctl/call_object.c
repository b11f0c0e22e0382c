/* What every noun does alike: show one, delete one. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_private.h"

int ctl_show(const struct ctl_args *args, const char *path, const struct ctl_column *columns)
{
    char *full = ctl_path(path, args->positionals[0]);
    json_t *object = NULL;
    int code =
        full ? ctl_call(args, "GET", full, NULL, &object) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        ctl_print_object(args, object, columns);
    json_decref(object);
    free(full);
    return code;
}

int ctl_list(const struct ctl_args *args, const char *path, const char *path_of_user,
             const struct ctl_column *columns)
{
    const char *user = ctl_arg(args, "user");
    char *full = user && path_of_user ? ctl_path(path_of_user, user) : ctl_path(path, "");
    json_t *items = NULL;
    int code = full ? ctl_call_list(args, full, &items) : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK)
        ctl_print_table(args, items, columns);
    json_decref(items);
    free(full);
    return code;
}

int ctl_confirm(const char *fmt, ...)
{
    char answer[16];
    va_list args;

    if (!isatty(STDIN_FILENO))
        return ctl_fail(CTL_USAGE, "there is no terminal to ask on: give --yes");
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputs("? [y/N] ", stderr);
    if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return CTL_OK;
    return ctl_fail(CTL_FAILED, "nothing was changed");
}

int ctl_delete(const struct ctl_args *args, const char *path, const char *what, const char *more)
{
    json_t *object = NULL;
    char *full;
    int code = CTL_OK;

    if (!ctl_arg(args, "yes"))
        code =
            ctl_confirm("delete %s %s%s%s", what, args->positionals[0], more[0] ? " " : "", more);
    if (code != CTL_OK)
        return code;
    full = ctl_path(path, args->positionals[0]);
    code = full ? ctl_call(args, "DELETE", full, NULL, &object)
                : ctl_fail(CTL_FAILED, "out of memory");
    if (code == CTL_OK && args->json)
        ctl_print_json(object);
    else if (code == CTL_OK)
        printf("%s %s deleted\n", what, args->positionals[0]);
    json_decref(object);
    free(full);
    return code;
}
