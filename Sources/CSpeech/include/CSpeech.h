#ifndef CSPEECH_H
#define CSPEECH_H

#include <opencore-amrwb/dec_if.h>
#include <opus/opus.h>
#include <vo-amrwbenc/enc_if.h>

// Controls of libopus are variadic, which Swift cannot call.
int cspeech_opus_set_bit_rate(OpusEncoder *encoder, opus_int32 bitsPerSecond);

#endif
