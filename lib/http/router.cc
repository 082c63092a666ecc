#include "http/router.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/form.h"

namespace tandem::http {

// One place in the tree of segments.
struct Router::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> parameter;
  std::string parameter_name;  // of `parameter`
  std::array<Route*, kMethodCount> routes{};
  std::string pattern;  // "" where no pattern ends here
  std::string allow;

  Node* literal(std::string_view segment) const {
    for (const auto& [text, node] : literals) {
      if (text == segment) return node.get();
    }
    return nullptr;
  }
};

namespace {

// Longer paths exist, but no pattern that could match them: add() checks.
constexpr size_t kMaxSegments = 16;

struct Segments {
  std::array<std::string_view, kMaxSegments> at;
  size_t count = 0;
  bool too_many = false;

  void push(std::string_view segment) {
    too_many = too_many || count == kMaxSegments;
    if (!too_many) at[count++] = segment;
  }
};

// Splits what follows the first '/'. True where every byte stands for itself, so that nothing has
// to be decoded or checked.
bool split(std::string_view path, Segments& out) {
  bool plain = true;
  size_t start = 1;
  for (size_t i = 1; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '/') {
      out.push(path.substr(start, i - start));
      start = i + 1;
    } else if (c == '%' || static_cast<signed char>(c) < 0x20) {
      plain = false;
    }
  }
  out.push(path.substr(start));
  return plain;
}

// Decodes each segment into `storage`; "" or what is wrong.
std::string_view decode(std::string_view path, Segments& segments, std::string& storage) {
  storage.clear();
  // Decoding never makes text longer, so the views into `storage` stay where they are.
  storage.reserve(path.size());
  if (segments.too_many) {
    if (!percent_decode(path, false, storage)) return "bad percent-encoding in the path";
    return is_clean_utf8(storage) ? "" : "the path is not UTF-8 text";
  }
  for (size_t i = 0; i < segments.count; ++i) {
    const size_t start = storage.size();
    if (!percent_decode(segments.at[i], false, storage)) return "bad percent-encoding in the path";
    segments.at[i] = std::string_view(storage).substr(start);
    if (!is_clean_utf8(segments.at[i])) return "the path is not UTF-8 text";
  }
  return "";
}

// The Allow header for a set of methods; GET brings HEAD, and OPTIONS is always there.
template <typename Has>
std::string allow_text(Has has) {
  std::string text;
  for (size_t m = 0; m < kMethodCount; ++m) {
    const auto method = static_cast<Method>(m);
    const bool allowed = method == Method::kOptions ||
                         has(method == Method::kHead ? static_cast<size_t>(Method::kGet) : m);
    if (!allowed) continue;
    if (!text.empty()) text += ", ";
    text += method_name(method);
  }
  return text;
}

}  // namespace

Router::Router()
    : root_(std::make_unique<Node>()), allow_anywhere_(method_name(Method::kOptions)) {}
Router::~Router() = default;

void Router::add(Method method, std::string pattern, Handler handler, Effect effect) {
  CHECK_MSG(method != Method::kHead && method != Method::kOptions && method != Method::kOther,
            "this method has no handlers of its own");
  CHECK_MSG(pattern.starts_with('/') && pattern.find_first_of("%?# ") == std::string::npos,
            "a pattern is an absolute path without escapes");
  Segments segments;
  split(pattern, segments);
  CHECK_MSG(!segments.too_many, "too many segments in a pattern");

  Node* node = root_.get();
  for (size_t i = 0; i < segments.count; ++i) {
    const std::string_view segment = segments.at[i];
    if (segment.starts_with('{')) {
      CHECK_MSG(segment.size() > 2 && segment.ends_with('}'), "malformed parameter in a pattern");
      const std::string_view name = segment.substr(1, segment.size() - 2);
      if (node->parameter == nullptr) {
        node->parameter = std::make_unique<Node>();
        node->parameter_name = name;
      }
      CHECK_MSG(node->parameter_name == name, "one parameter has two names");
      node = node->parameter.get();
    } else {
      Node* next = node->literal(segment);
      if (next == nullptr) {
        node->literals.emplace_back(segment, std::make_unique<Node>());
        next = node->literals.back().second.get();
      }
      node = next;
    }
  }

  Route*& place = node->routes[static_cast<size_t>(method)];
  CHECK_MSG(place == nullptr, "this method and pattern have a handler already");
  node->pattern = pattern;
  routes_.push_back(
      std::make_unique<Route>(Route{.method = method,
                                    .pattern = std::move(pattern),
                                    .index = static_cast<uint32_t>(routes_.size()),
                                    .effect = method == Method::kGet ? Effect::kReads : effect,
                                    .handler = std::move(handler)}));
  place = routes_.back().get();
  node->allow = allow_text([&](size_t m) { return node->routes[m] != nullptr; });
  allow_anywhere_ = allow_text([&](size_t m) {
    return std::any_of(routes_.begin(), routes_.end(),
                       [&](const auto& route) { return static_cast<size_t>(route->method) == m; });
  });
}

Router::Match Router::match(Method method, std::string_view path, std::vector<NameValue>& params,
                            std::string& decoded) const {
  params.clear();
  if (path == "*" && method == Method::kOptions) {
    return {.kind = Match::Kind::kOptions, .pattern = "*", .allow = allow_anywhere_};
  }
  if (!path.starts_with('/')) {
    return {.kind = Match::Kind::kMalformed, .reason = "the path does not start with '/'"};
  }
  Segments segments;
  if (!split(path, segments)) {
    const std::string_view reason = decode(path, segments, decoded);
    if (!reason.empty()) return {.kind = Match::Kind::kMalformed, .reason = reason};
  }
  if (segments.too_many) return {};
  // A slash at the end changes nothing. An empty segment before it does.
  const size_t last = segments.count - 1;
  if (last > 0 && segments.at[last].empty() && !segments.at[last - 1].empty())
    segments.count = last;

  // Depth first, literals before parameters, back to the last parameter where a branch ends.
  const auto find = [&](const auto& self, const Node* node, size_t depth) -> const Node* {
    if (depth == segments.count) return node->pattern.empty() ? nullptr : node;
    const std::string_view segment = segments.at[depth];
    if (const Node* next = node->literal(segment)) {
      if (const Node* found = self(self, next, depth + 1)) return found;
    }
    if (node->parameter == nullptr || segment.empty()) return nullptr;
    params.push_back({node->parameter_name, segment});
    if (const Node* found = self(self, node->parameter.get(), depth + 1)) return found;
    params.pop_back();
    return nullptr;
  };
  const Node* node = find(find, root_.get(), 0);
  if (node == nullptr) return {};

  Match match{.pattern = node->pattern, .allow = node->allow};
  const Method effective = method == Method::kHead ? Method::kGet : method;
  match.route = node->routes[static_cast<size_t>(effective)];
  match.kind = match.route != nullptr       ? Match::Kind::kRoute
               : method == Method::kOptions ? Match::Kind::kOptions
                                            : Match::Kind::kNoMethod;
  return match;
}

}  // namespace tandem::http
