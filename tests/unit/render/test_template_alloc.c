/* Compile and render with every allocation failing once, and from there on. */
#include "autoprov/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/alloc_fault.h"

static const struct dialect XML = {.escape = DIALECT_ESCAPE_XML};

static const struct template *find_none(void *data, const char *name, size_t len)
{
    (void)data;
    (void)name;
    (void)len;
    return NULL;
}

static int compile_and_render(void *data)
{
    /* More tags, ops, calls and parts than their first allocation holds. */
    static const char text[] = "{{#a}}{{a.b.c}}{{^x}}{{#a}}{{d}}{{/a}}{{/x}}{{/a}}{{>p}}"
                               "{{<q}}{{$b}}{{a}}{{/b}}{{/q}}{{$c}}{{/c}}";
    const struct value_member member = value_member("a", value_text("<value>"));
    struct value root = value_object(&member, 1);
    struct template *template = NULL;
    struct ap_error error = {{0}};
    struct buf source, out;
    int err = 0;

    (void)data;
    buf_init(&source, 65536);
    buf_init(&out, 65536);
    for (int i = 0; err == 0 && i < 20; i++)
        err = buf_append_text(&source, text);
    if (err == 0) {
        err = template_compile("t", source.data, source.len, &template, &error);
        assert_true(err == 0 || (err == AP_ENOMEM && !template && error.text[0]));
    }
    if (err == 0)
        err = template_link(template, find_none, NULL, true, &error);
    if (err == 0)
        err = template_render(template, &XML, &root, &out);
    assert_true(err == 0 || err == AP_ENOMEM);
    template_free(template);
    buf_done(&out);
    buf_done(&source);
    return err;
}

static void test_failed_allocations_end_in_an_error(void **state)
{
    (void)state;
    assert_true(alloc_fault_run(compile_and_render, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_allocations_end_in_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
