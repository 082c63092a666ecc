#include "printable.h"

#include <cstdint>
#include <cwchar>

#include "wire/utf8.h"

namespace tandem::client {
namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: no UTF-8 here
};

Character character_at(std::string_view text, size_t at) {
  text.remove_prefix(at);
  const size_t bytes = wire::utf8_length(text);
  if (bytes == 0) return {};
  const auto lead = static_cast<unsigned char>(text[0]);
  if (bytes == 1) return {lead, 1};
  uint32_t code = lead & (0xFFu >> (bytes + 1));
  for (const char c : text.substr(1, bytes - 1)) {
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  }
  return {code, bytes};
}

void append_hex_digits(std::string& out, uint32_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += kDigits[byte >> 4 & 15];
  out += kDigits[byte & 15];
}

void append_hex(std::string& out, uint32_t byte) {
  out += "\\x";
  append_hex_digits(out, byte);
}

// Also the marks that turn the direction of the text around them.
bool drives_the_terminal(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

// With a backslash doubled it can be turned back.
std::string shown(std::string_view text, bool reversible) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    const size_t bytes = c.bytes == 0 ? 1 : c.bytes;
    if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '\t') {
      out += "\\t";
    } else if (c.code == '\r') {
      out += "\\r";
    } else if (c.code == '\\' && reversible) {
      out += "\\\\";
    } else if (c.bytes == 0 || drives_the_terminal(c.code)) {
      for (size_t i = 0; i < bytes; ++i) append_hex(out, static_cast<unsigned char>(text[at + i]));
    } else {
      out += text.substr(at, bytes);
    }
    at += bytes;
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return shown(text, false); }

std::string tsv_escaped(std::string_view text) { return shown(text, true); }

std::string printable_json(std::string_view json) {
  std::string out;
  for (size_t at = 0; at < json.size();) {
    const Character c = character_at(json, at);
    const size_t bytes = c.bytes == 0 ? 1 : c.bytes;
    if (c.bytes == 0) {
      out += "\\ufffd";
    } else if (c.code != '\n' && c.code != '\t' && drives_the_terminal(c.code)) {
      out += "\\u";
      append_hex_digits(out, c.code >> 8);
      append_hex_digits(out, c.code);
    } else {
      out += json.substr(at, bytes);
    }
    at += bytes;
  }
  return out;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    at += c.bytes == 0 ? 1 : c.bytes;
    // Without a UTF-8 locale wcwidth() knows ASCII alone.
    const int columns = c.code < 0x80 ? 1 : wcwidth(static_cast<wchar_t>(c.code));
    width += columns < 0 ? 1 : static_cast<size_t>(columns);
  }
  return width;
}

}  // namespace tandem::client
