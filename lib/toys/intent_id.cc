#include "toys/intent_id.h"

#include <algorithm>
#include <optional>

#include "base/number.h"

namespace tandem::toys {
namespace {

constexpr size_t kMaxQuoted = 64;

std::optional<uint64_t> number_of(std::string_view text) {
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  return parse_number<uint64_t>(text);
}

}  // namespace

std::string to_text(const IntentId& id) {
  return std::to_string(id.epoch) + '-' + std::to_string(id.index);
}

Result<IntentId> parse_intent_id(std::string_view text) {
  const size_t dash = std::min(text.find('-'), text.size());
  const auto epoch = number_of(text.substr(0, dash));
  const auto index = number_of(text.substr(std::min(dash + 1, text.size())));
  if (epoch && index) return IntentId{*epoch, *index};
  return fail(ErrorKind::kBadInput,
              (text.size() > kMaxQuoted ? "a longer text" : "'" + std::string(text) + "'") +
                  " is not an intent (EPOCH-INDEX)");
}

}  // namespace tandem::toys
