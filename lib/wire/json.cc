#include "wire/json.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <unordered_set>

#include "base/check.h"
#include "base/json_string.h"

namespace tandem::wire {
namespace {

constexpr size_t kMaxNesting = 64;
// Up to this many keys each is compared with each; above it they are looked up in a set. A large
// object must not cost the square of its size: it may come from outside.
constexpr size_t kCompareEachKeys = 16;
// The parser of a thread is kept for the next text, unless a text this large made it grow.
constexpr size_t kKeepTextBytes = size_t{1} << 20;

std::string_view reason(simdjson::error_code error) {
  switch (error) {
    case simdjson::CAPACITY:
      return "the text is too long";
    case simdjson::DEPTH_ERROR:
      return "it is nested deeper than 64 levels";
    case simdjson::STRING_ERROR:
      return "a string holds a bad escape";
    case simdjson::UTF8_ERROR:
      return "the text is not UTF-8";
    case simdjson::NUMBER_ERROR:
      return "a number is malformed or out of range";
    case simdjson::EMPTY:
      return "the text is empty";
    case simdjson::UNESCAPED_CHARS:
      return "a string holds a control character that is not escaped";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return "a word is neither true, false nor null";
    case simdjson::MEMALLOC:
      return "there is no memory for it";
    default:
      return "a comma, colon, brace, bracket or quote is missing or misplaced";
  }
}

std::string not_json(simdjson::error_code error) {
  return "not JSON: " + std::string(reason(error));
}

// What one thread needs to parse: simdjson wants readable bytes behind the text, so that a text is
// copied into a buffer with room for them.
struct Parser {
  simdjson::dom::parser dom;
  std::string padded;
};

simdjson::error_code parse_with(Parser& parser, std::string_view text,
                                simdjson::dom::element& root) {
  if (parser.dom.capacity() < text.size() || parser.dom.capacity() == 0) {
    // simdjson counts the document itself as a level and refuses the level that equals its limit.
    const auto error = parser.dom.allocate(
        std::clamp<size_t>(2 * text.size(), 4096, simdjson::SIMDJSON_MAXSIZE_BYTES),
        kMaxNesting + 1);
    if (error != simdjson::SUCCESS) return error;
  }
  parser.padded.resize(std::max(parser.padded.size(), text.size() + simdjson::SIMDJSON_PADDING));
  std::copy(text.begin(), text.end(), parser.padded.begin());
  return parser.dom.parse(parser.padded.data(), text.size(), false).get(root);
}

const std::string* duplicate_key(const Json::Object& object) {
  if (object.size() <= kCompareEachKeys) {
    for (size_t i = 1; i < object.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (object[i].first == object[j].first) return &object[i].first;
      }
    }
    return nullptr;
  }
  std::unordered_set<std::string_view> keys(object.size());
  for (const Json::Member& member : object) {
    if (!keys.insert(member.first).second) return &member.first;
  }
  return nullptr;
}

// Builds the tree of a text. It gives up as soon as there are too many values.
class Builder {
 public:
  explicit Builder(size_t max_values) : max_values_(max_values) {}

  // `levels` is how many more arrays and objects may open inside each other: simdjson lets an empty
  // one open a level too many.
  Status convert(const simdjson::dom::element& element, size_t levels, Json& out);

 private:
  Status convert_array(const simdjson::dom::array& array, size_t levels, Json& out);
  Status convert_object(const simdjson::dom::object& object, size_t levels, Json& out);

