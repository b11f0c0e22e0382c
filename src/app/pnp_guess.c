/* From what a phone says of itself to the catalogue's names. Must not know what is made of it. */
#include "pnp_guess.h"

#include <string.h>

#include "autoprov/array.h"
#include "autoprov/text.h"

/* Behind prefix and what separates it from the rest; NULL: text does not begin with it. */
static const char *behind(const char *text, const char *prefix)
{
    size_t len = prefix ? strlen(prefix) : 0;

    if (len == 0 || strlen(text) <= len || !text_equal_nocase(text, len, prefix, len))
        return NULL;
    text += len;
    return text + strspn(text, " -_");
}

/* "T53W", "SIP-T53W", "snom370". */
static const struct catalogue_model *model_of(const struct catalogue_vendor *vendor,
                                              const char *text)
{
    const char *const prefixes[] = {vendor->title, vendor->name, vendor->pnp_vendor, "SIP"};
    const struct catalogue_model *model = catalogue_model(vendor, text);

    for (size_t i = 0; !model && i < AP_COUNT(prefixes); i++) {
        const char *rest = behind(text, prefixes[i]);
        model = rest ? catalogue_model(vendor, rest) : NULL;
    }
    return model;
}

static bool calls_itself(const struct catalogue_vendor *vendor, const char *text)
{
    const char *const names[] = {vendor->pnp_vendor, vendor->title, vendor->name};

    for (size_t i = 0; text[0] && i < AP_COUNT(names); i++) {
        if (names[i] && text_equal_nocase(names[i], strlen(names[i]), text, strlen(text)))
            return true;
    }
    return false;
}

/* The only vendor that phones call so; of several the only one with the model. */
static const struct catalogue_vendor *vendor_called(const struct catalogue *catalogue,
                                                    const char *text, const char *model)
{
    const struct catalogue_vendor *vendor, *called = NULL, *with_model = NULL;
    size_t count = 0, model_count = 0;

    for (size_t i = 0; (vendor = catalogue_vendor_at(catalogue, i)); i++) {
        if (!calls_itself(vendor, text))
            continue;
        called = vendor;
        count++;
        if (!model_of(vendor, model))
            continue;
        with_model = vendor;
        model_count++;
    }
    if (count == 1)
        return called;
    return model_count == 1 ? with_model : NULL;
}

struct pnp_guess pnp_guess(const struct catalogue *catalogue, const uint8_t mac[static AP_MAC_LEN],
                           const char *vendor, const char *model)
{
    struct pnp_guess guess = {.vendor = catalogue_vendor_of_mac(catalogue, mac)};

    if (!guess.vendor)
        guess.vendor = vendor_called(catalogue, vendor, model);
    if (guess.vendor)
        guess.model = model_of(guess.vendor, model);
    return guess;
}
