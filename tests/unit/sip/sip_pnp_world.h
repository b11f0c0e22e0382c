/* A PnP machine over a world, with what was asked and told last. */
#ifndef AUTOPROV_TESTS_SIP_PNP_WORLD_H
#define AUTOPROV_TESTS_SIP_PNP_WORLD_H

#include "autoprov/sip_pnp.h"
#include "sip_world.h"

#define URL "https://pbx.example/provision/0f1e2d3c/"

extern struct world world;
extern struct sip_pnp *pnp;

struct asked_last {
    size_t count;
    struct sip_pnp_request request; /* its texts are gone: these stay */
    char vendor[64], model[64], agent[128], contact[128];
    bool serve_at_once;
};
extern struct asked_last asked_last;

struct told_last {
    size_t count;
    uint8_t mac[AP_MAC_LEN];
    enum sip_outcome outcome;
    int status;
};
extern struct told_last told_last;

int pnp_open(void **state);
/* The machine anew, with a bound for the questions of all sources. */
void pnp_open_bounded(uint32_t questions_per_s, uint32_t questions_at_once);
int pnp_close(void **state);

/* On interface 3. */
void pnp_receive(const char *text, const char *address, uint16_t port);
/* What was asked last. */
int pnp_serve(enum sip_pnp_form form);
struct sip_pnp_stats pnp_stats(void);

#endif
