/* alarm … */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_private.h"

static const struct ctl_column COLUMNS[] = {
    {"seq", "ALARM"},
    {"kind", "KIND"},
    {"subject", "SUBJECT"},
    {"count", "TIMES"},
    {"last_at", "LAST"},
    {"detail", "DETAIL"},
    {0},
};
static const struct ctl_column ALL_COLUMNS[] = {
    {"seq", "ALARM"},    {"kind", "KIND"},     {"subject", "SUBJECT"},
    {"count", "TIMES"},  {"last_at", "LAST"},  {"closed_at", "CLOSED"},
    {"closed_by", "BY"}, {"detail", "DETAIL"}, {0},
};

int ctl_alarm_list(const struct ctl_args *args)
{
    if (ctl_arg(args, "all"))
        return ctl_list(args, "/alarms", NULL, ALL_COLUMNS);
    return ctl_list(args, "/alarms?open=true", NULL, COLUMNS);
}

int ctl_alarm_show(const struct ctl_args *args)
{
    static const struct ctl_column FIELDS[] = {
        {"seq", "Alarm:"},       {"kind", "Kind:"},
        {"subject", "Subject:"}, {"detail", "Detail:"},
        {"count", "Times:"},     {"raised_at", "First:"},
        {"last_at", "Last:"},    {"closed_at", "Closed:"},
        {"closed_by", "By:"},    {0},
    };

    return ctl_show(args, "/alarms/{}", FIELDS);
}

static int ack(const struct ctl_args *args, const char *number, json_t *closed)
{
    char *path = ctl_path("/alarms/{}/ack", number);
    json_t *alarm = NULL;
    int code = path ? ctl_call(args, "POST", path, json_object(), &alarm)
                    : ctl_fail(CTL_FAILED, "out of memory");

    if (code == CTL_OK && !args->json)
        printf("alarm %s (%s, %s) is closed; raised again, it is a new one\n", number,
               json_string_value(json_object_get(alarm, "kind")),
               json_string_value(json_object_get(alarm, "subject")));
    if (code == CTL_OK && json_array_append(closed, alarm) != 0)
        code = ctl_fail(CTL_FAILED, "out of memory");
    json_decref(alarm);
    free(path);
    return code;
}

int ctl_alarm_ack(const struct ctl_args *args)
{
    json_t *closed = json_array();
    int code = closed ? CTL_OK : ctl_fail(CTL_FAILED, "out of memory");

    for (size_t i = 0; code == CTL_OK && i < args->positional_count; i++)
        code = ack(args, args->positionals[i], closed);
    if (code == CTL_OK && args->json)
        ctl_print_json(closed);
    json_decref(closed);
    return code;
}
