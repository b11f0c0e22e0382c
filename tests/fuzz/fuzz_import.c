/* The text of an import, whole and in pieces: the same rows and problems, in the order of lines,
 * and every cell is UTF-8 without NUL. The first byte says how long the pieces are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoprov/text.h"
#include "fuzz.h"
#include "import_csv.h"

struct told {
    uint64_t line, digest;
    size_t rows, problems;
};

static void add(struct told *told, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        told->digest = (told->digest ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    told->digest = (told->digest ^ 0x1ff) * UINT64_C(1099511628211);
}

static int take_row(void *data, const struct import_cells *row)
{
    struct told *told = data;

    CHECK(row->line > told->line);
    told->line = row->line;
    told->rows++;
    CHECK(row->cells[IMPORT_USER].text);
    for (size_t i = 0; i < IMPORT_COLUMN_COUNT; i++) {
        const struct import_cell *cell = &row->cells[i];
        if (!cell->text)
            continue;
        CHECK(strlen(cell->text) == cell->len && text_is_utf8(cell->text, cell->len));
        CHECK(!strpbrk(cell->text, "\r\n"));
        add(told, cell->text, cell->len);
    }
    return 0;
}

static int take_problem(void *data, uint64_t line, const char *column, const char *reason)
{
    struct told *told = data;

    CHECK(line >= told->line && line > 0);
    told->line = line;
    told->problems++;
    add(told, column, strlen(column));
    add(told, reason, strlen(reason));
    return 0;
}

static struct told read_all(const char *text, size_t len, size_t piece)
{
    struct told told = {.digest = UINT64_C(14695981039346656037)};
    const struct import_csv_sink sink = {&told, take_row, take_problem};
    struct import_csv *csv = NULL;

    CHECK(import_csv_new(&sink, &csv) == 0);
    for (size_t at = 0; at < len; at += piece)
        CHECK(import_csv_feed(csv, text + at, len - at < piece ? len - at : piece) == 0);
    CHECK(import_csv_end(csv) == 0);
    import_csv_free(csv);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    struct told whole = read_all(text, size - 1, size);
    struct told pieces = read_all(text, size - 1, (size_t)data[0] + 1);
    CHECK(whole.digest == pieces.digest && whole.rows == pieces.rows &&
          whole.problems == pieces.problems && whole.line == pieces.line);
    return 0;
}
