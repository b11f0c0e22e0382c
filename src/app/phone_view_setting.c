/* Codecs, pass-through settings and the time zone of a view. */
#include <stdio.h>
#include <string.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/text.h"
#include "autoprov/time_zone.h"
#include "phone_view_private.h"

/* -- codecs ------------------------------------------------------------------------------------ */

/* Names and values of a codec, in one list; the values are those of add_codec(). */
#define CODEC_VALUES(X)                                                                            \
    X("name", value_text(name))                                                                    \
    X("code", value_text(code))                                                                    \
    X("position", position)                                                                        \
    X("index", view_decimal(view, rank))                                                           \
    X("is_first", value_bool(rank == 0))                                                           \
    X("is_last", value_bool(false)) /* settled when the list is whole */                           \
    X("is_codec_N", value_suffix(position))                                                        \
    X("is_NAME", value_suffix(value_text(name)))
static const char *const CODEC_NAMES[] = {CODEC_VALUES(VIEW_NAME)};
static const struct value_shape CODEC_SHAPE = {
    .names = CODEC_NAMES, .count = AP_COUNT(CODEC_NAMES), .number = VIEW_SHAPE_CODEC};
#define CODEC_IS_LAST 5 /* its place */

static int add_codec(struct view *view, const char *name, const char *code, struct value *items,
                     size_t *count)
{
    uint32_t rank = (uint32_t)*count; /* a table has a few dozen rows */
    const struct value position = view_decimal(view, rank + 1);
    struct value *at = view_record(view, &CODEC_SHAPE, &items[rank]);

    if (!at || position.kind == VALUE_NULL)
        return AP_ENOMEM;
    CODEC_VALUES(VIEW_STORE)
    ++*count;
    return 0;
}

static void mark_last(const struct value *items, size_t count)
{
    if (count == 0)
        return;
    struct value *values = (struct value *)items[count - 1].as.record->values;
    values[CODEC_IS_LAST] = value_bool(true);
}

static bool is_in_list(const char *list, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        if (text_equal_nocase(at, len, name, name_len))
            return true;
        at += len;
        at += *at == ',';
    }
    return false;
}

/* Those of the setting that the vendor's table has, in the setting's order; then the others of the
 * table, in its order. */
int view_codecs(struct view *view, struct value *ret_on, struct value *ret_off)
{
    const struct catalogue_codes *table = &view->source->vendor->codes[CATALOGUE_CODEC];
    const char *list = view_setting(view, VIEW_CODECS);
    struct value *on = arena_alloc_array(view->arena, table->count, sizeof(*on));
    struct value *off = arena_alloc_array(view->arena, table->count, sizeof(*off));
    size_t on_count = 0, off_count = 0;
    int err = on && off ? 0 : AP_ENOMEM;

    for (const char *at = list; !err && *at && on_count < table->count;) {
        size_t len = strcspn(at, ",");
        for (size_t i = 0; !err && i < table->count; i++) {
            const struct catalogue_code *row = &table->rows[i];
            if (text_equal_nocase(at, len, row->word, strlen(row->word)))
                err = add_codec(view, row->word, row->code, on, &on_count);
        }
        at += len;
        at += *at == ',';
    }
    for (size_t i = 0; !err && i < table->count; i++) {
        if (!is_in_list(list, table->rows[i].word))
            err = add_codec(view, table->rows[i].word, table->rows[i].code, off, &off_count);
    }
    if (err)
        return err;
    mark_last(on, on_count);
    mark_last(off, off_count);
    *ret_on = value_list(on, on_count);
    *ret_off = value_list(off, off_count);
    return 0;
}

/* -- raw --------------------------------------------------------------------------------------- */

struct raw {
    const char *name, *value;
    enum store_scope scope;
    bool secret;
};

/* Insert by name; of one name the narrower scope stays. */
static void insert_raw(struct raw *raws, size_t *count, const struct raw *raw)
{
    size_t at = *count;

    for (size_t i = 0; i < *count; i++) {
        if (strcmp(raws[i].name, raw->name) == 0) {
            if (raw->scope > raws[i].scope)
                raws[i] = *raw;
            return;
        }
    }
    while (at > 0 && strcmp(raws[at - 1].name, raw->name) > 0) {
        raws[at] = raws[at - 1];
        at--;
    }
    raws[at] = *raw;
    ++*count;
}

/* A setting passed through, as view_raw() has its values. */
#define RAW_VALUES(X)                                                                              \
    X("name", value_text(raws[i].name))                                                            \
    X("value", value_text(value))
