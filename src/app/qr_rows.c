/* QR codes as rows of '0' and '1'. Must not know what the text is. */
#include "autoprov/qr_rows.h"

#include <errno.h>

#include <qrencode.h>

#include "autoprov/secret.h"

/* ISO/IEC 18004: version 40 has 177 modules on a side. */
#define WIDTH_MAX 177

static int append_rows(const QRcode *code, json_t *rows)
{
    char row[WIDTH_MAX];
    int err = code->width <= WIDTH_MAX ? 0 : AP_ERANGE;

    for (int y = 0; !err && y < code->width; y++) {
        for (int x = 0; x < code->width; x++)
            row[x] = (code->data[y * code->width + x] & 1) != 0 ? '1' : '0';
        if (json_array_append_new(rows, json_stringn(row, (size_t)code->width)) != 0)
            err = AP_ENOMEM;
    }
    secret_wipe(row, sizeof(row));
    return err;
}

int qr_rows_json(const char *text, json_t **ret_rows)
{
    json_t *rows = json_array();
    QRcode *code = NULL;
    int err = rows ? 0 : AP_ENOMEM;

    if (!err && !text[0])
        err = AP_EINVAL;
    if (!err)
        code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!err && !code)
        err = errno == ERANGE ? AP_ERANGE : AP_ENOMEM;
    if (!err)
        err = append_rows(code, rows);
    if (code)
        secret_wipe(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code); /* NULL is fine */
    if (err)
        json_decref(rows);
    else
        *ret_rows = rows;
    return err;
}
