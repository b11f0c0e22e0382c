/* Private to src/render/: the compiled program, shared by the compiler, the linker and the
 * renderer. */
#ifndef AUTOPROV_TEMPLATE_PRIVATE_H
#define AUTOPROV_TEMPLATE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autoprov/limits.h"
#include "autoprov/template.h"

/* A flat program: control goes to the next op unless it says otherwise.
 *
 *      0 TEXT      "<phone>"
 *      1 SECTION   lines      jump 4: where to go on when the value is falsy
 *      2 VALUE     sip_user   and the text behind it, "; "
 *      3 END                  jump 2: where the next item of a list begins
 *      4 PARENT    base.xml   jump 8: behind all its overrides, which follow it
 *      5 OVERRIDE  title      jump 8: behind its OVERRIDE_END
 *      6 TEXT      "mine"
 *      7 OVERRIDE_END         back to the block that it overrides
 *      8 BLOCK     title      jump 11: where to go on after an override
 *      9 TEXT      "default"
 *     10 BLOCK_END
 *     11 RETURN               the program's end
 */
enum template_op_kind {
    TEMPLATE_TEXT,
    TEMPLATE_VALUE, /* escaped */
    TEMPLATE_RAW,
    TEMPLATE_SECTION,
    TEMPLATE_INVERTED,
    TEMPLATE_END,
    TEMPLATE_INVERTED_END,
    TEMPLATE_CALL,
    TEMPLATE_PARENT,
    TEMPLATE_OVERRIDE,
    TEMPLATE_OVERRIDE_END,
    TEMPLATE_BLOCK,
    TEMPLATE_BLOCK_END,
    TEMPLATE_RETURN,
};

/* How the lines of what is called are indented. */
enum template_layout {
    TEMPLATE_INLINE,  /* not at all */
    TEMPLATE_HANGING, /* all but the first, which has its indentation already */
    TEMPLATE_LINES,   /* all */
};

struct template_part;

struct template_op {
    uint8_t kind;
    uint8_t layout;   /* CALL, PARENT, BLOCK; OVERRIDE: LINES if it begins on its own line */
    bool begins_line; /* stands first on a line of the text: indentation goes before it */
    uint32_t text_len;
    const char *text; /* TEXT: what to write; VALUE, RAW: what to write behind the value */
    const struct template_part *part; /* the first of a value's name; NULL: "." */
    uint32_t part_count;              /* more than one: with dots */
    uint32_t jump;
    uint32_t call; /* CALL, PARENT, BLOCK: index of the rest */
    uint32_t name_len;
    const char *name; /* as written; not that of TEXT */
    uint32_t line, column;
};

struct template_call {
    const struct template *target; /* NULL: empty; BLOCK has none */
    const char *indent;
    uint32_t indent_len;
    uint32_t newline_len; /* BLOCK alone on its line: the line's end, for an override without one */
    const char *newline;
};

/* One piece of a dotted name. */
struct template_part {
    const char *text;
    uint32_t len;
    uint32_t key; /* value_key() */
    /* Notes that workers share, by the number of a shape: where the name stands in it, as found out
     * when they first met. All who write one write the same. */
    _Atomic uint8_t places[VALUE_SHAPES_MAX];
};

/* Values of a note; a place is from PLACE_FIRST on. */
enum { PLACE_UNKNOWN, PLACE_ABSENT, PLACE_FIRST };
_Static_assert(VALUE_SHAPE_NAMES_MAX + PLACE_FIRST <= UINT8_MAX + 1, "a note is a byte");

/* So many bytes may be read from any place of a program's text on. */
#define TEMPLATE_TEXT_PADDING 32

struct template
{
    char *name;
    char *text; /* ops, calls and parts point into it; TEMPLATE_TEXT_PADDING behind its end */
    struct template_op *ops;
    struct template_call *calls;
    struct template_part *parts;
    uint32_t op_count, call_count, part_count;
};

/* What is open while a program runs or is walked. */
enum template_frame_kind { TEMPLATE_IN_SECTION, TEMPLATE_IN_CALL, TEMPLATE_IN_OVERRIDE };

/* An inverted section has one in a walk, but none in a rendering: it changes nothing there. */
struct template_frame {
    uint8_t kind;
    uint8_t indent_first, indent_count; /* to be restored at the end */
    /* Of a call: where to go on; template also holds the overrides of a parent. */
    const struct template *template;
    const struct template_op *op; /* the SECTION, INVERTED, CALL, PARENT or OVERRIDE */
    uint32_t return_to;
    uint32_t owner; /* of an override: the frame of the parent that gives it */
    /* Of the renderer alone. */
    const struct value *context;
    const struct value *object; /* the innermost context that is an object; others have no names */
    const struct value *list;   /* NULL: no loop */
    size_t index;
    size_t begin; /* length of the output when an override began */
};

/* The override of block that counts: the one that the outermost parent gives, but none inside
 * itself. NULL: the block's own content. frames[1] to frames[top] are open. *steps rises by what
 * was looked at. */
const struct template_op *template_find_override(const struct template_frame *frames, size_t top,
                                                 const struct template_op *block, size_t *ret_owner,
                                                 size_t *steps);

#endif
