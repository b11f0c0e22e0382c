/* template …: without the daemon */
#include <stdio.h>
#include <stdlib.h>

#include "autoprov/arena.h"
#include "autoprov/config.h"
#include "autoprov/file.h"
#include "autoprov/limits.h"
#include "autoprov/phone_view.h"
#include "autoprov/template_set.h"
#include "ctl_private.h"

/* Names, then a rendering of the sample phone. */
static int check_one(const struct template *template, struct ap_error *error)
{
    struct arena arena;
    struct buf out;
    struct value view;
    int err = phone_view_check_names(template, error);

    if (err)
        return err;
    arena_init(&arena, AP_REQUEST_ARENA_MAX_BYTES);
    buf_init(&out, AP_BODY_MAX_BYTES);
    err = phone_view_build(phone_view_sample(), "https://pbx.example.com/provision/sample/", &arena,
                           &view);
    if (!err)
        err = template_render(template, &view, &out);
    if (err)
        (void)ap_error_set(error, err, "%s: does not render: %s", template_name(template),
                           ap_strerror(err));
    buf_done(&out);
    arena_done(&arena);
    return err;
}

static int check_file(const char *path, struct ap_error *error)
{
    struct template *template = NULL;
    struct buf text;

    buf_init(&text, AP_TEMPLATE_MAX_BYTES);
    int err = file_read(path, &text, error);
    if (!err)
        err = template_compile(path, text.data ? text.data : "", text.len, TEMPLATE_ESCAPE_XML,
                               &template, error);
    if (!err)
        err = check_one(template, error);
    template_free(template);
    buf_done(&text);
    return err;
}

static int check_all(const struct ctl_args *args)
{
    struct config *config = NULL;
    struct template_set *set = NULL;
    struct ap_error error;
    const struct template *template;
    int code = CTL_OK;
    int err = config_load(args->config_path, &config, &error);

    if (!err)
        err = template_set_load(config->templates_directory, config->custom_templates_directory,
                                &set, &error);
    if (err)
        code = ctl_fail(ctl_exit_of(err), "%s", error.text);
    for (size_t i = 0; !err && (template = template_set_at(set, i, NULL)); i++) {
        if (check_one(template, &error) != 0)
            code = ctl_fail(CTL_INVALID, "%s", error.text);
        else
            printf("%s: ok\n", template_name(template));
    }
    template_set_free(set);
    config_free(config);
    return code;
}

int ctl_template_check(const struct ctl_args *args)
{
    struct ap_error error;
    int code = CTL_OK;

    if (ctl_arg(args, "all"))
        return check_all(args);
    if (args->positional_count == 0)
        return ctl_fail(CTL_USAGE, "name template files, or give --all");
    for (size_t i = 0; i < args->positional_count; i++) {
        int err = check_file(args->positionals[i], &error);
        if (err)
            code = ctl_fail(ctl_exit_of(err), "%s", error.text);
        else
            printf("%s: ok\n", args->positionals[i]);
    }
    return code;
}
