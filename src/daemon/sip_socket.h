/* UDP sockets for SIP, on the control loop: one for each interface that listens to the multicast
 * group, one for IPv4 and one for IPv6 that everything is sent by and answers come to. Knows no
 * messages.
 *
 * A socket of the group is bound to 224.0.1.75 itself, so that it works beside a PBX on the same
 * port, and hears its own interface alone; it never sends, since what it sends would come from the
 * group's address. */
#ifndef AUTOPROV_SIP_SOCKET_H
#define AUTOPROV_SIP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "autoprov/config.h"
#include "autoprov/err.h"
#include "autoprov/sip_notifier.h"

/* IANA: sip.mcast.net. */
#define SIP_SOCKET_GROUP "224.0.1.75"

struct sip_socket;

/* One that came. Everything is borrowed for the call. */
struct sip_datagram {
    const char *bytes;
    size_t len; /* at most AP_SIP_DATAGRAM_MAX_BYTES; may be 0 */
    struct sip_endpoint from;
    bool is_multicast;
    unsigned interface;         /* index that it came in by; 0: not known (unicast) */
    const char *interface_name; /* "" : not known */
};
typedef void (*sip_socket_fn)(void *data, const struct sip_datagram *datagram);

/* Open all of them; those of the group unless pnp is off. To be called before root's rights and the
 * freedom to ask for interfaces go. *ret_sip: close with sip_socket_close().
 * Errors, each with a line: AP_EBUSY somebody has the port; AP_EPERM; AP_EINVAL no socket of the
 * Internet may be made here; AP_EIO an interface is not there; AP_ENOMEM. */
AP_MUSTCHECK int sip_socket_open(const struct config *config, struct sip_socket **ret_sip,
                                 struct ap_error *error);

/* Hand to received what comes, AP_SIP_BATCH_MAX datagrams of a socket at most before the loop looks
 * after others; it may send, and must not close. Once. Errors: AP_EIO, AP_ENOMEM; close it then. */
AP_MUSTCHECK int sip_socket_start(struct sip_socket *sip, uv_loop_t *loop, sip_socket_fn received,
                                  void *data);

/* No more is received. Once started it is gone when the loop has run to its end. NULL is fine. */
void sip_socket_close(struct sip_socket *sip);

/* As struct sip_notifier_setup wants both. False: it could not be sent. */
bool sip_socket_send(struct sip_socket *sip, const struct sip_endpoint *to, const char *bytes,
                     size_t len);

/* "192.168.1.10:49152", "[2001:db8::7]:49152": our address as the target sees it, as the kernel's
 * route has it: a throw-away socket is connected to the target and asked. Kept for a minute for the
 * target's network (network_around()). False: there is no route, or no room. */
bool sip_socket_local(struct sip_socket *sip, const struct sip_endpoint *to, char *ret_text,
                      size_t room);

/* Join the group again where an interface has gone and come back, which ends a membership; renewed
 * is called for each. Every few seconds. NULL is fine. */
void sip_socket_renew(struct sip_socket *sip, void (*renewed)(void *data, const char *interface),
                      void *data);

/* Since the start. */
struct sip_socket_stats {
    uint64_t received;  /* handed on */
    uint64_t too_long;  /* dropped: more than AP_SIP_DATAGRAM_MAX_BYTES */
    uint64_t misplaced; /* dropped: came in by another interface than its socket's */
    uint64_t sent, unsent;
};
/* sip NULL: all zero. */
void sip_socket_stats(const struct sip_socket *sip, struct sip_socket_stats *ret_stats);

#endif
