// What a run comes to, as text on standard output.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schedule.h"
#include "settings.h"
#include "subject.h"

namespace tandem::torture {

// A fault that struck, up to the next one.
struct Episode {
  const FaultInfo* fault = nullptr;
  bool from_whole = true;
  int64_t started_us = 0;
  int64_t healed_us = 0;
  int64_t ended_us = 0;
  std::string whom;
};

// The longest time without an acknowledged write within the episode.
int64_t longest_gap_us(const std::vector<int64_t>& acknowledgements, const Episode& episode);

// What is wrong with the fault's name and time where nothing was acknowledged in its second half,
// and is_survived says that something is; else empty.
std::string hung_in(const std::vector<int64_t>& acknowledgements, const Episode& episode);

// By kind of fault: how often, the gaps of those that struck a whole system, and the sums; where there
// are writes to what it coordinates by, their longest gaps, too.
std::string faults_table(const std::vector<Episode>& episodes,
                         const std::vector<int64_t>& acknowledgements,
                         const std::vector<int64_t>& coordination_writes);

std::string summary(const Settings& settings, const std::string& configuration,
                    const Judgement& judgement);

}  // namespace tandem::torture