static const char *const RAW_NAMES[] = {RAW_VALUES(VIEW_NAME)};
static const struct value_shape RAW_SHAPE = {
    .names = RAW_NAMES, .count = AP_COUNT(RAW_NAMES), .number = VIEW_SHAPE_RAW};

int view_raw(struct view *view, struct value *ret_raw)
{
    const struct phone_view_source *source = view->source;
    const struct store_setting *settings =
        source->phone ? source->phone->settings : source->settings;
    /* A common file has none: each would be in the phone's own file a second time. */
    size_t setting_count = source->phone ? source->phone->setting_count : 0;
    struct raw *raws = arena_alloc_array(view->arena, setting_count, sizeof(*raws));
    struct value *items = arena_alloc_array(view->arena, setting_count, sizeof(*items));
    size_t prefix = strlen(VARIABLE_RAW_PREFIX);
    size_t count = 0;

    if (!raws || !items)
        return AP_ENOMEM;
    for (size_t i = 0; i < setting_count; i++) {
        const struct store_setting *setting = &settings[i];
        if (setting->value && strncmp(setting->name, VARIABLE_RAW_PREFIX, prefix) == 0)
            insert_raw(raws, &count,
                       &(struct raw){.name = setting->name + prefix,
                                     .value = setting->value,
                                     .scope = setting->scope,
                                     .secret = setting->secret});
    }
    for (size_t i = 0; i < count; i++) {
        const char *value = raws[i].secret ? view_secret(view, raws[i].value) : raws[i].value;
        struct value *at = view_record(view, &RAW_SHAPE, &items[i]);
        if (!at)
            return AP_ENOMEM;
        RAW_VALUES(VIEW_STORE)
    }
    *ret_raw = value_list(items, count);
    return 0;
}

/* -- time zone --------------------------------------------------------------------------------- */

/* hours: "+1", "0", "-3:30"; else "+01:00". */
static const char *offset_text(struct view *view, int32_t offset_s, bool hours)
{
    char text[32];
    int32_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    char sign = offset_s < 0 ? '-' : '+';

    if (!hours)
        (void)snprintf(text, sizeof(text), "%c%02d:%02d", sign, (int)(minutes / 60),
                       (int)(minutes % 60)); /* at most 167 hours */
    else if (minutes == 0)
        (void)snprintf(text, sizeof(text), "0"); /* fits */
    else if (minutes % 60 == 0)
        (void)snprintf(text, sizeof(text), "%c%d", sign, (int)(minutes / 60)); /* fits */
    else
        (void)snprintf(text, sizeof(text), "%c%d:%02d", sign, (int)(minutes / 60),
                       (int)(minutes % 60)); /* fits */
    return arena_strdup(view->arena, text);
}

/* Two digits. */
static const char *two_digits(struct view *view, int32_t number)
{
    char text[4] = {(char)('0' + number / 10 % 10), (char)('0' + number % 10), '\0'};

    return arena_strdup(view->arena, text);
}

struct rule_texts {
    const char *month, *month_02, *week, *day, *day_iso, *day_from_1, *day_of_month;
    const char *hour, *hour_02, *minute, *minute_02, *minutes;
};
#define RULE_TEXTS 12
_Static_assert(sizeof(struct rule_texts) == RULE_TEXTS * sizeof(const char *), "texts only");

/* Phones take a time of one day; the few zones that change outside of it are rounded to its end or
 * begin. */
static int rule_texts(struct view *view, const struct time_zone_rule *rule,
                      struct rule_texts *ret_texts)
{
    int32_t minutes = rule->time_s < 0 ? 0 : rule->time_s / 60;

    if (minutes > 23 * 60 + 59)
        minutes = 23 * 60 + 59;
    const struct rule_texts texts = {
        .month = view_number(view, rule->month),
        .month_02 = two_digits(view, rule->month),
        .week = view_number(view, rule->week),
        .day = view_number(view, rule->day_of_week),
        .day_iso = view_number(view, rule->day_of_week ? rule->day_of_week : 7),
        .day_from_1 = view_number(view, rule->day_of_week + 1),
        .day_of_month = rule->week == 5 ? "-1" : view_number(view, 7 * (rule->week - 1) + 1),
        .hour = view_number(view, minutes / 60),
        .hour_02 = two_digits(view, minutes / 60),
        .minute = view_number(view, minutes % 60),
        .minute_02 = two_digits(view, minutes % 60),
        .minutes = view_number(view, minutes),
    };
    const char *all[RULE_TEXTS];
    memcpy(all, &texts, sizeof(all));
    for (size_t i = 0; i < RULE_TEXTS; i++) {
        if (!all[i])
            return AP_ENOMEM;
    }
    *ret_texts = texts;
    return 0;
}