  const size_t max_values_;
  size_t values_ = 0;
};

Status Builder::convert_array(const simdjson::dom::array& array, size_t levels, Json& out) {
  Json::Array items;
  items.reserve(std::min(array.size(), max_values_ - values_));
  for (const simdjson::dom::element& item : array) {
    if (Status status = convert(item, levels, items.emplace_back()); !status) return status;
  }
  out = Json(std::move(items));
  return {};
}

Status Builder::convert_object(const simdjson::dom::object& object, size_t levels, Json& out) {
  Json::Object members;
  members.reserve(std::min(object.size(), max_values_ - values_));
  for (const simdjson::dom::key_value_pair& member : object) {
    members.emplace_back(std::string(member.key), Json());
    if (Status status = convert(member.value, levels, members.back().second); !status)
      return status;
  }
  if (const std::string* key = duplicate_key(members)) {
    return fail(ErrorKind::kBadInput, "duplicate key '" + *key + "'");
  }
  out = Json(std::move(members));
  return {};
}

Status Builder::convert(const simdjson::dom::element& element, size_t levels, Json& out) {
  using Type = simdjson::dom::element_type;
  if (++values_ > max_values_) {
    return fail(ErrorKind::kTooLarge,
                "the JSON holds more than " + std::to_string(max_values_) + " values");
  }
  // Each unchecked get follows from the type.
  const Type type = element.type();
  if (levels == 0 && (type == Type::ARRAY || type == Type::OBJECT)) {
    return fail(ErrorKind::kBadInput, not_json(simdjson::DEPTH_ERROR));
  }
  switch (type) {
    case Type::ARRAY:
      return convert_array(element.get_array().value_unsafe(), levels - 1, out);
    case Type::OBJECT:
      return convert_object(element.get_object().value_unsafe(), levels - 1, out);
    case Type::STRING:
      out = Json(element.get_string().value_unsafe());
      return {};
    case Type::INT64:
      out = Json(element.get_int64().value_unsafe());
      return {};
    case Type::DOUBLE:
      out = Json(element.get_double().value_unsafe());
      return {};
    case Type::BOOL:
      out = Json(element.get_bool().value_unsafe());
      return {};
    case Type::NULL_VALUE:
      out = Json();
      return {};
    case Type::UINT64:
      return fail(ErrorKind::kBadInput, "the integer " +
                                            std::to_string(element.get_uint64().value_unsafe()) +
                                            " is beyond " + std::to_string(INT64_MAX));
  }
  return fail(ErrorKind::kBug, "simdjson gave a value of no known type");
}

void append_int(std::string& out, int64_t value) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

// The shortest text that reads back as the same double, and as a double: 1.0, not 1. JSON has no
// text for what is not finite; no parsed number is.
void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[40];
  const char* end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace

const Json* Json::find(std::string_view key) const {
  const Object* object = as_object();
  if (object == nullptr) return nullptr;
  for (const Member& member : *object) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object{};
  Object* object = std::get_if<Object>(&value_);
  CHECK_MSG(object != nullptr, "only an object has members");
  for (Member& member : *object) {
    if (member.first == key) {
      member.second = std::move(value);
      return *this;
    }
  }
  object->emplace_back(std::string(key), std::move(value));
  return *this;
}

Json Json::number_as_given(std::string text, double nearest) {
  Json json;
  json.value_ = GivenNumber{
      std::make_shared<const GivenNumber::Number>(GivenNumber::Number{nearest, std::move(text)})};
  return json;
}

std::string_view Json::type_name() const {
  static constexpr std::string_view kNames[] = {"null",     "a boolean", "an integer", "a number",
                                                "a string", "an array",  "an object",  "a number"};
  return kNames[value_.index()];
}

std::string Json::dump() const {
  std::string out;
  dump_to(out);
  return out;
}

void Json::dump_to(std::string& out) const {
  if (const std::string* text = as_string()) {
    append_json_string(out, *text);
  } else if (const int64_t* integer = as_int()) {
    append_int(out, *integer);
  } else if (const std::string* given = as_given()) {
    out += *given;
  } else if (const double* number = as_double()) {
    append_double(out, *number);
  } else if (const bool* boolean = as_bool()) {
    out += *boolean ? "true" : "false";
  } else if (const Array* array = as_array()) {
    out += '[';
    for (const Json& item : *array) {
      if (&item != array->data()) out += ',';
      item.dump_to(out);
    }
    out += ']';
  } else if (const Object* object = as_object()) {
    out += '{';
    for (const Member& member : *object) {
      if (&member != object->data()) out += ',';
      append_json_string(out, member.first);
      out += ':';
      member.second.dump_to(out);
    }
    out += '}';
  } else {
    out += "null";
  }
}

Result<Json> parse_json(std::string_view text, size_t max_bytes, size_t max_values) {
  if (text.size() > max_bytes) {
    return fail(ErrorKind::kBadInput,
                "not JSON: the text is longer than " + std::to_string(max_bytes >> 20) + " MiB");
  }
  thread_local std::unique_ptr<Parser> kept;
  std::unique_ptr<Parser> parser = std::move(kept);
  if (parser == nullptr) parser = std::make_unique<Parser>();
  simdjson::dom::element root;
  const simdjson::error_code error = parse_with(*parser, text, root);
  if (error != simdjson::SUCCESS) {
    if (text.size() <= kKeepTextBytes) kept = std::move(parser);
    return fail(ErrorKind::kBadInput, not_json(error));
  }
  Json json;
  Status status = Builder(max_values).convert(root, kMaxNesting, json);
  if (text.size() <= kKeepTextBytes) kept = std::move(parser);
  if (!status) return fail(std::move(status.error()));
  return json;
}

}  // namespace tandem::wire
