#include "drill_note.h"

namespace tandem::orch {
namespace {

constexpr size_t kMaxReason = 500;
constexpr size_t kMaxWord = 40;
constexpr const char* kDrillTexts[] = {"drill", "verdict"};
constexpr const char* kDrillFigures[] = {"gap_ms", "answered", "lost", "doubled", "stale"};

}  // namespace

Result<DrillNote> drill_in(std::string_view body) {
  const auto json = wire::parse_request_json(body);
  if (!json) return fail(json.error());
  const wire::Json* event = json->find("event");
  if (event == nullptr || *event != wire::Json("drill")) {
    return fail(ErrorKind::kBadInput, "'event' is to be drill: all others are the service's own");
  }
  const wire::Json* reason = json->find("reason");
  if (reason == nullptr || reason->as_string() == nullptr || reason->as_string()->empty() ||
      reason->as_string()->size() > kMaxReason) {
    return fail(ErrorKind::kBadInput, "'reason' is to be a text of 1 to 500 bytes");
  }
  DrillNote drill{*reason->as_string(), {}};
  for (const char* name : kDrillTexts) {
    const wire::Json* text = json->find(name);
    if (text == nullptr || text->as_string() == nullptr || text->as_string()->size() > kMaxWord) {
      return fail(ErrorKind::kBadInput,
                  "'" + std::string(name) + "' is to be a text of 40 bytes at most");
    }
    drill.fields.set(name, *text);
  }
  for (const char* name : kDrillFigures) {
    const wire::Json* figure = json->find(name);
    if (figure == nullptr) continue;
    if (figure->as_int() == nullptr) {
      return fail(ErrorKind::kBadInput, "'" + std::string(name) + "' is to be an integer");
    }
    drill.fields.set(name, *figure);
  }
  return drill;
}

}  // namespace tandem::orch
