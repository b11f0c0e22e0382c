/* The text of an import: header, lines, cells, and what is told of those at fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "import_csv.h"
#include "support/alloc_fault.h"

struct told {
    char text[4096]; /* "2 alice|cc" and "3! user: reason" lines */
};

static void append(struct told *told, const char *fmt, ...) AP_PRINTF(2, 3);
static void append(struct told *told, const char *fmt, ...)
{
    va_list args;
    size_t len = strlen(told->text);

    va_start(args, fmt);
    assert_true(vsnprintf(told->text + len, sizeof(told->text) - len, fmt, args) > 0);
    va_end(args);
}

static int take_row(void *data, const struct import_cells *row)
{
    const struct import_cell *mac = &row->cells[IMPORT_MAC];

    append(data, "%d %s|%s\n", (int)row->line, row->cells[IMPORT_USER].text,
           mac->text ? mac->text : "-");
    return 0;
}

static int take_problem(void *data, uint64_t line, const char *column, const char *reason)
{
    append(data, "%d! %s: %.14s\n", (int)line, column, reason);
    return 0;
}

static void read_pieces(const char *text, size_t len, size_t piece, struct told *told)
{
    const struct import_csv_sink sink = {told, take_row, take_problem};
    struct import_csv *csv = NULL;

    told->text[0] = '\0';
    assert_int_equal(import_csv_new(&sink, &csv), 0);
    for (size_t at = 0; at < len; at += piece)
        assert_int_equal(import_csv_feed(csv, text + at, len - at < piece ? len - at : piece), 0);
    assert_int_equal(import_csv_end(csv), 0);
    import_csv_free(csv);
}

static void test_lines_become_rows_or_problems_however_they_are_cut(void **state)
{
#define TEXT(text) text, sizeof(text) - 1
    static const struct {
        const char *text;
        size_t len;
        const char *told;
    } CASES[] = {
        {TEXT("user,mac\nalice,aa\nbob,bb\n"), "2 alice|aa\n3 bob|bb\n"},
        {TEXT("user,mac\r\nalice,aa\r\nbob,bb"), "2 alice|aa\n3 bob|bb\n"},
        {TEXT("\xef\xbb\xbfmac,user\naa,alice\n"), "2 alice|aa\n"},
        {TEXT("user\nalice\n\n\r\nbob\n"), "2 alice|-\n5 bob|-\n"},
        {TEXT("user,mac\n\"a,\"\"b\"\"\", x \n"), "2 a,\"b\"| x \n"},
        {TEXT("user,mac\nalice,\n,\n"), "2 alice|\n3 |\n"},
        {TEXT("user,mac\n\"alice,aa\nbob,bb\n"), "2! -: a quote is not\n3 bob|bb\n"},
        {TEXT("user,mac\nal\"ice,aa\nbob,bb\n"), "2! -: a quote is out\n3 bob|bb\n"},
        {TEXT("user,mac\n\"al\"ice,aa\nbob,bb\n"), "2! -: a quote is out\n3 bob|bb\n"},
        {TEXT("user,mac\nalice\nbob,b,c\ncarol,c\n"),
         "2! -: 1 cells, where\n3! -: 3 cells, where\n4 carol|c\n"},
        {TEXT("user,mac\nal\0ice,a\nbob,bb\n"), "2! -: there is a NUL\n3 bob|bb\n"},
        {TEXT("user,mac\nal\rice,a\nbob,bb\n"), "2! -: there is a car\n3 bob|bb\n"},
        {TEXT("user,mac\n\xff,\xc0\x80\nbob,bb\n"),
         "2! user: this is not UT\n2! mac: this is not UT\n3 bob|bb\n"},
        {TEXT(""), "1! -: the file is em\n"},
        {TEXT("\n\nuser\nalice\n"), "1! user: this column is\n"},
        {TEXT("mac\naa\n"), "1! user: this column is\n"},
        {TEXT("alice,aa\nbob,bb\n"), "1! column 1: no known colum\n1! column 2: no known colum\n"},
        {TEXT("user,mac,user\na,b,c\n"), "1! column 3: this column st\n"},
        {TEXT("USER\nalice\n"), "1! column 1: no known colum\n"},
        {TEXT("\xff\xfeu\0s\0e\0r\0\n\0"), "1! -: there is a NUL\n"},
        {TEXT("\"user\nalice\n"), "1! -: a quote is not\n"},
    };
    struct told told;

    (void)state;
    for (size_t i = 0; i < AP_COUNT(CASES); i++) {
        for (size_t piece = 1; piece < 20; piece += 6) {
            read_pieces(CASES[i].text, CASES[i].len, piece, &told);
            assert_string_equal(told.text, CASES[i].told);
        }
    }
}

