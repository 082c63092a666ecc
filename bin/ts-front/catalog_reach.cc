#include "catalog_reach.h"

#include <string>

#include "group/replica_info.h"
#include "wire/json.h"

namespace tandem::front {
namespace {

constexpr uint64_t kEveryMs = 500;
constexpr uint64_t kTimeoutMs = 300;

}  // namespace

CatalogReach::CatalogReach(loop::Loop& loop, group::Group& orders)
    : orders_(orders), asker_(loop, [this] { ask(); }) {}

void CatalogReach::set_active(bool active) {
  if (active) {
    asker_.start(kEveryMs, kEveryMs);
  } else {
    asker_.stop();
  }
}

// One that is silent has told nothing: whether it is well is for the controller to see.
void CatalogReach::ask() {
  const std::string question = group::info_question();
  for (auto& [id, replica] : orders_.replicas().all()) {
    if (!replica.connected()) continue;
    replica.link->call(question, kTimeoutMs, [this, id = id](Result<std::string_view> answer) {
      const auto told = group::told_info(answer);
      const wire::Json* catalog = told ? told->find("catalog") : nullptr;
      if (catalog == nullptr || catalog->as_bool() == nullptr) return;
      orders_.replica_told(id, *catalog->as_bool());
    });
  }
}

}  // namespace tandem::front
