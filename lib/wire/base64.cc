#include "wire/base64.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tandem::wire {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNone = 64;
constexpr size_t kBytes = 3;  // of a group
constexpr size_t kChars = 4;

constexpr std::array<uint8_t, 256> make_values() {
  std::array<uint8_t, 256> values{};
  for (uint8_t& value : values) value = kNone;
  for (size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<uint8_t>(kDigits[i])] = static_cast<uint8_t>(i);
  }
  return values;
}
constexpr std::array<uint8_t, 256> kValues = make_values();

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + kBytes - 1) / kBytes * kChars);
  for (size_t at = 0; at < bytes.size(); at += kBytes) {
    const size_t count = std::min(kBytes, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < kBytes; ++i) {
      group = group << 8U | (i < count ? static_cast<uint8_t>(bytes[at + i]) : 0U);
    }
    for (size_t i = 0; i < kChars; ++i) {
      text += i <= count ? kDigits[group >> (18 - 6 * i) & 63U] : '=';
    }
  }
  return text;
}

Result<std::string> decode_base64(std::string_view text) {
  const auto bad = [] { return fail(ErrorKind::kBadInput, "not base64"); };
  if (text.size() % kChars != 0) return bad();
  std::string bytes;
  bytes.reserve(text.size() / kChars * kBytes);
  for (size_t at = 0; at < text.size(); at += kChars) {
    std::string_view group = text.substr(at, kChars);
    if (at + kChars == text.size()) {
      while (group.size() > 2 && group.back() == '=') group.remove_suffix(1);
    }
    uint32_t value = 0;
    for (size_t i = 0; i < kChars; ++i) {
      const uint8_t digit = i < group.size() ? kValues[static_cast<uint8_t>(group[i])] : 0;
      if (digit == kNone) return bad();
      value = value << 6U | digit;
    }
    const size_t count = group.size() - 1;
    for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(value >> (16 - 8 * i) & 255U);
    if ((value & ((1U << (8 * (kBytes - count))) - 1)) != 0) return bad();  // bits that are no byte
  }
  return bytes;
}

}  // namespace tandem::wire
