/* phone qr: softphones scan their URL. */
#include <stdio.h>
#include <string.h>

#include "autoprov/qr_rows.h"
#include "ctl_private.h"

/* ISO/IEC 18004, 5.3.8: four light modules around the symbol. */
#define QUIET 4

static int width_of(const json_t *rows)
{
    return (int)json_array_size(rows);
}

static bool is_dark(const json_t *rows, int x, int y)
{
    int width = width_of(rows);

    return x >= 0 && y >= 0 && x < width && y < width &&
           json_string_value(json_array_get(rows, (size_t)y))[x] == '1';
}

/* Two rows of modules in one of text. Light is drawn, so that it scans on a dark terminal and, as
 * scanners read inverted symbols too, on a light one. */
static void print_text(const json_t *rows)
{
    static const char *const HALVES[] = {"█", "▄", "▀", " "}; /* dark: none, above, below, both */

    for (int y = -QUIET; y < width_of(rows) + QUIET; y += 2) {
        for (int x = -QUIET; x < width_of(rows) + QUIET; x++)
            fputs(HALVES[is_dark(rows, x, y) + 2 * is_dark(rows, x, y + 1)], stdout);
        putchar('\n');
    }
}

static void print_svg(const json_t *rows)
{
    int size = width_of(rows) + 2 * QUIET;

    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
           "shape-rendering=\"crispEdges\">\n"
           "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path d=\"",
           size, size, size, size);
    for (int y = 0; y < width_of(rows); y++) {
        for (int x = 0; x < width_of(rows); x++) {
            if (is_dark(rows, x, y))
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
    json_t *rows = NULL;

    if (exit_code == CTL_OK && args->json) {
        ctl_print_json(result);
        json_decref(result);
        return exit_code;
    }
    if (exit_code == CTL_OK && !url[0])
        exit_code = ctl_fail(CTL_INVALID, "the phone has no URL");
    if (exit_code == CTL_OK) {
        int err = qr_rows_json(url, &rows);
        if (err)
            exit_code = ctl_fail(CTL_FAILED, "no QR code can be made: %s", ap_strerror(err));
    }
    if (rows && ctl_arg(args, "svg"))
        print_svg(rows);
    else if (rows)
        print_text(rows);
    json_decref(rows);
    json_decref(result);
    return exit_code;
}
