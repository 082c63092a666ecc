#include "http/index_page.h"

#include <vector>

#include "base/number.h"
#include "http/strict.h"
#include "wire/json.h"

namespace tandem::http {
namespace {

constexpr std::string_view kHtmlType = "text/html; charset=utf-8";
constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kNothing = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
constexpr std::string_view kOwnOnly =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// What stands before the next `separator`; `text` goes on behind it.
std::string_view take_until(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(part);
}

// The weight of one range's parameters, in thousandths; -1 where it is none.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = take_until(parameters, ';');
    if (!equals_ignoring_case(take_until(parameter, '='), "q")) continue;
    const auto weight = parse_number<double>(parameter, 0, 1);
    return weight ? static_cast<int>(*weight * 1000) : -1;
  }
  return 1000;
}

// The weight that `accept` gives a type: that of the most exact range that it is in.
int weight_in(std::string_view accept, std::string_view type) {
  const std::string any_subtype = std::string(type.substr(0, type.find('/'))) + "/*";
  int exactness = 0;
  int weight = 0;
  while (!accept.empty()) {
    std::string_view parameters = take_until(accept, ',');
    const std::string_view range = take_until(parameters, ';');
    const int exact = equals_ignoring_case(range, type)          ? 3
                      : equals_ignoring_case(range, any_subtype) ? 2
                      : range == "*/*"                           ? 1
                                                                 : 0;
    const int given = weight_of(parameters);
    if (exact <= exactness || given < 0) continue;
    exactness = exact;
    weight = given;
  }
  return weight;
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

// A pattern and the methods that it has, "GET, PUT".
struct Link {
  std::string pattern;
  std::string methods;
  bool is_page = false;  // it can be followed
};

std::vector<Link> links_of(const Router& router) {
  std::vector<Link> links;
  for (const auto& route : router.routes()) {
    if (route->pattern == "/") continue;
    size_t at = 0;
    while (at < links.size() && links[at].pattern != route->pattern) ++at;
    if (at == links.size()) links.push_back({route->pattern, {}, false});
    Link& link = links[at];
    if (!link.methods.empty()) link.methods += ", ";
    link.methods += method_name(route->method);
    const bool has_parameter = route->pattern.find('{') != std::string::npos;
    link.is_page = link.is_page || (route->method == Method::kGet && !has_parameter);
  }
  return links;
}

std::string as_json(const ServiceName& service, const std::vector<Link>& links) {
  wire::Json::Array list;
  for (const Link& link : links) {
    list.push_back(wire::Json::Object{{"path", link.pattern}, {"methods", link.methods}});
  }
  wire::Json json;
  json.set("name", service.name).set("version", service.version).set("links", std::move(list));
  return json.dump();
}

std::string as_html(const ServiceName& service, const std::vector<Link>& links) {
  const std::string title = escaped(service.name + ' ' + service.version);
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     title + "</title></head>\n<body><h1>" + title + "</h1>\n<ul>\n";
  for (const Link& link : links) {
    const std::string path = escaped(link.pattern);
    html += "<li>" + link.methods + ' ';
    html += link.is_page ? "<a href=\"" + path + "\">" + path + "</a>" : path;
    html += "</li>\n";
  }
  return html + "</ul></body></html>\n";
}

}  // namespace

bool prefers_html(std::string_view accept) {
  return weight_in(accept, "text/html") > weight_in(accept, "application/json");
}

void add_index_route(Router& router, const ServiceName& service) {
  router.add(
      Method::kGet, "/", strictly({}, [&router, &service](const Request& request, Responder out) {
        const std::vector<Link> links = links_of(router);
        if (!prefers_html(request.header("Accept").value_or(""))) {
          return out.json(200, as_json(service, links), {{"Vary", "Accept"}});
        }
        const bool has_page = !service.page.empty();
        out.text(200, kHtmlType, has_page ? std::string(service.page) : as_html(service, links),
                 {{"Vary", "Accept"},
                  {"Cache-Control", "no-cache"},
                  {"Content-Security-Policy", has_page ? kOwnOnly : kNothing},
                  {"X-Content-Type-Options", "nosniff"}});
      }));
}

}  // namespace tandem::http
