// Vectors of Real, as wide as the target's registers. Everything in a target's headers lives in
// a namespace of its own (SEQWISE_NAMESPACE), so that code compiled for one CPU is never linked
// into the code of another.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define SEQWISE_INLINE inline __attribute__((always_inline))

namespace seqwise::SEQWISE_NAMESPACE {

using Index = std::int64_t;

template <class Real>
struct VectorType {
  typedef Real type __attribute__((vector_size(SEQWISE_VECTOR_BYTES)));
};
template <class Real>
using Vec = typename VectorType<Real>::type;

template <class Real>
constexpr int kLanes = SEQWISE_VECTOR_BYTES / static_cast<int>(sizeof(Real));

template <class Real>
SEQWISE_INLINE Vec<Real> load(const Real* from) {
  Vec<Real> v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class Real>
SEQWISE_INLINE void store(Real* to, Vec<Real> v) {
  std::memcpy(to, &v, sizeof v);
}

// A store of whole, aligned cache lines that does not read them first, where the target has one;
// for arrays too large to be still in cache when they are read again. Ends with finish_streaming().
constexpr bool kCanStream = SEQWISE_VECTOR_BYTES == 64;

template <class Real>
SEQWISE_INLINE void store_streaming(Real* to, Vec<Real> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Real) == 4) return _mm512_stream_ps(to, __m512(v));
  if constexpr (sizeof(Real) == 8) return _mm512_stream_pd(to, __m512d(v));
#endif
  store(to, v);
}

SEQWISE_INLINE void finish_streaming() {
#if defined(__AVX512F__)
  _mm_sfence();
#endif
}

template <class Real>
SEQWISE_INLINE Vec<Real> broadcast(Real value) {
  return value - Vec<Real>{};
}

// The first `count` lanes from memory, zeros in the others.
template <class Real>
SEQWISE_INLINE Vec<Real> load_part(const Real* from, Index count) {
  if (count >= kLanes<Real>) return load(from);
  Vec<Real> v{};
  for (Index k = 0; k < count; ++k) v[k] = from[k];
  return v;
}

template <class Real>
SEQWISE_INLINE void store_part(Real* to, Vec<Real> v, Index count) {
  if (count >= kLanes<Real>) return store(to, v);
  for (Index k = 0; k < count; ++k) to[k] = v[k];
}

// Where v is NaN, so is the result. Spelled out for x86, where compilers make two instructions
// of the general form.
template <class V>
SEQWISE_INLINE V at_least(V v, V bound) {
#if defined(__AVX512F__)
  if constexpr (sizeof(v[0]) == 4) return V(_mm512_max_ps(__m512(bound), __m512(v)));
  if constexpr (sizeof(v[0]) == 8) return V(_mm512_max_pd(__m512d(bound), __m512d(v)));
#elif defined(__AVX2__) && SEQWISE_VECTOR_BYTES == 32
  if constexpr (sizeof(v[0]) == 4) return V(_mm256_max_ps(__m256(bound), __m256(v)));
  if constexpr (sizeof(v[0]) == 8) return V(_mm256_max_pd(__m256d(bound), __m256d(v)));
#elif defined(__SSE2__) && SEQWISE_VECTOR_BYTES == 16
  if constexpr (sizeof(v[0]) == 4) return V(_mm_max_ps(__m128(bound), __m128(v)));
  if constexpr (sizeof(v[0]) == 8) return V(_mm_max_pd(__m128d(bound), __m128d(v)));
#endif
  return bound > v ? bound : v;
}
template <class V>
SEQWISE_INLINE V at_most(V v, V bound) {
#if defined(__AVX512F__)
  if constexpr (sizeof(v[0]) == 4) return V(_mm512_min_ps(__m512(bound), __m512(v)));
  if constexpr (sizeof(v[0]) == 8) return V(_mm512_min_pd(__m512d(bound), __m512d(v)));
#elif defined(__AVX2__) && SEQWISE_VECTOR_BYTES == 32
  if constexpr (sizeof(v[0]) == 4) return V(_mm256_min_ps(__m256(bound), __m256(v)));
  if constexpr (sizeof(v[0]) == 8) return V(_mm256_min_pd(__m256d(bound), __m256d(v)));
#elif defined(__SSE2__) && SEQWISE_VECTOR_BYTES == 16
  if constexpr (sizeof(v[0]) == 4) return V(_mm_min_ps(__m128(bound), __m128(v)));
  if constexpr (sizeof(v[0]) == 8) return V(_mm_min_pd(__m128d(bound), __m128d(v)));
#endif
  return bound < v ? bound : v;
}

SEQWISE_INLINE constexpr Index smaller(Index a, Index b) { return a < b ? a : b; }
SEQWISE_INLINE constexpr Index larger(Index a, Index b) { return a > b ? a : b; }

}  // namespace seqwise::SEQWISE_NAMESPACE
