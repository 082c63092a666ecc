#include "http/strict.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "http/form.h"
#include "wire/json.h"

namespace tandem::http {
namespace {

using wire::Json;

constexpr size_t kMaxShownBytes = 64;
constexpr std::string_view kStrict = "strict";

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Calls take(part) for each part between separators, without blanks around it.
template <typename Take>
bool any_part(std::string_view text, char separator, Take take) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (take(without_blanks(part))) return true;
  }
  return false;
}

// preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] ), RFC 7240, 2.
bool is_strict_handling(std::string_view preference) {
  preference = preference.substr(0, preference.find(';'));
  const size_t equals = std::min(preference.find('='), preference.size());
  if (!equals_ignoring_case(without_blanks(preference.substr(0, equals)), "handling")) return false;
  preference.remove_prefix(std::min(equals + 1, preference.size()));
  const std::string_view word = without_blanks(preference);
  return equals_ignoring_case(word, "strict") || equals_ignoring_case(word, "\"strict\"");
}

// ?strict=1. Whoever writes it otherwise believes to be told of mistakes.
Result<bool> asks_in_query(const Request& request) {
  for (const NameValue& parameter : request.query) {
    if (!equals_ignoring_case(parameter.name, kStrict)) continue;
    const bool known = parameter.value == "0" || parameter.value == "1";
    if (parameter.name == kStrict && known) return parameter.value == "1";
    return fail(ErrorKind::kBadInput, "strict must be written as strict=1 or strict=0");
  }
  return false;
}

bool asks_in_header(const Request& request) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const NameValue& header) {
    return equals_ignoring_case(header.name, "prefer") &&
           any_part(header.value, ',', is_strict_handling);
  });
}

Status check_name(std::string_view name, std::string_view known, const char* what) {
  if (any_part(known, ' ', [name](std::string_view each) { return each == name; })) return {};
  std::string shown(name.substr(0, kMaxShownBytes));
  if (shown.size() < name.size()) shown = "a longer text";
  return fail(ErrorKind::kBadInput, "unknown " + std::string(what) + " '" + shown + "'");
}

Status check_keys(const Json& object, std::string_view known) {
  if (object.as_object() == nullptr) return {};
  for (const auto& [key, value] : *object.as_object()) {
    if (Status good = check_name(key, known, "key"); !good) return good;
  }
  return {};
}

// What a list replaces is not read beside it.
Status check_beside(const Json& object, std::string_view list) {
  for (const auto& [key, value] : *object.as_object()) {
    if (list == "if" || key == list || (list == "ops" && key == "if")) continue;
    return fail(ErrorKind::kBadInput,
                "'" + key + "' has no meaning beside '" + std::string(list) + "'");
  }
  return {};
}

Status check_items(const Json& object, std::string_view known) {
  for (const char* name : {"if", "ops", "reads"}) {
    const Json* list = object.find(name);
    if (list == nullptr) continue;
    if (Status good = check_beside(object, name); !good) return good;
    if (list->as_array() == nullptr) continue;
    for (const Json& item : *list->as_array()) {
      if (Status good = check_keys(item, known); !good) return good;
    }
  }
  return {};
}

Status check_body(const Request& request, const Known& known) {
  const auto json = wire::parse_request_json(request.body);
  if (known.body.empty() && (!json || json->as_object() == nullptr)) {
    return fail(ErrorKind::kBadInput, "this call has no body");
  }
  if (json) {
    const Status good = check_keys(*json, known.body);
    return good && !known.items.empty() ? check_items(*json, known.items) : good;
  }
  const std::string_view type = request.header("Content-Type").value_or("");
  if (!type.starts_with("application/x-www-form-urlencoded")) return {};
  std::string storage;
  std::vector<NameValue> fields;
  if (!parse_form(request.body, storage, fields)) return {};
  for (const NameValue& field : fields) {
    if (Status good = check_name(field.name, known.body, "field"); !good) return good;
  }
  return {};
}

}  // namespace

Status check_strict(const Request& request, const Known& known) {
  const auto asks = asks_in_query(request);
  if (!asks) return fail(asks.error());
  if (!*asks && !asks_in_header(request)) return {};
  for (const NameValue& parameter : request.query) {
    if (parameter.name == kStrict) continue;
    if (Status good = check_name(parameter.name, known.query, "parameter"); !good) return good;
  }
  return request.body.empty() ? Status() : check_body(request, known);
}

Handler strictly(Known known, Handler handler) {
  return
      [known, handler = std::move(handler)](const Request& request, Responder responder) mutable {
        if (const Status good = check_strict(request, known); !good) {
          return responder.error(good.error());
        }
        handler(request, std::move(responder));
      };
}

}  // namespace tandem::http
