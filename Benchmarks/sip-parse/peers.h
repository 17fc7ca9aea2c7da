#ifndef EUCCS_BENCHMARK_PEERS_H
#define EUCCS_BENCHMARK_PEERS_H

#include <stddef.h>

/// Parse the message `count` times and read what a server needs of it. Return nanoseconds a message, negative where the
/// parser refused it.
double benchmark_osip(const char *message, size_t length, int count);
double benchmark_sofia(const char *message, size_t length, int count);

#endif
