// Words for compiler attributes, so that no other file spells __attribute__.

#pragma once

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF(at, first) __attribute__((format(printf, at, first)))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define UNUSED            __attribute__((unused))
#define NO_RETURN         __attribute__((noreturn))
#define FALLTHROUGH       __attribute__((fallthrough))
#define COLD              __attribute__((cold))
#define VECTOR(bytes)     __attribute__((vector_size(bytes)))

#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

// The struct of type `type` whose member `member` is at `pointer`.
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)
