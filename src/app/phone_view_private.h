/* Private to phone_view*.c: one builder per part of the view. */
#ifndef AUTOPROV_PHONE_VIEW_PRIVATE_H
#define AUTOPROV_PHONE_VIEW_PRIVATE_H

#include "autoprov/phone_view.h"

/* While a view is built. */
struct view {
    const struct phone_view_source *source;
    struct arena *arena;
    struct variable_value settings[VARIABLE_SETTING_COUNT];
    uint32_t line_count, key_count; /* slots */
    bool only_set;                  /* the slots are those that are set, with their positions */
#define VIEW_KEY_TYPE_COUNT 6
    struct value key_codes[VIEW_KEY_TYPE_COUNT]; /* the vendor's words, while keys are built */
};

/* Names and values of a record stand side by side in one list of X(name, value). */
#define VIEW_NAME(name, value)  name,
#define VIEW_STORE(name, value) *at++ = (value);

/* Numbers of the shapes, see value.h. */
enum view_shape {
    VIEW_SHAPE_TOP,
    VIEW_SHAPE_USER,
    VIEW_SHAPE_DST,
    VIEW_SHAPE_CODEC,
    VIEW_SHAPE_LINE,
    VIEW_SHAPE_KEY,
    VIEW_SHAPE_RAW,
};

/* A list of count records of the arena. Returns the values of the first, to be stored in the order
 * of the names; those of the next follow. NULL: no memory. */
struct value *view_records(struct view *view, const struct value_shape *shape, uint32_t count,
                           struct value *ret_list);

/* The same of one alone. */
struct value *view_record(struct view *view, const struct value_shape *shape,
                          struct value *ret_value);

/* Text of the arena; "" without memory is not distinguished: NULL then. */
const char *view_number(struct view *view, int64_t number);
/* The same as a VALUE_NUMBER; value_null() without memory. */
struct value view_decimal(struct view *view, int64_t number);
const char *view_join(struct view *view, const char *a, const char *b, const char *c);

/* The vendor's word for ours, or "". */
const char *view_code(const struct view *view, enum catalogue_table table, const char *word);

/* Value of a setting by its place in the table, "" if there is none. */
enum view_setting {
    VIEW_NTP_SERVER,
    VIEW_TIME_ZONE,
    VIEW_LANGUAGE,
    VIEW_ADMIN_PASSWORD,
    VIEW_RESYNC_INTERVAL,
    VIEW_VOICEMAIL_NUMBER,
    VIEW_CODECS,
    VIEW_SRTP,
};
const char *view_setting(const struct view *view, enum view_setting setting);

#define VIEW_MASK "********"
/* Stands in the place of a secret until rendering_render() has left its line out. Of letters and
 * digits alone, so that no escaping changes it. */
#define VIEW_WITHHELD "autoprovdWithheld7c1f0e5a94d24b6e"
/* text, or what stands in its place where secrets are masked or withheld and text is not empty. */
const char *view_secret(const struct view *view, const char *text);

/* -- phone_view_line.c: lines, keys -- */
AP_MUSTCHECK int view_lines(struct view *view, struct value *ret_lines);
AP_MUSTCHECK int view_keys(struct view *view, struct value *ret_keys);

/* -- phone_view_setting.c: codecs, raw settings, time zone -- */
AP_MUSTCHECK int view_codecs(struct view *view, struct value *ret_on, struct value *ret_off);
AP_MUSTCHECK int view_raw(struct view *view, struct value *ret_raw);

struct view_zone {
    const char *posix, *seconds, *minutes, *minutes_west, *hours, *colon;
    struct value dst;
};
AP_MUSTCHECK int view_zone(struct view *view, struct view_zone *ret_zone);

#endif
