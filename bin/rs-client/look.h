// A look at everything that runs: each service is asked once, all at the same time, and who has not
// answered within the time is not there. For status and top.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "applications.h"
#include "base/exit_status.h"
#include "base/function.h"
#include "base/result.h"
#include "fetch/answer.h"
#include "fetch/fetcher.h"
#include "settings.h"
#include "wire/json.h"

namespace tandem::client {

// What a service said.
struct Seen {
  enum class State { kReady, kNotReady, kAbsent };  // absent: nobody answers, or somebody else does

  std::string name = {};  // "rs-orch"
  std::string url = {};
  State state = State::kAbsent;
  std::string why = {};     // it is not ready, or what is wrong all the same; "": nothing
  std::string remedy = {};  // a command; "": none is known
  wire::Json status = {};   // of rs-orch and ts-front all that they tell; else null
};

// "ready", "not ready", "not there"
std::string word_of(Seen::State state);
// What its answer to a request of its status (or, where it has none, of /readyz) means.
Seen judge_service(std::string name, std::string url, const Result<fetch::Answer>& answer);
// 0: all are ready; 1: one is not; 69: one is not there.
ExitStatus exit_status_of(const std::vector<Seen>& seen);

// Calls back once, from the loop, with a row for each service, in this order: rs-orch, rs-users,
// rs-rides, ts-front. Both outlive the call.
void look(fetch::Fetcher& fetcher, const Settings& settings, const Applications& applications,
          int64_t timeout_ms, UniqueFunction<void(std::vector<Seen>)> done);

// Members of what a service tells; of another type or missing: "", 0, false.
std::string text_of(const wire::Json& json, std::string_view name);
int64_t number_of(const wire::Json& json, std::string_view name);
bool is_true(const wire::Json& json, std::string_view name);
// The elements of an array; none where it is none.
const wire::Json::Array& list_of(const wire::Json& json, std::string_view name);
// "1, 2"
std::string joined(const wire::Json::Array& list);

}  // namespace tandem::client
