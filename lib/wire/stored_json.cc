#include "wire/stored_json.h"

#include <cstdint>

#include "base/number.h"
#include "wire/utf8.h"

namespace tandem::wire {
namespace {

// A byte b that is no UTF-8 goes through the parser as the character U+10FF00 + b. The bytes of
// such characters that stand in the text go the same way, so that what comes back is exact.
constexpr std::string_view kLead = "\xf4\x8f";  // U+10FFxx is F4 8F, then BC..BF and 80..BF

bool is_escape(std::string_view character) {
  return character.size() == 4 && character.starts_with(kLead) &&
         static_cast<uint8_t>(character[2]) >= 0xBC;
}

std::string escaped(std::string_view row) {
  std::string out;
  while (!row.empty()) {
    const size_t length = utf8_length(row);
    const std::string_view character = row.substr(0, length);
    if (length != 0 && !is_escape(character)) {
      out += character;
      row.remove_prefix(length);
      continue;
    }
    const auto byte = static_cast<uint8_t>(row.front());
    out += kLead;
    out += static_cast<char>(0xBC + (byte >> 6));
    out += static_cast<char>(0x80 + (byte & 0x3F));
    row.remove_prefix(1);
  }
  return out;
}

std::string unescaped_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, utf8_length(text));
    if (is_escape(character)) {
      const auto high = static_cast<uint8_t>(character[2] - '\xBC');
      out += static_cast<char>(high << 6 | (static_cast<uint8_t>(character[3]) & 0x3F));
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  return out;
}

Json unescaped(const Json& json) {
  if (const std::string* text = json.as_string()) return Json(unescaped_text(*text));
  if (const Json::Array* array = json.as_array()) {
    Json::Array items;
    for (const Json& item : *array) items.push_back(unescaped(item));
    return Json(std::move(items));
  }
  if (const Json::Object* object = json.as_object()) {
    Json::Object members;
    for (const auto& [name, value] : *object) {
      members.emplace_back(unescaped_text(name), unescaped(value));
    }
    return Json(std::move(members));
  }
  return json;
}

std::string hex_name(std::string_view name) { return std::string(name) + "_hex"; }

}  // namespace

Result<Json> parse_stored_json(std::string_view row) {
  auto json = parse_json(row, kMaxStoredJsonBytes);
  if (json || is_utf8(row)) return json;
  auto with_bytes = parse_json(escaped(row), kMaxStoredJsonBytes);
  if (!with_bytes) return with_bytes;
  return unescaped(*with_bytes);
}

void set_stored_text(Json& object, std::string_view name, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (is_utf8(text)) {
    object.set(name, text);
    return;
  }
  std::string hex;
  for (const char c : text) {
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 15];
  }
  object.set(hex_name(name), std::move(hex));
}

std::optional<std::string> stored_text(const Json& object, std::string_view name) {
  if (const Json* plain = object.find(name)) {
    const std::string* text = plain->as_string();
    return text == nullptr ? std::nullopt : std::optional(*text);
  }
  const Json* member = object.find(hex_name(name));
  const std::string* hex = member == nullptr ? nullptr : member->as_string();
  if (hex == nullptr || hex->size() % 2 != 0) return std::nullopt;
  std::string text;
  for (size_t i = 0; i < hex->size(); i += 2) {
    const auto byte = parse_hex<uint8_t>(std::string_view(*hex).substr(i, 2));
    if (!byte) return std::nullopt;
    text += static_cast<char>(*byte);
  }
  return text;
}

}  // namespace tandem::wire
