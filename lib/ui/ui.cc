#include "ui/ui.h"

#include <algorithm>
#include <string>

#include "http/strict.h"

namespace tandem::ui {
namespace {

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/html; charset=utf-8";
}

}  // namespace

std::string_view find(std::string_view name) {
  const auto all = files();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const File& file) { return file.name == name; });
  return it == all.end() ? std::string_view() : it->content;
}

void add_routes(http::Router& router) {
  router.add(http::Method::kGet, "/ui/{file}",
             http::strictly({}, [](const http::Request& request, http::Responder responder) {
               const std::string_view name = request.param("file");
               const std::string_view content = find(name);
               if (content.empty()) {
                 return responder.error(404, "there is no page '" + std::string(name) + "'");
               }
               responder.text(
                   200, type_of(name), content,
                   {{"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}});
             }));
}

}  // namespace tandem::ui
