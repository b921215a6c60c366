// Files: arrays read from byte ranges, and safetensors written. Formats are read in TypeScript.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "handle.h"

using namespace easel;

namespace {

/// An open file; the descriptor closes with the last of its users.
class File {
 public:
  explicit File(const char* path) : descriptor_(::open(path, O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) throw std::runtime_error(std::string("[file] cannot be opened: ") + std::strerror(errno));
    struct stat status;
    if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(descriptor_);
      throw std::runtime_error("[file] is not a regular file");
    }
    size_ = status.st_size;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(descriptor_); }

  int64_t size() const { return size_; }

  void read(char* to, int64_t bytes, int64_t offset) const {
    while (bytes > 0) {
      const ssize_t got = ::pread(descriptor_, to, std::min<int64_t>(bytes, 1 << 30), offset);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw std::runtime_error(std::string("[file] cannot be read: ") + std::strerror(errno));
      if (got == 0) throw std::runtime_error("[file] ended while it was read");
      to += got, offset += got, bytes -= got;
    }
  }

 private:
  int descriptor_;
  int64_t size_ = 0;
};

struct Saver {
  std::unordered_map<std::string, array> arrays;
  std::unordered_map<std::string, std::string> notes;
};

File& file_at(easel_file* file) { return *reinterpret_cast<File*>(file); }
Saver& saver_at(easel_saver* saver) { return *reinterpret_cast<Saver*>(saver); }

}  // namespace

easel_file* easel_file_open(const char* path) {
  return guarded([&] { return reinterpret_cast<easel_file*>(new File(path)); });
}

int64_t easel_file_size(easel_file* file) { return file_at(file).size(); }

easel_array* easel_file_read(easel_file* file, int64_t offset, const int32_t* dims, int64_t n, int32_t dtype) {
  return make([&] {
    auto type = dtype_at(dtype);
    auto shape = shape_of(dims, n);
    int64_t bytes = mx::size_of(type), end;
    for (auto d : shape) {
      if (d < 0 || __builtin_mul_overflow(bytes, int64_t{d}, &bytes)) throw std::invalid_argument("[file] impossible shape");
    }
    if (offset < 0 || __builtin_add_overflow(offset, bytes, &end) || end > file_at(file).size()) {
      throw std::out_of_range("[file] the range lies outside the file");
    }
    auto data = mx::allocator::malloc(bytes);
    auto buffer = data.buffer();
    file_at(file).read(static_cast<char*>(buffer.raw_ptr()), bytes, offset);
    return array(std::move(data), std::move(shape), type);
  });
}

void easel_file_free(easel_file* file) { delete &file_at(file); }

easel_saver* easel_saver_new() {
  return guarded([] { return reinterpret_cast<easel_saver*>(new Saver); });
}

int32_t easel_saver_put(easel_saver* saver, const char* name, easel_array* a) {
  return guarded([&] { return saver_at(saver).arrays.insert_or_assign(name, at(a)), 1; });
}

int32_t easel_saver_note(easel_saver* saver, const char* key, const char* value) {
  return guarded([&] { return saver_at(saver).notes[key] = value, 1; });
}

int32_t easel_saver_write(easel_saver* saver, const char* path) {
  return guarded([&] { return mx::save_safetensors(path, saver_at(saver).arrays, saver_at(saver).notes), 1; });
}

void easel_saver_free(easel_saver* saver) { delete &saver_at(saver); }
