/* A matrix of client certificates, good and bad, with the authorities and the revocation list that
 * belong to it: written as PEM files, for unit tests and, by certificate_tool, for system tests. */
#ifndef AUTOPROV_TESTS_CERTIFICATES_H
#define AUTOPROV_TESTS_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>

/* The phone, and another one. */
#define CERTIFICATES_MAC       "CC5EF641B794"
#define CERTIFICATES_OTHER_MAC "CC5EF6000001"

/* One client certificate: NAME.pem (with what it sends besides the leaf) and NAME.key. */
struct certificate_row {
    const char *name;
    /* The CN that a listener may go by, which trusts acme-ca.pem and bolt-ca.pem with acme.crl; ""
     * for one that names nobody; NULL: the certificate is as good as none. */
    const char *common_name;
    bool
        weak; /* the common name counts where SHA-1 and short keys do, else it is as good as none */
    bool bolt; /* signed by the other vendor's authority */
};
extern const struct certificate_row CERTIFICATES[];
extern const size_t CERTIFICATE_COUNT;

/* Write acme-ca.pem, acme-issuing-ca.pem, bolt-ca.pem, acme.crl, acme-ended.crl, stranger.crl and
 * all rows into folder, which is there. Aborts when something fails. */
void certificates_write(const char *folder);

#endif