/* "1", "0.5": Lord Howe alone has not a whole number. */
static const char *hours_text(struct view *view, int32_t save_s)
{
    if (save_s == 1800)
        return "0.5";
    return view_number(view, save_s / 3600);
}

/* Summer time, as view_dst() has its values. */
#define DST_VALUES(X)                                                                              \
    X("start_month", value_text(start.month))                                                      \
    X("start_month_02", value_text(start.month_02))                                                \
    X("start_week", value_text(start.week))                                                        \
    X("start_is_last", value_bool(zone->start.week == 5))                                          \
    X("start_day", value_text(start.day))                                                          \
    X("start_day_iso", value_text(start.day_iso))                                                  \
    X("start_day_from_1", value_text(start.day_from_1))                                            \
    X("start_day_of_month", value_text(start.day_of_month))                                        \
    X("start_hour", value_text(start.hour))                                                        \
    X("start_hour_02", value_text(start.hour_02))                                                  \
    X("start_minute", value_text(start.minute))                                                    \
    X("start_minute_02", value_text(start.minute_02))                                              \
    X("start_minutes", value_text(start.minutes))                                                  \
    X("end_month", value_text(end.month))                                                          \
    X("end_month_02", value_text(end.month_02))                                                    \
    X("end_week", value_text(end.week))                                                            \
    X("end_is_last", value_bool(zone->end.week == 5))                                              \
    X("end_day", value_text(end.day))                                                              \
    X("end_day_iso", value_text(end.day_iso))                                                      \
    X("end_day_from_1", value_text(end.day_from_1))                                                \
    X("end_day_of_month", value_text(end.day_of_month))                                            \
    X("end_hour", value_text(end.hour))                                                            \
    X("end_hour_02", value_text(end.hour_02))                                                      \
    X("end_minute", value_text(end.minute))                                                        \
    X("end_minute_02", value_text(end.minute_02))                                                  \
    X("end_minutes", value_text(end.minutes))                                                      \
    X("save_minutes", value_text(minutes))                                                         \
    X("save_s", value_text(seconds))                                                               \
    X("save_hours", value_text(hours))
static const char *const DST_NAMES[] = {DST_VALUES(VIEW_NAME)};
static const struct value_shape DST_SHAPE = {
    .names = DST_NAMES, .count = AP_COUNT(DST_NAMES), .number = VIEW_SHAPE_DST};

static int view_dst(struct view *view, const struct time_zone *zone, struct value *ret_dst)
{
    struct rule_texts start, end;
    int32_t save_s = zone->dst_offset_s - zone->offset_s;
    const char *seconds = view_number(view, save_s);
    const char *minutes = view_number(view, save_s / 60);
    const char *hours = hours_text(view, save_s);

    if (!zone->has_dst) {
        *ret_dst = value_null();
        return 0;
    }
    if (rule_texts(view, &zone->start, &start) != 0 || rule_texts(view, &zone->end, &end) != 0 ||
        !seconds || !minutes || !hours)
        return AP_ENOMEM;

    struct value *at = view_record(view, &DST_SHAPE, ret_dst);
    if (!at)
        return AP_ENOMEM;
    DST_VALUES(VIEW_STORE)
    return 0;
}

int view_zone(struct view *view, struct view_zone *ret_zone)
{
    const char *posix =
        catalogue_time_zone(view->source->catalogue, view_setting(view, VIEW_TIME_ZONE));
    struct time_zone zone = {0};

    /* A name that has left the table since it was set: Universal Time is better than no file. */
    if (!posix || time_zone_parse(posix, &zone) != 0) {
        posix = "UTC0";
        zone = (struct time_zone){0};
    }
    struct view_zone texts = {
        .posix = posix,
        .seconds = view_number(view, zone.offset_s),
        .minutes = view_number(view, zone.offset_s / 60),
        .minutes_west = view_number(view, -zone.offset_s / 60),
        .hours = offset_text(view, zone.offset_s, true),
        .colon = offset_text(view, zone.offset_s, false),
    };
    if (!texts.seconds || !texts.minutes || !texts.minutes_west || !texts.hours || !texts.colon)
        return AP_ENOMEM;
    int err = view_dst(view, &zone, &texts.dst);
    if (!err)
        *ret_zone = texts;
    return err;
}
