/* What the clients of the benchmarks share. Loopback only. */
#ifndef AUTOPROV_BENCH_CLIENT_H
#define AUTOPROV_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

/* Seconds since an unknown start. */
double bench_now(void);

/* Takes any certificate: it is measured, not trusted. Aborts without memory. */
SSL_CTX *bench_context(void);

/* PROXY, version 2, TCP over IPv4, from 10.0.0.0 + source. */
#define BENCH_HEADER_BYTES 28
void bench_proxy_header(uint8_t header[static BENCH_HEADER_BYTES], uint32_t source);

/* A TCP connection to 127.0.0.1 from any address of loopback (0: the kernel's choice), or -1. */
int bench_connect(unsigned short port, uint32_t from);

/* The same, non-blocking: it may still be under way. */
int bench_connect_later(unsigned short port, uint32_t from);

/* One version of TLS ("tls1.2", "tls1.3") with one cipher. False: OpenSSL does not know them. */
bool bench_choose(SSL_CTX *context, const char *version, const char *cipher);

/* Connect, send header unless it is NULL; SSL_do_handshake() is next. Non-blocking. NULL: it did
 * not work. */
SSL *bench_dial(SSL_CTX *context, unsigned short port, const uint8_t *header);
void bench_hang_up(SSL *ssl);

/* -1: nothing to close. */
void bench_close(int fd);

/* answer: NUL-terminated; true when it is as long as its Content-Length says. */
bool bench_is_whole(const char *answer, size_t len);

/* \r, \n, \xNN and \\ undone. out: as long as text. Returns the length. */
size_t bench_unescape(const char *text, char *out);

#endif
