/* Private to src/app/: which vendor and model of the catalogue a phone that asked may be. */
#ifndef AUTOPROV_PNP_GUESS_H
#define AUTOPROV_PNP_GUESS_H

#include "autoprov/catalogue.h"

struct pnp_guess {
    const struct catalogue_vendor *vendor; /* NULL: nothing is known */
    const struct catalogue_model *model;   /* the same */
};

/* By the MAC's OUI first: phones call themselves by other names ("OEM", "VOIP PHONE"). vendor,
 * model: as its Event header says; "" : nothing. A hint for people, never a rule. */
struct pnp_guess pnp_guess(const struct catalogue *catalogue, const uint8_t mac[static AP_MAC_LEN],
                           const char *vendor, const char *model);

#endif
