#include "db/value.h"

#include "base/check.h"
#include "base/json_string.h"
#include "base/number.h"
#include "wire/utf8.h"

namespace tandem::db {
namespace {

using wire::Json;

constexpr size_t kShownBytes = 64;

template <typename T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

std::string expected(Type type) {
  switch (type) {
    case Type::kInteger:
      return "an integer";
    case Type::kText:
      return "a string";
    case Type::kBoolean:
      return "a boolean";
    case Type::kTimestamp:
      return "a timestamp (an integer: ms since 1970)";
    case Type::kTextList:
      return "an array of strings";
  }
  return "";
}

Status check_text(std::string_view text, const Limits& limits) {
  if (text.size() <= limits.text_bytes) return {};
  return fail(ErrorKind::kBadInput,
              "is longer than " + std::to_string(limits.text_bytes) + " bytes");
}

Result<Value> list_from_json(const Json::Array& array, const Limits& limits) {
  if (array.size() > limits.list_items) {
    return fail(ErrorKind::kBadInput,
                "has more than " + std::to_string(limits.list_items) + " items");
  }
  TextList list;
  list.reserve(array.size());
  for (const Json& item : array) {
    const std::string* text = item.as_string();
    if (text == nullptr) {
      return fail(ErrorKind::kBadInput,
                  "must be an array of strings, but holds " + std::string(item.type_name()));
    }
    if (Status status = check_text(*text, limits); !status) return fail(status.error());
    list.push_back(*text);
  }
  return Value(std::move(list));
}

}  // namespace

std::string_view type_name(Type type) {
  switch (type) {
    case Type::kInteger:
      return "integer";
    case Type::kText:
      return "text";
    case Type::kBoolean:
      return "boolean";
    case Type::kTimestamp:
      return "timestamp";
    case Type::kTextList:
      return "list of text";
  }
  return "";
}

bool parse_type(std::string_view name, Type& type) {
  for (const Type known :
       {Type::kInteger, Type::kText, Type::kBoolean, Type::kTimestamp, Type::kTextList}) {
    if (type_name(known) == name) {
      type = known;
      return true;
    }
  }
  return false;
}

int compare(const Value& a, const Value& b) {
  if (a.index() != b.index()) return three_way(a.index(), b.index());
  if (const auto* x = std::get_if<int64_t>(&a)) return three_way(*x, *std::get_if<int64_t>(&b));
  if (const auto* x = std::get_if<std::string>(&a))
    return x->compare(*std::get_if<std::string>(&b));
  if (const auto* x = std::get_if<bool>(&a)) return three_way(*x, *std::get_if<bool>(&b));
  if (const auto* x = std::get_if<TextList>(&a)) return three_way(*x, *std::get_if<TextList>(&b));
  return 0;
}

uint64_t text_bytes(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->size();
  if (const auto* elsewhere = std::get_if<Elsewhere>(&value)) return elsewhere->bytes;
  uint64_t bytes = 0;
  if (const auto* list = std::get_if<TextList>(&value)) {
    for (const std::string& text : *list) bytes += text.size();
  }
  return bytes;
}

void append_json(std::string& out, const Value& value) {
  CHECK(!is_elsewhere(value));
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    char buffer[24];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, *integer).ptr);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_json_string(out, *text);
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    out += *boolean ? "true" : "false";
  } else if (const auto* list = std::get_if<TextList>(&value)) {
    out += '[';
    for (const std::string& item : *list) {
      if (&item != list->data()) out += ',';
      append_json_string(out, item);
    }
    out += ']';
  } else {
    out += "null";
  }
}

Json to_json(const Value& value) {
  CHECK(!is_elsewhere(value));
  if (const auto* integer = std::get_if<int64_t>(&value)) return Json(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) return Json(*text);
  if (const auto* boolean = std::get_if<bool>(&value)) return Json(*boolean);
  if (const auto* list = std::get_if<TextList>(&value)) {
    Json::Array array;
    for (const std::string& item : *list) array.emplace_back(item);
    return Json(std::move(array));
  }
  return Json();
}

std::string shortened(std::string_view text, size_t bytes) { return wire::shortened(text, bytes); }

std::string shown(const Value& value) {
  std::string out;
  append_json(out, value);
  return shortened(out, kShownBytes);
}

Result<Value> value_from_json(const Json& json, Type type, bool nullable, const Limits& limits) {
  if (json.is_null() && nullable) return Value();
  switch (type) {
    case Type::kInteger:
    case Type::kTimestamp:
      if (const int64_t* integer = json.as_int()) return Value(*integer);
      break;
    case Type::kBoolean:
      if (const bool* boolean = json.as_bool()) return Value(*boolean);
      break;
    case Type::kText:
      if (const std::string* text = json.as_string()) {
        if (Status status = check_text(*text, limits); !status) return fail(status.error());
        return Value(*text);
      }
      break;
    case Type::kTextList:
      if (const Json::Array* array = json.as_array()) return list_from_json(*array, limits);
      break;
  }
  return fail(ErrorKind::kBadInput,
              "must be " + expected(type) + ", not " + std::string(json.type_name()));
}

Result<Value> value_from_text(std::string_view text, Type type, const Limits& limits) {
  switch (type) {
    case Type::kInteger:
    case Type::kTimestamp:
      if (const auto integer = parse_number<int64_t>(text)) return Value(*integer);
      break;
    case Type::kBoolean:
      if (text == "true") return Value(true);
      if (text == "false") return Value(false);
      break;
    case Type::kText: {
      if (Status status = check_text(text, limits); !status) return fail(status.error());
      return Value(std::string(text));
    }
    case Type::kTextList:
      return fail(ErrorKind::kBadInput, "is a list of text, which 'column=value' cannot name");
  }
  return fail(ErrorKind::kBadInput,
              "must be " + expected(type) + ", not '" + shortened(text, kShownBytes) + "'");
}

}  // namespace tandem::db
