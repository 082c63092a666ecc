#include "history/history.h"

namespace tandem::history {
namespace {

constexpr size_t kMostValues = 12;

std::string text_of(int64_t value) { return value == kAbsent ? "absent" : std::to_string(value); }

std::string text_of(const std::vector<int64_t>& values) {
  std::string text = "[";
  const size_t skipped = values.size() > kMostValues ? values.size() - kMostValues : 0;
  if (skipped > 0) text += "(" + std::to_string(skipped) + " more)";
  for (size_t i = skipped; i < values.size(); ++i) {
    if (text.size() > 1) text += ' ';
    text += text_of(values[i]);
  }
  return text + "]";
}

std::string what(const Operation& o) {
  switch (o.kind) {
    case Kind::kRead:
      return o.outcome == Outcome::kOk ? "read " + text_of(o.value) : "read";
    case Kind::kWrite:
      return "write " + text_of(o.value);
    case Kind::kCompareSet:
      return "if " + text_of(o.expected) + " write " + text_of(o.value);
    case Kind::kIncrement:
      return "increment by " + text_of(o.value);
    case Kind::kAdd:
      return "add " + text_of(o.value);
    case Kind::kReadSet:
      return "read set " + text_of(o.values);
    case Kind::kAppend:
      return "append " + text_of(o.value);
    case Kind::kReadList:
      return "read list " + text_of(o.values);
  }
  return "?";
}

}  // namespace

const char* name_of(Problem problem) {
  switch (problem) {
    case Problem::kNotLinearizable:
      return "not linearizable";
    case Problem::kLost:
      return "lost";
    case Problem::kStale:
      return "stale";
    case Problem::kDoubled:
      return "doubled";
    case Problem::kPhantom:
      return "phantom";
    case Problem::kOrder:
      return "order";
    case Problem::kWentBack:
      return "session went back";
    case Problem::kWrongIndex:
      return "wrong index";
    case Problem::kUnbalanced:
      return "unbalanced";
  }
  return "?";
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kViolated:
      return "violated";
    case Verdict::kUnknown:
      return "unknown";
  }
  return "?";
}

std::string describe(const Operation& o) {
  std::string text = "client " + std::to_string(o.client) + " [" + std::to_string(o.called) + ", ";
  text += o.outcome == Outcome::kUnknown ? "?" : std::to_string(o.returned);
  text += "] " + what(o);
  if (o.outcome == Outcome::kMismatch) text += ": mismatch";
  if (o.outcome == Outcome::kRefused) text += ": refused";
  if (o.outcome == Outcome::kUnknown) text += ": unknown";
  if (o.level == Level::kSession) text += ", session";
  if (o.level == Level::kEventual) text += ", eventual";
  if (o.index != 0) text += ", index " + std::to_string(o.index);
  return text;
}

bool may_have_effect(const Operation& o) {
  if (o.outcome != Outcome::kOk && o.outcome != Outcome::kUnknown) return false;
  return o.kind != Kind::kRead && o.kind != Kind::kReadSet && o.kind != Kind::kReadList;
}

}  // namespace tandem::history
