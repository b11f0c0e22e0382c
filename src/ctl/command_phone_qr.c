/* phone qr: softphones scan their URL. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qrencode.h>

#include "ctl_private.h"

/* ISO/IEC 18004, 5.3.8: four light modules around the symbol. */
#define QUIET 4

static bool is_dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1) != 0;
}

/* Two rows of modules in one of text. Light is drawn, so that it scans on a dark terminal and, as
 * scanners read inverted symbols too, on a light one. */
static void print_text(const QRcode *code)
{
    static const char *const HALVES[] = {"█", "▄", "▀", " "}; /* dark: none, above, below, both */

    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET; x++)
            fputs(HALVES[is_dark(code, x, y) + 2 * is_dark(code, x, y + 1)], stdout);
        putchar('\n');
    }
}

static void print_svg(const QRcode *code)
{
    int size = code->width + 2 * QUIET;

    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
           "shape-rendering=\"crispEdges\">\n"
           "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path d=\"",
           size, size, size, size);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++) {
            if (is_dark(code, x, y))
                printf("M%d %dh1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    printf("\"/>\n</svg>\n");
}

int ctl_phone_qr(const struct ctl_args *args)
{
    json_t *result = NULL;
    const char *url;
    int exit_code = ctl_get_phone_url(args, &result, &url);
    QRcode *code = NULL;

    if (exit_code == CTL_OK && args->json) {
        ctl_print_json(result);
        json_decref(result);
        return exit_code;
    }
    if (exit_code == CTL_OK && !url[0])
        exit_code = ctl_fail(CTL_INVALID, "the phone has no URL");
    if (exit_code == CTL_OK) {
        code = QRcode_encodeString8bit(url, 0, QR_ECLEVEL_M);
        if (!code)
            exit_code = ctl_fail(CTL_FAILED, "no QR code can be made: %s", strerror(errno));
    }
    if (code && ctl_arg(args, "svg"))
        print_svg(code);
    else if (code)
        print_text(code);
    QRcode_free(code); /* NULL is fine */
    json_decref(result);
    return exit_code;
}
