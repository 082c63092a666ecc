// Little-endian encoding into a std::string and bounds-checked decoding from a view of one.
//
// ByteReader never throws and never reads past the end: after the first short read ok() is false
// and every further read gives zero or an empty view, so a decoder checks once, at its end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tandem::wire {

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void u8(uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u16(uint16_t v) { raw(v); }
  void u32(uint32_t v) { raw(v); }
  void u64(uint64_t v) { raw(v); }
  void i64(int64_t v) { raw(v); }
  void bytes(std::string_view v) { out_.append(v); }
  // u32 length, then the bytes.
  void text(std::string_view v) {
    u32(static_cast<uint32_t>(v.size()));
    out_.append(v);
  }

 private:
  template <typename T>
  void raw(T v) {
    char buffer[sizeof(T)];
    std::memcpy(buffer, &v, sizeof(T));
    out_.append(buffer, sizeof(T));
  }
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}
  uint8_t u8() { return raw<uint8_t>(); }
  uint16_t u16() { return raw<uint16_t>(); }
  uint32_t u32() { return raw<uint32_t>(); }
  uint64_t u64() { return raw<uint64_t>(); }
  int64_t i64() { return raw<int64_t>(); }
  // A view into the input: it lives as long as the input does.
  std::string_view bytes(size_t size) {
    if (size > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const std::string_view view = in_.substr(0, size);
    in_.remove_prefix(size);
    return view;
  }
  std::string_view text() { return bytes(u32()); }
  std::string_view rest() const { return in_; }
  bool ok() const { return ok_; }
  // Everything was read and nothing was short.
  bool done() const { return ok_ && in_.empty(); }

 private:
  template <typename T>
  T raw() {
    const std::string_view view = bytes(sizeof(T));
    T v = 0;
    if (view.size() == sizeof(T)) std::memcpy(&v, view.data(), sizeof(T));
    return v;
  }
  std::string_view in_;
  bool ok_ = true;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "files and messages are little-endian; a big-endian port needs swaps here");

}  // namespace tandem::wire
