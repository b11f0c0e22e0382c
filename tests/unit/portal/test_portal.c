/* The embedded files: found by exact path, unchanged, with a type and a tag. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/portal.h"

static void test_the_root_is_the_index_page(void **state)
{
    struct portal_file root, index;

    (void)state;
    assert_true(portal_find("/", &root));
    assert_true(portal_find("/index.html", &index));
    assert_ptr_equal(root.bytes, index.bytes);
    assert_string_equal(root.type, "text/html; charset=utf-8");
    assert_true(root.len > 0);
}

static void test_only_exact_paths_are_found(void **state)
{
    static const char *const paths[] = {
        "",           "index.html",     "/index",    "/index.html/", "/INDEX.html",
        "//",         "/none.js",       "/portal.c", "/embed.cmake", "/CMakeLists.txt",
        "/../portal", "/portal_table.h"};
    struct portal_file file;

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (portal_find(paths[i], &file))
            fail_msg("'%s'", paths[i]);
    }
}

static void test_every_file_is_as_it_stands_in_the_source(void **state)
{
    struct portal_file file;
    size_t count = 0;

    (void)state;
    for (; portal_at(count, &file); count++) {
        char path[1024];
        char *bytes = malloc(file.len + 1);
        assert_non_null(bytes);
        (void)snprintf(path, sizeof(path), "%s/src/portal%s", AP_SOURCE_DIR, file.path);
        FILE *source = fopen(path, "rb");
        assert_non_null(source);
        assert_int_equal(fread(bytes, 1, file.len + 1, source), file.len);
        (void)fclose(source);
        assert_memory_equal(bytes, file.bytes, file.len);
        free(bytes);
        assert_int_equal(strlen(file.etag), 34);
        assert_int_equal(file.etag[0], '"');
        assert_string_not_equal(file.type, "application/octet-stream");
    }
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_root_is_the_index_page),
        cmocka_unit_test(test_only_exact_paths_are_found),
        cmocka_unit_test(test_every_file_is_as_it_stands_in_the_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
