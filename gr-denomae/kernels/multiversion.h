/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One binary for every x86-64: hot functions are compiled for several and chosen at load time.
 * They are plain loops, which compilers turn into the vectors of any processor.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_MULTIVERSION_H
#define INCLUDED_DENOMAE_KERNELS_MULTIVERSION_H

// The loader chooses before a sanitizer's runtime is up, which crashes: not there.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                   \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&                   \
    !defined(DENOMAE_NO_MULTIVERSION)
#if __GNUC__ >= 12
#define DENOMAE_MULTIVERSION __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define DENOMAE_MULTIVERSION __attribute__((target_clones("avx2", "default")))
#endif
#else
#define DENOMAE_MULTIVERSION
#endif

// Only what is inlined into such a function is compiled with it.
#ifdef __GNUC__
#define DENOMAE_INLINE inline __attribute__((always_inline))
#else
#define DENOMAE_INLINE inline
#endif

#endif
