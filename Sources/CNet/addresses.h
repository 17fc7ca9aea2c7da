#ifndef CNET_ADDRESSES_H
#define CNET_ADDRESSES_H
#include "CNet.h"
#include <netinet/in.h>

union cnet_sockaddr {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/// Gives the length of what was written.
socklen_t cnet_to_sockaddr(const struct cnet_address *address, union cnet_sockaddr *out);
void cnet_from_sockaddr(const union cnet_sockaddr *address, struct cnet_address *out);
#endif
