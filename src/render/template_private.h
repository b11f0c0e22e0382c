/* Private to src/render/: the compiled program, shared by the compiler and the renderer. */
#ifndef AUTOPROV_TEMPLATE_PRIVATE_H
#define AUTOPROV_TEMPLATE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "autoprov/buf.h"
#include "autoprov/err.h"
#include "autoprov/template.h"

/* A flat program: control goes to the next op unless a section says otherwise.
 *
 *      0 TEXT      "<phone>"
 *      1 SECTION   lines      jump 4: where to go on when the value is falsy
 *      2 VALUE     sip_user
 *      3 END                  jump 2: where the next item of a list begins
 *      4 TEXT      "</phone>"
 */
enum op_kind {
    OP_TEXT,
    OP_VALUE, /* escaped */
    OP_RAW,
    OP_SECTION,
    OP_INVERTED,
    OP_END,
};

struct template_op {
    enum op_kind kind;
    const char *text; /* OP_TEXT: what to write; else the name as written */
    uint32_t len;
    uint32_t first_part, part_count; /* of a name; no part: "." */
    uint32_t jump;
    uint32_t line, column;
};

/* One piece of a dotted name. */
struct template_part {
    const char *text;
    uint32_t len;
};

struct template
{
    char *name;
    char *text; /* ops and parts point into it */
    enum template_escape escape;
    struct template_op *ops;
    size_t op_count;
    struct template_part *parts;
    size_t part_count;
};

/* Append text in the given mode. Errors: those of buf_append(). */
AP_MUSTCHECK int escape_append(enum template_escape escape, const char *text, size_t len,
                               struct buf *out);

#endif
