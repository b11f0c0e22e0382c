/* What tests of phone views stand on: the vendors of vendor_fixture.c, a phone to change, and
 * looks into the tree. */
#ifndef AUTOPROV_TESTS_VIEW_FIXTURE_H
#define AUTOPROV_TESTS_VIEW_FIXTURE_H

#include "app_fixture.h"
#include "autoprov/limits.h"
#include "autoprov/phone_view.h"

#define VIEW_PUBLIC_URL "https://pbx.example.com"
#define VIEW_TOKEN      "0123456789abcdef0123456789abcdef"
#define VIEW_FOLDER     "provision/" VIEW_TOKEN

struct view_fixture {
    struct app_fixture *app;
    struct catalogue *catalogue;
    struct token token;
    struct store_phone phone; /* the sample, of vendor acme without a model */
    struct phone_view_source source;
    struct arena arena;
    struct value root;
};

/* cmocka's: *state is a struct view_fixture. */
int view_setup(void **state);
int view_teardown(void **state);

/* The phone's and the source's vendor and model. model NULL: none. */
void view_of(struct view_fixture *view, const char *vendor, const char *model);
/* Build root from source; must succeed. */
void view_build(struct view_fixture *view);

const struct value *view_member(const struct value *object, const char *name);
/* Walk a record: its nth value, and the name that it has; NULL: no record, or behind its last. */
#define VIEW_NAME_MAX 64
const struct value *view_member_at(const struct value *object, size_t nth,
                                   char ret_name[static VIEW_NAME_MAX]);
/* The nth item of the list of that name at the top. */
const struct value *view_item(const struct view_fixture *view, const char *list, size_t nth);
/* expected "": an empty text or nothing. */
void view_check(const struct value *object, const char *name, const char *expected);
/* The same of root. */
void view_top(const struct view_fixture *view, const char *name, const char *expected);
bool view_is(const struct value *object, const char *name);

#endif
