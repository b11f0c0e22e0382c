/* Lines, then libcsv for each. No value of ours holds a line break, so a row is one line: a quote
 * that stays open is told where it stands and the next line is read as if nothing had happened. */
#include "import_csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>

#include "autoprov/array.h"
#include "autoprov/limits.h"
#include "autoprov/secret.h"
#include "autoprov/text.h"

#define BOM       "\xef\xbb\xbf"
#define CELLS_MAX 64 /* of a line: more are counted, not kept */

static const char *const names[] = {
    [IMPORT_USER] = "user",
    [IMPORT_USER_DISPLAY_NAME] = "user_display_name",
    [IMPORT_USER_EXTERNAL_ID] = "user_external_id",
    [IMPORT_SITE] = "site",
    [IMPORT_TOKEN] = "token",
    [IMPORT_ACCOUNT_USER] = "account_user",
    [IMPORT_SIP_USER] = "sip_user",
    [IMPORT_DOMAIN] = "domain",
    [IMPORT_PASSWORD] = "password",
    [IMPORT_AUTH_USER] = "auth_user",
    [IMPORT_ACCOUNT_DISPLAY_NAME] = "account_display_name",
    [IMPORT_REGISTRAR_HOST] = "registrar_host",
    [IMPORT_REGISTRAR_PORT] = "registrar_port",
    [IMPORT_TRANSPORT] = "transport",
    [IMPORT_OUTBOUND_PROXY] = "outbound_proxy",
    [IMPORT_EXPIRES] = "expires",
    [IMPORT_ACCOUNT_EXTERNAL_ID] = "account_external_id",
    [IMPORT_MAC] = "mac",
    [IMPORT_VENDOR] = "vendor",
    [IMPORT_MODEL] = "model",
    [IMPORT_LABEL] = "label",
    [IMPORT_ENABLED] = "enabled",
    [IMPORT_PHONE_EXTERNAL_ID] = "phone_external_id",
    [IMPORT_LINE] = "line",
};
_Static_assert(AP_COUNT(names) == IMPORT_COLUMN_COUNT, "a name for each column");
_Static_assert(IMPORT_COLUMN_COUNT <= CELLS_MAX, "room for a line of all columns");

enum state { STATE_HEADER, STATE_ROWS, STATE_DEAF /* the header was at fault */ };

struct import_csv {
    struct import_csv_sink sink;
    struct csv_parser parser;
    enum state state;
    uint64_t line;     /* number of the one that is being gathered */
    size_t len;        /* of it; more than text holds: it is too long */
    size_t cell_count; /* of the line that is being parsed */
    size_t used;       /* of cell_text */
    struct import_cell cells[CELLS_MAX];
    size_t header_count;
    enum import_column header[CELLS_MAX];
    char text[AP_IMPORT_LINE_MAX_BYTES];
    char cell_text[AP_IMPORT_LINE_MAX_BYTES + CELLS_MAX];
};

const char *import_column_name(enum import_column column)
{
    return names[column];
}

/* Blanks belong to the value, quoted or not. */
static int is_space(unsigned char c)
{
    (void)c;
    return 0;
}

int import_csv_new(const struct import_csv_sink *sink, struct import_csv **ret_csv)
{
    struct import_csv *csv = calloc(1, sizeof(*csv));

    if (!csv)
        return AP_ENOMEM;
    if (csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(csv);
        return AP_ENOMEM;
    }
    csv_set_space_func(&csv->parser, is_space);
    /* One block for any line: passwords are not left behind in smaller ones. */
    csv_set_blk_size(&csv->parser, AP_IMPORT_LINE_MAX_BYTES + 1);
    csv->sink = *sink;
    csv->line = 1;
    *ret_csv = csv;
    return 0;
}

void import_csv_free(struct import_csv *csv)
{
    if (!csv)
        return;
    if (csv->parser.entry_buf)
        secret_wipe(csv->parser.entry_buf, csv->parser.entry_size);
    csv_free(&csv->parser);
    secret_wipe(csv, sizeof(*csv));
    free(csv);
}

/* -- one line ---------------------------------------------------------------------------------- */

static int tell(struct import_csv *csv, const char *column, const char *reason)
{
    return csv->sink.problem(csv->sink.data, csv->line, column, reason);
}

static void take_cell(void *text, size_t len, void *data)
{
    struct import_csv *csv = data;

    /* libcsv only takes quotes away, so that a line's cells fit. */
    if (csv->cell_count < CELLS_MAX && len < sizeof(csv->cell_text) - csv->used) {
        char *copy = csv->cell_text + csv->used;
        if (len > 0)
            memcpy(copy, text, len);
        copy[len] = '\0';
        csv->used += len + 1;
        csv->cells[csv->cell_count] = (struct import_cell){.text = copy, .len = len};
    }
    csv->cell_count++;
}

