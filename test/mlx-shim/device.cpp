// Plays machines with and without a working GPU, and prints what is chosen or thrown.
#include "../../mlx-shim/device.h"

#include <cstdio>
#include <cstring>

using namespace easel;

namespace {

const char* names[] = {"best", "cpu", "gpu"};

template <class Choose>
void show(const char* machine, Choose&& choose) {
  for (int wanted = best_kind; wanted <= gpu_kind; wanted++) {
    std::string found;
    try {
      found = names[choose(wanted)];
    } catch (const std::exception& e) { found = e.what(); }
    std::printf("%s, %s: %s\n", machine, names[wanted], found.c_str());
  }
}

}  // namespace

int main() {
  show("Metal works", [](int wanted) { return device_with_metal(wanted, [] {}); });
  show("Metal throws",
       [](int wanted) { return device_with_metal(wanted, [] { throw std::runtime_error("Failed to load the default metallib"); }); });
  show("a GPU", [](int wanted) { return device_without_metal(wanted, [] { return true; }); });
  show("none", [](int wanted) { return device_without_metal(wanted, [] { return false; }); });
}
