/* A phone out of JSON, checked as the admin API checks what it is given. For render_tool. */
#ifndef AUTOPROV_TEST_RENDER_INPUT_H
#define AUTOPROV_TEST_RENDER_INPUT_H

#include "api_private.h"
#include "autoprov/rendering.h"

/* All zero before render_input_read(); its texts are borrowed from the JSON and the call's arena.
 */
struct render_input {
    const struct catalogue_vendor *vendor;
    const struct catalogue_model *model;
    const struct catalogue_file *file;
    struct store_phone phone;
    struct store_setting *common; /* what a common file sees of the phone's settings */
    size_t common_count;
    const char *public_url, *prefix;
    struct token token;
    bool withhold_secrets, bootstrap; /* "variant" */
};

/* call: with body and arena. Refused is what the API refuses; what the vendor's files cannot carry
 * is left to the rendering.
 * Errors: AP_ENOMEM; others with call->problem. */
AP_MUSTCHECK int render_input_read(struct api_call *call, const struct rendering *rendering,
                                   struct render_input *ret_input);

#endif
