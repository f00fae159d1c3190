#define SEQWISE_NAMESPACE avx512
#define SEQWISE_VECTOR_BYTES 64
#include "engine.h"
