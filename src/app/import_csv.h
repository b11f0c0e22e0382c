/* The text of an import, RFC 4180 with one row per line: bytes in, rows of cells out. Must not know
 * what a cell means. */
#ifndef AUTOPROV_APP_IMPORT_CSV_H
#define AUTOPROV_APP_IMPORT_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/err.h"

/* In the order of an export. */
enum import_column {
    IMPORT_USER,
    IMPORT_USER_DISPLAY_NAME,
    IMPORT_USER_EXTERNAL_ID,
    IMPORT_SITE,
    IMPORT_TOKEN,
    IMPORT_ACCOUNT_USER,
    IMPORT_SIP_USER,
    IMPORT_DOMAIN,
    IMPORT_PASSWORD,
    IMPORT_AUTH_USER,
    IMPORT_ACCOUNT_DISPLAY_NAME,
    IMPORT_REGISTRAR_HOST,
    IMPORT_REGISTRAR_PORT,
    IMPORT_TRANSPORT,
    IMPORT_OUTBOUND_PROXY,
    IMPORT_EXPIRES,
    IMPORT_ACCOUNT_EXTERNAL_ID,
    IMPORT_MAC,
    IMPORT_VENDOR,
    IMPORT_MODEL,
    IMPORT_LABEL,
    IMPORT_ENABLED,
    IMPORT_PHONE_EXTERNAL_ID,
    IMPORT_LINE,
    IMPORT_COLUMN_COUNT
};

/* "user", …; never NULL. */
const char *import_column_name(enum import_column column);

/* One line's cells. text NULL: the header has no such column. */
struct import_cells {
    uint64_t line; /* from 1 */
    struct import_cell {
        const char *text; /* NUL-terminated UTF-8; borrowed until the callback returns */
        size_t len;
    } cells[IMPORT_COLUMN_COUNT];
};

/* Called in the order of lines. A result that is not 0 ends the reading with it. Reasons hold
 * nothing of the text. */
struct import_csv_sink {
    void *data;
    int (*row)(void *data, const struct import_cells *cells);
    int (*problem)(void *data, uint64_t line, const char *column, const char *reason);
};

struct import_csv;

/* sink: copied. *ret_csv: free with import_csv_free(), which wipes. Errors: AP_ENOMEM. */
AP_MUSTCHECK int import_csv_new(const struct import_csv_sink *sink, struct import_csv **ret_csv);
void import_csv_free(struct import_csv *csv);

/* The next bytes, cut anywhere. A header at fault makes all that follows unread; a line at fault is
 * told and left out. Errors: those of sink; AP_ENOMEM. */
AP_MUSTCHECK int import_csv_feed(struct import_csv *csv, const char *data, size_t len);
/* No more bytes: the last line may lack its end. A text without a header is a problem. */
AP_MUSTCHECK int import_csv_end(struct import_csv *csv);

#endif
