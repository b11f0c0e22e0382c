/* Which override a block gets. Knows no values and no output. */
#include "template_private.h"

#include <string.h>

static const struct template_op *find_in_parent(const struct template_frame *parent,
                                                const struct template_op *block, size_t *steps)
{
    const struct template_op *ops = parent->template->ops;
    uint32_t end = parent->op->jump;

    for (uint32_t at = (uint32_t)(parent->op - ops) + 1; at < end; at = ops[at].jump) {
        ++*steps;
        if (ops[at].name_len == block->name_len &&
            memcmp(ops[at].name, block->name, block->name_len) == 0)
            return &ops[at];
    }
    return NULL;
}

static bool is_running(const struct template_frame *frames, size_t top,
                       const struct template_op *override, size_t owner)
{
    for (size_t i = owner + 1; i <= top; i++) {
        if (frames[i].kind == TEMPLATE_IN_OVERRIDE && frames[i].op == override &&
            frames[i].owner == owner)
            return true;
    }
    return false;
}

const struct template_op *template_find_override(const struct template_frame *frames, size_t top,
                                                 const struct template_op *block, size_t *ret_owner,
                                                 size_t *steps)
{
    for (size_t i = 1; i <= top; i++) {
        if (frames[i].kind != TEMPLATE_IN_CALL || frames[i].op->kind != TEMPLATE_PARENT)
            continue;
        const struct template_op *override = find_in_parent(&frames[i], block, steps);
        if (override && !is_running(frames, top, override, i)) {
            *ret_owner = i;
            return override;
        }
    }
    return NULL;
}
