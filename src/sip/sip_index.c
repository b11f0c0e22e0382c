/* Chains by hash, as many as were asked for, and never more. */
#include <stdlib.h>

#include "sip_machine.h"

int sip_index_init(struct sip_index *index, size_t max)
{
    size_t places = 16;

    while (places < max && places <= SIZE_MAX / 2)
        places *= 2;
    struct sip_link **firsts = calloc(places, sizeof(struct sip_link *));
    if (!firsts)
        return AP_ENOMEM;
    *index = (struct sip_index){.firsts = firsts, .mask = places - 1};
    return 0;
}

void sip_index_done(struct sip_index *index)
{
    free(index->firsts);
    *index = (struct sip_index){0};
}

void sip_index_add(struct sip_index *index, uint64_t hash, struct sip_link *link, void *owner)
{
    struct sip_link **first = &index->firsts[(size_t)hash & index->mask];

    *link = (struct sip_link){.next = *first, .back = first, .owner = owner};
    if (link->next)
        link->next->back = &link->next;
    *first = link;
}

void sip_index_remove(struct sip_link *link)
{
    if (!link->back)
        return;
    *link->back = link->next;
    if (link->next)
        link->next->back = link->back;
    *link = (struct sip_link){0};
}

struct sip_link *sip_index_first(const struct sip_index *index, uint64_t hash)
{
    return index->firsts[(size_t)hash & index->mask];
}
