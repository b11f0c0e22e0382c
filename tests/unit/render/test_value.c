/* The value tree: constructors and look-up. */
#include "autoprov/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_missing_text_is_null(void **state)
{
    (void)state;
    assert_int_equal(value_text(NULL).kind, VALUE_NULL);
    assert_int_equal(value_text("").kind, VALUE_TEXT);
    assert_int_equal(value_bool(0).kind, VALUE_NULL);
    assert_int_equal(value_bool(5).kind, VALUE_TRUE);
}

static const struct value *find(const struct value *object, const char *name)
{
    return value_find(object, name, strlen(name));
}

static void test_members_are_found_by_their_whole_name(void **state)
{
    const struct value_member members[] = {
        value_member("mac", value_text("cc5ef641b794")),
        value_member("mac_upper", value_text("CC5EF641B794")),
        value_member("", value_text("nameless")),
    };
    struct value object = value_object(members, 3);

    (void)state;
    assert_ptr_equal(find(&object, "mac"), &members[0].value);
    assert_ptr_equal(find(&object, "mac_upper"), &members[1].value);
    assert_ptr_equal(find(&object, ""), &members[2].value);
    assert_null(find(&object, "ma"));
    assert_null(find(&object, "MAC"));
}

static void test_only_objects_have_members(void **state)
{
    struct value text = value_text("text");
    struct value list = value_list(&text, 1);
    struct value null = value_null();

    (void)state;
    assert_null(find(&text, "text"));
    assert_null(find(&list, "0"));
    assert_null(find(&null, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_text_is_null),
        cmocka_unit_test(test_members_are_found_by_their_whole_name),
        cmocka_unit_test(test_only_objects_have_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
