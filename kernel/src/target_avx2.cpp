#define SEQWISE_NAMESPACE avx2
#define SEQWISE_VECTOR_BYTES 32
#include "engine.h"
