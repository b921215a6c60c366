// MLX's allocator on Linux. MLX's own one uses malloc for each array: values then begin 24 bytes behind a page, so every 64-byte vector
// crosses a cache line, and each large array is fresh memory that the system clears page by page. Here values begin at a multiple of 64,
// and the pages of large arrays are reused for arrays of any size.
//
// libmlx calls these functions through its symbol table, and the loader searches the opened library (this one) first, as in blas.cpp.
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

#include "mlx/allocator.h"
#include "mlx/memory.h"

namespace {

using mlx::core::allocator::Allocator;
using mlx::core::allocator::Buffer;

constexpr size_t huge_page = size_t{2} << 20;
/// Arrays of at least this size are mapped by themselves and cached. For smaller ones, malloc is as good.
#ifdef __SANITIZE_ADDRESS__
constexpr size_t large = SIZE_MAX;  // caching would hide a use after free
#else
constexpr size_t large = size_t{64} << 10;
#endif

/// Slack: without it, nothing could be cached at peak use.
constexpr size_t slack = size_t{16} << 20;

/// Header before the values. MLX finds the values 8 bytes behind the pointer of a Buffer.
struct alignas(64) Header {
  /// Requested bytes, and bytes of the whole block; 0 for malloc's.
  size_t size, mapped;
};
static_assert(sizeof(Header) == 64);

Header* header_of(Buffer buffer) { return reinterpret_cast<Header*>(static_cast<char*>(buffer.ptr()) + 8) - 1; }

size_t up_to(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/// Maps new memory. A large block is aligned to huge pages and uses them wherever it fills one.
void* map(size_t bytes) {
  const size_t room = bytes < huge_page ? bytes : bytes + huge_page;
  void* mapped = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  if (room == bytes) return mapped;
  auto* start = static_cast<char*>(mapped);
  auto* block = reinterpret_cast<char*>(up_to(reinterpret_cast<size_t>(start), huge_page));
  if (block > start) munmap(start, block - start);
  if (block + bytes < start + room) munmap(block + bytes, start + room - block - bytes);
  madvise(block, bytes, MADV_HUGEPAGE);  // without huge pages, normal pages serve
  return block;
}

class Memory final : public Allocator {
 public:
  Buffer malloc(size_t size) override {
    const size_t wanted = up_to(size + sizeof(Header), size + sizeof(Header) < large ? sizeof(Header) : page);
    Header* header;
    if (wanted < large) {
      header = static_cast<Header*>(std::aligned_alloc(sizeof(Header), wanted));
      if (!header) throw std::bad_alloc();
      std::lock_guard lock(mutex);
      header->mapped = 0;
      count(size, 0);
    } else {
      header = take(size, wanted);
    }
    header->size = size;
    return Buffer(reinterpret_cast<char*>(header + 1) - 8);
  }

  void free(Buffer buffer) override {
    if (!buffer.ptr()) return;
    auto* header = header_of(buffer);
    std::lock_guard lock(mutex);
    active -= header->size;
    if (!header->mapped) return std::free(header);
    kept.emplace(header->mapped, Kept{header, ++freed});
    cached += header->mapped;
    shrink();
  }

  size_t size(Buffer buffer) const override { return buffer.ptr() ? header_of(buffer)->size : 0; }

  size_t in_use() { return std::lock_guard(mutex), active; }
  size_t most() { return std::lock_guard(mutex), peak; }
  size_t in_cache() { return std::lock_guard(mutex), cached; }
  void forget_most() {
    std::lock_guard lock(mutex);
    peak = active;
  }
  size_t limit_cache(size_t bytes) {
    std::lock_guard lock(mutex);
    const size_t before = limit;
    limit = bytes;
    shrink();
    return before;
  }
  void clear() {
    std::lock_guard lock(mutex);
    highest = active;
    while (!kept.empty()) drop(kept.begin());
  }

 private:
  struct Kept {
    void* block;
    size_t when;
  };
  /// 4096 bytes on most systems, 65536 on some of arm64.
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::mutex mutex;
  std::multimap<size_t, Kept> kept;
  size_t active = 0, peak = 0, cached = 0, freed = 0, limit = size_t{1} << 52;
  /// Peak of active bytes since the cache was cleared. The cache makes the process larger than that by `slack` at most.
  size_t highest = 0;

  void count(size_t size, size_t from_cache) {
    active += size;
    cached -= from_cache;
    peak = std::max(peak, active);
    highest = std::max(highest, active);
    shrink();
  }

  /// A cached block of about the right size, or a new one that takes over the pages of cached ones.
  Header* take(size_t size, size_t wanted) {
    std::lock_guard lock(mutex);
    const size_t most = wanted + wanted / (wanted < huge_page ? 2 : 8);
    if (auto found = kept.lower_bound(wanted); found != kept.end() && found->first <= most) {
      auto* header = static_cast<Header*>(found->second.block);
      const size_t mapped = header->mapped = found->first;
      kept.erase(found);
      count(size, mapped);
      return header;
    }
    // Its pages are resident, so the rest of its last huge page may be too.
    const size_t whole = up_to(wanted, huge_page), mapped = whole <= most && movable() >= whole ? whole : wanted;
    auto* header = static_cast<Header*>(fresh(mapped));
    move_pages(reinterpret_cast<char*>(header), mapped);
    // The cache shrinks to make room for new memory.
    count(size, 0);
    header->mapped = mapped;
    return header;
  }

  /// New memory; if the system has none left, the whole cache is freed for it.
  void* fresh(size_t bytes) {
    try {
      return map(bytes);
    } catch (const std::bad_alloc&) {
      if (kept.empty()) throw;
      while (!kept.empty()) drop(kept.begin());
      return map(bytes);
    }
  }

  /// Bytes of cached blocks in whole huge pages.
  size_t movable() const {
    size_t bytes = 0;
    for (const auto& [mapped, one] : kept) bytes += mapped / huge_page * huge_page;
    return bytes;
  }

  /// Moves huge pages of cached blocks, oldest first, into a new block: the system need not clear them.
  void move_pages(char* to, size_t bytes) {
    for (char* end = to + bytes / huge_page * huge_page; to < end;) {
      auto from = kept.end();
      for (auto it = kept.begin(); it != kept.end(); ++it)
        if (it->first >= huge_page && (from == kept.end() || it->second.when < from->second.when)) from = it;
      if (from == kept.end()) return;
      size_t left = from->first;
      const Kept one = from->second;
      auto* block = static_cast<char*>(one.block);
      bool gone = false;
      // One by one: Linux before 6.17 moves no range that spans several mappings.
      for (; left >= huge_page && to < end; to += huge_page, block += huge_page, left -= huge_page) {
        if (mremap(block, huge_page, huge_page, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) continue;
        // The old mapping may be gone.
        gone = mmap(to, huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
        break;
      }
      const bool stuck = to < end && left >= huge_page;
      cached -= from->first - left;
      kept.erase(from);
      if (left) kept.emplace(left, Kept{block, one.when});
      if (gone) throw std::bad_alloc();
      if (stuck) return;
    }
  }

  /// Frees the least recently cached blocks until the cache is within bounds.
  void shrink() {
    while (cached > 0 && (cached > limit || active + cached > highest + slack)) {
      auto oldest = kept.begin();
      for (auto it = kept.begin(); it != kept.end(); ++it)
        if (it->second.when < oldest->second.when) oldest = it;
      drop(oldest);
    }
  }

  void drop(std::multimap<size_t, Kept>::iterator one) {
    munmap(one->second.block, one->first);
    cached -= one->first;
    kept.erase(one);
  }
};

// Never destroyed: arrays may be freed after the statics are.
Memory& memory() {
  static Memory* only = new Memory;
  return *only;
}

}  // namespace

namespace mlx::core {

namespace allocator {
__attribute__((visibility("default"))) Allocator& allocator() { return memory(); }
}  // namespace allocator

__attribute__((visibility("default"))) size_t get_active_memory() { return memory().in_use(); }
__attribute__((visibility("default"))) size_t get_peak_memory() { return memory().most(); }
__attribute__((visibility("default"))) void reset_peak_memory() { memory().forget_most(); }
__attribute__((visibility("default"))) size_t get_cache_memory() { return memory().in_cache(); }
__attribute__((visibility("default"))) size_t set_cache_limit(size_t bytes) { return memory().limit_cache(bytes); }
__attribute__((visibility("default"))) void clear_cache() { memory().clear(); }

}  // namespace mlx::core
#endif
