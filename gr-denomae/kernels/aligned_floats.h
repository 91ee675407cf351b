/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Floats that begin with a cache line: a vector of them that does too crosses no line.
 */
#ifndef INCLUDED_DENOMAE_KERNELS_ALIGNED_FLOATS_H
#define INCLUDED_DENOMAE_KERNELS_ALIGNED_FLOATS_H

#include <cstddef>
#include <new>
#include <vector>

namespace gr {
namespace denomae {
namespace kernel {

template <typename T>
struct line_allocator {
    using value_type = T;
    static constexpr std::align_val_t line{ 64 };

    line_allocator() = default;
    template <typename U>
    line_allocator(const line_allocator<U>&)
    {
    }
    T* allocate(std::size_t count)
    {
        return static_cast<T*>(::operator new(count * sizeof(T), line));
    }
    void deallocate(T* memory, std::size_t) { ::operator delete(memory, line); }
    bool operator==(const line_allocator&) const { return true; }
    bool operator!=(const line_allocator&) const { return false; }
};

using aligned_floats = std::vector<float, line_allocator<float>>;

} // namespace kernel
} // namespace denomae
} // namespace gr

#endif
