/* The value tree: constructors and look-up. */
#include "autoprov/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"

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

/* -- records ----------------------------------------------------------------------------------- */

static const char *const NAMES[] = {"mac", "is_first", "is_key_N", "is_NAME", "N", "_N"};
static const struct value_shape SHAPE = {.names = NAMES, .count = 6, .number = 3};

static void test_record_has_the_names_of_its_shape(void **state)
{
    const struct value values[] = {
        value_text("cc5ef641b794"),       value_bool(true),
        value_suffix(value_number("17")), value_suffix(value_text("PCMA")),
        value_text("one letter"),         value_suffix(value_number("2")),
    };
    const struct value_record record = {.shape = &SHAPE, .values = values};
    const struct value object = value_of_record(&record);

    (void)state;
    assert_ptr_equal(find(&object, "mac"), &values[0]);
    assert_ptr_equal(find(&object, "is_first"), &values[1]);
    assert_ptr_equal(find(&object, "N"), &values[4]);
    assert_null(find(&object, "ma"));
    assert_null(find(&object, "mac_upper"));
    assert_null(find(&object, ""));
}

static void test_suffix_is_true_under_its_own_name_only(void **state)
{
    static const char *const ABSENT[] = {"is_key_7",   "is_key_1",  "is_key_117", "is_key_",
                                         "is_key_017", "is_key_1x", "is_key_N",   "is_PCMU",
                                         "is_PCM",     "is_",       "is_xPCMA",   "_"};
    const struct value values[] = {
        value_null(),
        value_bool(true),
        value_suffix(value_number("17")),
        value_suffix(value_text("PCMA")),
        value_null(),
        value_suffix(value_number("2")),
    };
    const struct value_record record = {.shape = &SHAPE, .values = values};
    const struct value object = value_of_record(&record);

    (void)state;
    assert_int_equal(find(&object, "is_key_17")->kind, VALUE_TRUE);
    assert_int_equal(find(&object, "is_PCMA")->kind, VALUE_TRUE);
    assert_int_equal(find(&object, "_2")->kind, VALUE_TRUE);
    for (size_t i = 0; i < AP_COUNT(ABSENT); i++) {
        if (find(&object, ABSENT[i]))
            fail_msg("'%s' is there", ABSENT[i]);
    }
}

static void test_place_in_a_shape(void **state)
{
    (void)state;
    assert_int_equal(value_shape_place(&SHAPE, "is_first", 8), 1);
    assert_int_equal(value_shape_place(&SHAPE, "is_key_4711", 11), 2);
    assert_int_equal(value_shape_place(&SHAPE, "is_opus", 7), 3);
    assert_int_equal(value_shape_place(&SHAPE, "other", 5), SHAPE.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_text_is_null),
        cmocka_unit_test(test_members_are_found_by_their_whole_name),
        cmocka_unit_test(test_only_objects_have_members),
        cmocka_unit_test(test_record_has_the_names_of_its_shape),
        cmocka_unit_test(test_suffix_is_true_under_its_own_name_only),
        cmocka_unit_test(test_place_in_a_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
