#include "view_fixture.h"

int view_setup(void **state)
{
    struct view_fixture *view = calloc(1, sizeof(*view));
    char path[FIXTURE_PATH_MAX];
    struct ap_error error = {{0}};
    void *app = NULL;

    assert_non_null(view);
    fixture_setup(&app);
    view->app = app;
    fixture_write_vendors(view->app);
    fixture_path(view->app, "vendors", path);
    if (catalogue_load(path, "/nonexistent", &view->catalogue, &error) != 0)
        fail_msg("%s", error.text);
    assert_int_equal(token_parse(VIEW_TOKEN, strlen(VIEW_TOKEN), &view->token), 0);
    view->phone = *phone_view_sample();
    view->source = (struct phone_view_source){
        .catalogue = view->catalogue,
        .phone = &view->phone,
        .public_url = VIEW_PUBLIC_URL,
        .prefix = "/provision",
        .token = &view->token,
    };
    view_of(view, "acme", NULL);
    arena_init(&view->arena, AP_REQUEST_ARENA_MAX_BYTES);
    *state = view;
    return 0;
}

int view_teardown(void **state)
{
    struct view_fixture *view = *state;
    void *app = view->app;

    arena_done(&view->arena);
    catalogue_free(view->catalogue);
    free(view);
    return fixture_teardown(&app);
}

void view_of(struct view_fixture *view, const char *vendor, const char *model)
{
    view->source.vendor = catalogue_vendor(view->catalogue, vendor);
    assert_non_null(view->source.vendor);
    view->source.model = model ? catalogue_model(view->source.vendor, model) : NULL;
    assert_int_equal(view->source.model != NULL, model != NULL);
    view->phone.vendor = vendor;
    view->phone.model = model ? model : "";
}

void view_build(struct view_fixture *view)
{
    struct ap_error error = {{0}};

    arena_reset(&view->arena);
    if (phone_view_build(&view->source, &view->arena, &view->root, &error) != 0)
        fail_msg("%s", error.text);
}

const struct value *view_member(const struct value *object, const char *name)
{
    const struct value *value = value_find(object, name, strlen(name));

    if (!value)
        fail_msg("no member '%s'", name);
    return value;
}

const struct value *view_item(const struct view_fixture *view, const char *list, size_t nth)
{
    const struct value *value = view_member(&view->root, list);

    assert_int_equal(value->kind, VALUE_LIST);
    assert_true(nth < value->len);
    return &value->as.items[nth];
}

const struct value *view_member_at(const struct value *object, size_t nth,
                                   char ret_name[static VIEW_NAME_MAX])
{
    if (object->kind != VALUE_RECORD || nth >= object->as.record->shape->count)
        return NULL;
    const char *row = object->as.record->shape->names[nth];
    const struct value *value = &object->as.record->values[nth];
    bool is_suffix = value->kind == VALUE_SUFFIX;
    int stem = is_suffix ? (int)(strrchr(row, '_') - row) + 1 : (int)strlen(row);
    int len = snprintf(ret_name, VIEW_NAME_MAX, "%.*s%.*s", stem, row,
                       is_suffix ? (int)value->len : 0, is_suffix ? value->as.text : "");
    assert_in_range(len, 1, VIEW_NAME_MAX - 1);
    return value;
}

static bool is_text(const struct value *value)
{
    return value->kind == VALUE_TEXT || value->kind == VALUE_NUMBER;
}

void view_check(const struct value *object, const char *name, const char *expected)
{
    const struct value *value = view_member(object, name);

    if (expected[0] == '\0' && value->kind == VALUE_NULL)
        return;
    if (!is_text(value) || value->len != strlen(expected) ||
        memcmp(value->as.text, expected, value->len) != 0)
        fail_msg("%s is '%.*s', not '%s'", name, is_text(value) ? (int)value->len : 0,
                 is_text(value) ? value->as.text : "", expected);
}

void view_top(const struct view_fixture *view, const char *name, const char *expected)
{
    view_check(&view->root, name, expected);
}

bool view_is(const struct value *object, const char *name)
{
    return view_member(object, name)->kind == VALUE_TRUE;
}