static void test_a_line_that_is_too_long_is_told_and_the_next_one_read(void **state)
{
    static char text[3 * AP_IMPORT_LINE_MAX_BYTES];
    struct told told;
    size_t len = (size_t)snprintf(text, sizeof(text), "user\n");

    (void)state;
    memset(text + len, 'x', AP_IMPORT_LINE_MAX_BYTES);
    len += AP_IMPORT_LINE_MAX_BYTES;
    text[len++] = '\n';
    read_pieces(text, len, 1000, &told);
    assert_memory_equal(told.text, "2 xxxx", 6);
    memset(text + len - 1, 'x', 5000);
    len += 5000;
    len += (size_t)snprintf(text + len, sizeof(text) - len, "\nbob\n");
    read_pieces(text, len, 700, &told);
    assert_string_equal(told.text, "2! -: the line is to\n3 bob|-\n");
}

static void test_a_header_that_is_too_long_ends_the_reading(void **state)
{
    static char text[2 * AP_IMPORT_LINE_MAX_BYTES];
    struct told told;

    (void)state;
    memset(text, ',', sizeof(text) - 5);
    memcpy(text + sizeof(text) - 5, "\nbob\n", 5);
    read_pieces(text, sizeof(text), sizeof(text), &told);
    assert_string_equal(told.text, "1! -: the line is to\n");
}

static void test_no_reason_holds_what_the_text_holds(void **state)
{
    static const char TEXT_OF[] = "user,hunter2,pass\"word\n";
    struct told told;

    (void)state;
    read_pieces(TEXT_OF, sizeof(TEXT_OF) - 1, 5, &told);
    assert_null(strstr(told.text, "hunter2"));
    read_pieces("hunter2\n", 8, 5, &told);
    assert_null(strstr(told.text, "hunter2"));
}

static int refuse_row(void *data, const struct import_cells *row)
{
    (void)data;
    (void)row;
    return AP_ECLOSED;
}

static void test_a_sink_ends_the_reading(void **state)
{
    struct told told = {""};
    const struct import_csv_sink sink = {&told, refuse_row, take_problem};
    struct import_csv *csv = NULL;

    (void)state;
    assert_int_equal(import_csv_new(&sink, &csv), 0);
    assert_int_equal(import_csv_feed(csv, "user\nalice\nbob\n", 15), AP_ECLOSED);
    import_csv_free(csv);
    import_csv_free(NULL);
}

static void test_without_memory_there_is_no_reader(void **state)
{
    struct told told = {""};
    const struct import_csv_sink sink = {&told, take_row, take_problem};
    struct import_csv *csv = NULL;

    (void)state;
    alloc_fault_arm(1, 0);
    int err = import_csv_new(&sink, &csv);
    alloc_fault_arm(0, 0);
    assert_int_equal(err, AP_ENOMEM);
    assert_null(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_become_rows_or_problems_however_they_are_cut),
        cmocka_unit_test(test_a_line_that_is_too_long_is_told_and_the_next_one_read),
        cmocka_unit_test(test_a_header_that_is_too_long_ends_the_reading),
        cmocka_unit_test(test_no_reason_holds_what_the_text_holds),
        cmocka_unit_test(test_a_sink_ends_the_reading),
        cmocka_unit_test(test_without_memory_there_is_no_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
