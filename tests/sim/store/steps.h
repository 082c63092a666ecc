// The steps of a purchase, a change and a query between which a process may die or be stopped.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace tandem::sim {

enum class Step {
  kFrontAsks,       // a front has sent a purchase or a change on
  kFrontHears,      // it has the answer, and the client not yet
  kIntentLogged,    // the order leader has proposed the intent
  kIntentApplied,   // ... has not asked the catalog yet
  kTakeAsked,       // ... has asked it
  kTakeHeard,       // ... has its answer, and has not proposed the result yet
  kResultLogged,    // ... has proposed it
  kResultApplied,   // ... has not answered anybody yet
  kChangeLogged,    // the catalog's leader has proposed a take or another change
  kChangeApplied,   // ... has told no front of it yet
  kChangeTold,      // ... has told some, and waits for their acknowledgements
  kChangeAnswered,  // ... has answered
  kPushHeard,       // a front has heard of invalidations, and not acknowledged them
  kFillHeard,       // a front has the catalog's answer, and has not stored it yet
  kCount,
};
inline constexpr size_t kSteps = static_cast<size_t>(Step::kCount);
inline constexpr std::array<std::string_view, kSteps> kStepNames = {
    "front-asks",  "front-hears",     "intent-logged",  "intent-applied", "take-asked",
    "take-heard",  "result-logged",   "result-applied", "change-logged",  "change-applied",
    "change-told", "change-answered", "push-heard",     "fill-heard"};

}  // namespace tandem::sim
