#include "areas.h"

#include <algorithm>
#include <utility>

namespace tandem::client {
namespace {

using wire::Json;

constexpr size_t kMostNamed = 5;

// ASCII alone: as far as it goes without a locale.
std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return result;
}

std::string name_of(const Json& area) {
  const Json* name = area.find("name");
  return name != nullptr && name->as_string() != nullptr ? *name->as_string() : "";
}

std::string number_of(const Json& area) {
  const Json* number = area.find("area");
  return number != nullptr ? number->dump() : "";
}

Error not_one(const std::string& word, const Json::Array& matches) {
  if (matches.empty()) {
    return {ErrorKind::kNotFound, "there is no area '" + word + "': 'areas' lists them"};
  }
  std::string text = "'" + word + "' is more than one area:";
  for (size_t i = 0; i < std::min(matches.size(), kMostNamed); ++i) {
    text += (i > 0 ? ", " : " ") + number_of(matches[i]) + " " + name_of(matches[i]);
  }
  if (matches.size() > kMostNamed) {
    text += " and " + std::to_string(matches.size() - kMostNamed) + " more";
  }
  return {ErrorKind::kUsage, text};
}

}  // namespace

Json::Array matching_areas(const Json& areas, std::string_view word) {
  Json::Array matches;
  if (areas.as_array() == nullptr) return matches;
  for (const Json& area : *areas.as_array()) {
    if (lower(name_of(area)).find(lower(word)) != std::string::npos) matches.push_back(area);
  }
  return matches;
}

Result<std::string> area_number(const Json& areas, const std::string& word) {
  Json::Array matches = matching_areas(areas, word);
  Json::Array exact;
  for (const Json& area : matches) {
    if (lower(name_of(area)) == lower(word)) exact.push_back(area);
  }
  if (!exact.empty()) matches = std::move(exact);
  if (matches.size() == 1) return number_of(matches.front());
  return fail(not_one(word, matches));
}

}  // namespace tandem::client
