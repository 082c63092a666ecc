// What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput: it feeds the bytes
// to a reader of tandem and CHECKs what must hold for any bytes. Inputs that are of interest are in
// corpus/<target>/: seeds made by seeds.cc, and every input that once failed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"

// Called by libFuzzer, which declares it nowhere.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tandem::fuzz {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return size == 0 ? std::string_view()
                   : std::string_view(reinterpret_cast<const char*>(data), size);
}

// Takes numbers and bytes off the front of an input; where it has no more they are 0 and empty.
class Choices {
 public:
  explicit Choices(std::string_view input) : left_(input) {}
  bool empty() const { return left_.empty(); }
  std::string_view bytes(size_t size) {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }
  uint8_t u8() { return number<uint8_t>(); }
  uint16_t u16() { return number<uint16_t>(); }
  uint32_t u32() { return number<uint32_t>(); }
  uint64_t u64() { return number<uint64_t>(); }
  // Below `limit`; 0 where that is 0.
  size_t below(size_t limit) { return limit == 0 ? 0 : u16() % limit; }

 private:
  template <typename T>
  T number() {
    T value = 0;
    const std::string_view taken = bytes(sizeof value);
    std::copy(taken.begin(), taken.end(), reinterpret_cast<char*>(&value));
    return value;
  }
  std::string_view left_;
};

// Splits at each newline and calls each(line), without it.
template <typename Each>
void each_line(std::string_view text, Each&& each) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    each(line);
  }
}

}  // namespace tandem::fuzz