/* false: *ret_reason tells the fault. */
static bool parse(struct import_csv *csv, const char *text, size_t len, const char **ret_reason)
{
    csv->cell_count = 0;
    csv->used = 0;
    *ret_reason =
        "a quote is out of place: a cell with quotes stands in quotes, and has them twice";
    bool parsed = csv_parse(&csv->parser, text, len, take_cell, NULL, csv) == len;
    bool open = parsed && csv_fini(&csv->parser, take_cell, NULL, csv) != 0;
    if (open)
        *ret_reason = "a quote is not closed on its line";
    if (parsed && !open)
        return true;
    /* As csv_fini() leaves it after a row without fault: what is in there is of this line. */
    csv->parser.pstate = 0;
    csv->parser.quoted = 0;
    csv->parser.spaces = 0;
    csv->parser.entry_pos = 0;
    csv->parser.status = 0;
    return false;
}

static int column_of(const struct import_cell *cell)
{
    for (int i = 0; i < IMPORT_COLUMN_COUNT; i++) {
        if (strlen(names[i]) == cell->len && memcmp(names[i], cell->text, cell->len) == 0)
            return i;
    }
    return -1;
}

/* A name that is not known is not told: without a header it is a value, perhaps a password. */
static int read_header(struct import_csv *csv)
{
    bool seen[IMPORT_COLUMN_COUNT] = {false};
    bool failed = false;
    char place[32];
    int err = 0;

    for (size_t i = 0; i < csv->cell_count && i < CELLS_MAX && !err; i++) {
        int column = column_of(&csv->cells[i]);
        const char *reason = column < 0     ? "no known column; the first line names the columns"
                             : seen[column] ? "this column stands there twice"
                                            : NULL;
        if (column >= 0) {
            seen[column] = true;
            csv->header[i] = (enum import_column)column;
        }
        (void)snprintf(place, sizeof(place), "column %zu", i + 1); /* 27 bytes at most */
        if (reason)
            err = tell(csv, place, reason);
        failed = failed || reason;
    }
    if (!err && csv->cell_count > CELLS_MAX) {
        failed = true;
        err = tell(csv, "-", "there are too many columns");
    }
    if (!err && !failed && !seen[IMPORT_USER]) {
        failed = true;
        err = tell(csv, names[IMPORT_USER], "this column is missing");
    }
    csv->header_count = csv->cell_count;
    csv->state = failed ? STATE_DEAF : STATE_ROWS;
    return err;
}

static int read_row(struct import_csv *csv)
{
    struct import_cells row = {.line = csv->line};
    char reason[96];
    bool failed = false;
    int err = 0;

    if (csv->cell_count != csv->header_count) {
        (void)snprintf(reason, sizeof(reason), "%zu cells, where the header has %zu", /* 66 bytes */
                       csv->cell_count, csv->header_count);
        return tell(csv, "-", reason);
    }
    for (size_t i = 0; i < csv->header_count && !err; i++) {
        row.cells[csv->header[i]] = csv->cells[i];
        if (!text_is_utf8(csv->cells[i].text, csv->cells[i].len)) {
            failed = true;
            err = tell(csv, names[csv->header[i]], "this is not UTF-8");
        }
    }
    return err || failed ? err : csv->sink.row(csv->sink.data, &row);
}

static int read_line(struct import_csv *csv)
{
    const char *text = csv->text;
    size_t len = csv->len;
    const char *reason;

    if (len > sizeof(csv->text)) {
        if (csv->state == STATE_HEADER)
            csv->state = STATE_DEAF;
        return tell(csv, "-", "the line is too long");
    }
    if (csv->line == 1 && len >= strlen(BOM) && memcmp(text, BOM, strlen(BOM)) == 0) {
        text += strlen(BOM);
        len -= strlen(BOM);
    }
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0 && csv->state == STATE_ROWS)
        return 0;
    if (memchr(text, '\0', len))
        reason = "there is a NUL in the line; is this a file of UTF-16?";
    else if (memchr(text, '\r', len))
        reason = "there is a carriage return inside the line";
    else if (parse(csv, text, len, &reason))
        return csv->state == STATE_HEADER ? read_header(csv) : read_row(csv);
    if (csv->state == STATE_HEADER)
        csv->state = STATE_DEAF;
    return tell(csv, "-", reason);
}

/* -- bytes to lines ---------------------------------------------------------------------------- */

static void gather(struct import_csv *csv, const char *data, size_t len)
{
    size_t room = csv->len < sizeof(csv->text) ? sizeof(csv->text) - csv->len : 0;

    if (len > 0 && room > 0)
        memcpy(csv->text + csv->len, data, len < room ? len : room);
    /* One more than the text holds says it all, however long the line. */
    csv->len = len > room ? sizeof(csv->text) + 1 : csv->len + len;
}

int import_csv_feed(struct import_csv *csv, const char *data, size_t len)
{
    int err = 0;

    while (len > 0 && !err && csv->state != STATE_DEAF) {
        const char *end = memchr(data, '\n', len);
        size_t part = end ? (size_t)(end - data) : len;
        gather(csv, data, part);
        data += part;
        len -= part;
        if (end) {
            err = read_line(csv);
            csv->line++;
            csv->len = 0;
            data++;
            len--;
        }
    }
    return err;
}

int import_csv_end(struct import_csv *csv)
{
    if (csv->state == STATE_DEAF)
        return 0;
    if (csv->len > 0 || (csv->state == STATE_HEADER && csv->line == 1)) {
        int err = csv->len > 0 ? read_line(csv) : tell(csv, "-", "the file is empty");
        csv->len = 0;
        return err;
    }
    return 0;
}
