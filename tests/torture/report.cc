#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace tandem::torture {
namespace {

constexpr size_t kMostShown = 20;

double ms_at(const std::vector<int64_t>& sorted_us, double quantile) {
  const auto at = static_cast<size_t>(quantile * static_cast<double>(sorted_us.size() - 1) + 0.5);
  return static_cast<double>(sorted_us[at]) / 1000;
}

}  // namespace

int64_t longest_gap_us(const std::vector<int64_t>& acknowledgements, const Episode& episode) {
  auto it = std::upper_bound(acknowledgements.begin(), acknowledgements.end(), episode.started_us);
  if (it != acknowledgements.begin()) --it;
  int64_t longest = 0;
  for (; it != acknowledgements.end() && *it < episode.ended_us; ++it) {
    const auto next = std::next(it);
    const int64_t end = next == acknowledgements.end() ? episode.ended_us : *next;
    longest =
        std::max(longest, std::min(end, episode.ended_us) - std::max(*it, episode.started_us));
  }
  return longest;
}

std::string hung_in(const std::vector<int64_t>& acknowledgements, const Episode& episode) {
  if (!episode.fault->is_survived || !episode.from_whole) return {};
  const int64_t half_us = episode.started_us + (episode.healed_us - episode.started_us) / 2;
  const auto next = std::lower_bound(acknowledgements.begin(), acknowledgements.end(), half_us);
  if (next != acknowledgements.end() && *next < episode.healed_us) return {};
  return fmt::format("hung: {} of {}: no write was acknowledged in the last {} ms of it",
                     episode.fault->name, episode.whom, (episode.healed_us - half_us) / 1000);
}

std::string faults_table(const std::vector<Episode>& episodes,
                         const std::vector<int64_t>& acknowledgements,
                         const std::vector<int64_t>& coordination_writes) {
  const bool coordinates = !coordination_writes.empty();
  struct Row {
    const char* name = "";
    size_t struck = 0;
    std::vector<int64_t> gaps_us;
    int64_t coordination_us = 0;
  };
  std::map<int, Row> rows;  // by kind
  size_t total = 0;
  for (const Episode& episode : episodes) {
    Row& row = rows[episode.fault->kind];
    row.name = episode.fault->name;
    ++row.struck;
    ++total;
    if (!episode.from_whole) continue;
    row.gaps_us.push_back(longest_gap_us(acknowledgements, episode));
    row.coordination_us =
        std::max(row.coordination_us, longest_gap_us(coordination_writes, episode));
  }
  std::string text =
      fmt::format("{:<36} {:>6}  longest gap between acknowledged writes, ms\n", "fault", "times");
  text += fmt::format("{:<36} {:>6} {:>10} {:>10} {:>10}{}\n", "", "", "median", "p99", "max",
                      coordinates ? "   max, of coordination" : "");
  for (auto& [kind, row] : rows) {
    std::sort(row.gaps_us.begin(), row.gaps_us.end());
    text += fmt::format("{:<36} {:>6}", row.name, row.struck);
    if (!row.gaps_us.empty()) {
      text += fmt::format(" {:>10.1f} {:>10.1f} {:>10.1f}", ms_at(row.gaps_us, 0.5),
                          ms_at(row.gaps_us, 0.99), ms_at(row.gaps_us, 1));
      if (coordinates)
        text += fmt::format(" {:>10.1f}", static_cast<double>(row.coordination_us) / 1000);
    }
    text += '\n';
  }
  return text + fmt::format("{:<36} {:>6}\n", "all", total);
}

std::string summary(const Settings& settings, const std::string& configuration,
                    const Judgement& judgement) {
  std::string text = fmt::format("seed {}, {}, link faults: {}\n", settings.seed, configuration,
                                 settings.links ? "on" : "off (" + settings.why_no_links + ")");
  for (const std::string& fact : judgement.facts) text += fact + "\n";
  for (const std::string& what : judgement.undecided) text += "undecided: " + what + "\n";
  for (size_t i = 0; i < judgement.violations.size() && i < kMostShown; ++i) {
    text += "VIOLATION " + judgement.violations[i] + "\n";
  }
  if (judgement.violations.size() > kMostShown) {
    text += fmt::format("and {} more violations\n", judgement.violations.size() - kMostShown);
  }
  return text;
}

}  // namespace tandem::torture
