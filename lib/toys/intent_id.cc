#include "toys/intent_id.h"

#include <charconv>

namespace tandem::toys {
namespace {

constexpr size_t kMaxQuoted = 64;

bool read_number(std::string_view text, uint64_t& number) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string to_text(const IntentId& id) {
  return std::to_string(id.epoch) + '-' + std::to_string(id.index);
}

Result<IntentId> parse_intent_id(std::string_view text) {
  IntentId id;
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos && read_number(text.substr(0, dash), id.epoch) &&
      read_number(text.substr(dash + 1), id.index)) {
    return id;
  }
  return fail(ErrorKind::kBadInput,
              (text.size() > kMaxQuoted ? "a longer text" : "'" + std::string(text) + "'") +
                  " is not an intent (EPOCH-INDEX)");
}

}  // namespace tandem::toys
