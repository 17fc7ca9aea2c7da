// The reference: a plain loop that receives and sends as a C programmer would write it, and a sink for what arrives.
#ifndef CFANOUT_H
#define CFANOUT_H
#include <stdint.h>

/// Lets the process open as many descriptors as the system grants it. Gives the number.
uint64_t fanout_raise_descriptor_limit(void);

/// Binds the calling thread, and those it starts from now on, to the first processor it may use (`alone`) or to all the
/// others. Nothing happens where there is only one.
void fanout_place(int alone);

/// Listeners on ports of their own at 127.0.0.1, read and forgotten by one thread.
struct fanout_sink;
struct fanout_sink *fanout_sink_start(uint32_t listeners);
uint16_t fanout_sink_port(const struct fanout_sink *sink, uint32_t listener);
uint64_t fanout_sink_received(struct fanout_sink *sink);
void fanout_sink_stop(struct fanout_sink *sink);

/// A thread that sends whatever arrives at one port to all listeners of a sink, by recvmmsg and sendmmsg with headers
/// that were prepared once.
struct fanout_plain;
struct fanout_plain *fanout_plain_start(const struct fanout_sink *sink, uint32_t listeners);
uint16_t fanout_plain_port(const struct fanout_plain *plain);
/// Stops the thread. Gives the processor time it used, nanoseconds, and the copies it sent.
int64_t fanout_plain_stop(struct fanout_plain *plain, uint64_t *copies);
#endif
