#include "daemon/suggest.h"

#include <algorithm>
#include <cstddef>

namespace tandem::daemon {
namespace {

// Levenshtein distance: insertions, deletions and replacements, one each.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kLongestWord = 100;  // the work grows with the product of the lengths
  if (word.size() > kLongestWord) return "";
  size_t best = std::min<size_t>(3, std::max<size_t>(1, word.size() / 3)) + 1;
  const std::string* nearest = nullptr;
  for (const std::string& candidate : candidates) {
    const size_t errors = distance(word, candidate);
    if (errors < best) {
      best = errors;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? "" : ", did you mean '" + *nearest + "'?";
}

}  // namespace tandem::daemon
