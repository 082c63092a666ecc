// Text with a checksum, readable with any pager; a flipped bit is noticed. A small file is the text, a
// newline, and the line {"crc32c":"89abcdef"} over everything before it. A line that is a JSON
// object ends in that member, over the text before its comma.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/number.h"
#include "wire/crc32c.h"

namespace tandem::wire {

inline std::string hex_crc(uint32_t crc) {
  std::string text(8, '0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = "0123456789abcdef"[(crc >> (28 - 4 * i)) & 15];
  return text;
}

// Exactly what hex_crc gives, back.
inline std::optional<uint32_t> parse_hex_crc(std::string_view text) {
  const auto crc = parse_hex<uint32_t>(text);
  return crc && hex_crc(*crc) == text ? crc : std::nullopt;
}

inline std::string seal_text(std::string_view text) {
  std::string out(text);
  out += '\n';
  const uint32_t crc = crc32c(out);
  return out + "{\"crc32c\":\"" + hex_crc(crc) + "\"}\n";
}

// The text as it was sealed; nullopt where it is damaged.
inline std::optional<std::string_view> unseal_text(std::string_view sealed) {
  constexpr size_t kSealBytes = sizeof("{\"crc32c\":\"89abcdef\"}\n") - 1;
  if (sealed.size() < kSealBytes + 1) return std::nullopt;
  const std::string_view text = sealed.substr(0, sealed.size() - kSealBytes - 1);
  if (seal_text(text) != sealed) return std::nullopt;
  return text;
}

// The object whose text without its closing brace is `open`, with that checksum as its last member.
inline std::string with_crc(std::string open, uint32_t crc) {
  return std::move(open) + ",\"crc32c\":\"" + hex_crc(crc) + "\"}";
}

// REQUIRES: an object that has a member.
inline std::string seal_object(std::string object) {
  object.pop_back();
  const uint32_t crc = crc32c(object);
  return with_crc(std::move(object), crc);
}

enum class Seal { kNone, kRight, kWrong };

inline Seal seal_of(std::string_view object) {
  constexpr std::string_view kName = ",\"crc32c\":\"";
  constexpr size_t kSealBytes = kName.size() + sizeof("89abcdef\"}") - 1;
  if (object.size() < kSealBytes) return Seal::kNone;
  const std::string_view open = object.substr(0, object.size() - kSealBytes);
  if (!object.substr(open.size()).starts_with(kName)) return Seal::kNone;
  return with_crc(std::string(open), crc32c(open)) == object ? Seal::kRight : Seal::kWrong;
}

}  // namespace tandem::wire
