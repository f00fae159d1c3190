#define SEQWISE_NAMESPACE portable
#define SEQWISE_VECTOR_BYTES 16
#include "engine.h"
