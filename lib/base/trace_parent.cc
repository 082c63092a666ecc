#include "base/trace_parent.h"

#include <algorithm>

namespace tandem {
namespace {

constexpr size_t kVersion = 2;
constexpr size_t kTraceId = 32;
constexpr size_t kSpanId = 16;
constexpr size_t kFlags = 2;
constexpr size_t kAll = kVersion + 1 + kTraceId + 1 + kSpanId + 1 + kFlags;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

}  // namespace

std::string_view trace_id_in(std::string_view value) {
  if (value.size() < kAll) return {};
  const std::string_view version = value.substr(0, kVersion);
  const std::string_view trace = value.substr(kVersion + 1, kTraceId);
  const std::string_view span = value.substr(kVersion + kTraceId + 2, kSpanId);
  const std::string_view flags = value.substr(kAll - kFlags, kFlags);
  const bool dashes = value[kVersion] == '-' && value[kVersion + kTraceId + 1] == '-' &&
                      value[kAll - kFlags - 1] == '-';
  // A later version may have more behind that.
  const bool ends = value.size() == kAll || (version != "00" && value[kAll] == '-');
  const bool good = dashes && ends && version != "ff" && is_hex(version) && is_hex(trace) &&
                    is_hex(span) && is_hex(flags) && !is_zero(trace) && !is_zero(span);
  return good ? trace : std::string_view();
}

}  // namespace tandem
