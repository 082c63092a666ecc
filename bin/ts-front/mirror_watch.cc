#include "mirror_watch.h"

#include "group/replica_info.h"

namespace tandem::front {
namespace {

constexpr uint64_t kEveryMs = 1000;
constexpr uint64_t kTimeoutMs = 300;

double number_in(const wire::Json& json, const char* name) {
  const wire::Json* member = json.find(name);
  const int64_t* number = member == nullptr ? nullptr : member->as_int();
  return number == nullptr ? 0 : static_cast<double>(*number);
}

}  // namespace

MirrorWatch::MirrorWatch(loop::Loop& loop, daemon::Metrics& metrics, group::Group& orders,
                         group::Group& catalog)
    : metrics_(metrics), orders_(orders), catalog_(catalog), asker_(loop, [this] {
        ask("orders", orders_);
        ask("catalog", catalog_);
      }) {
  asker_.start(kEveryMs, kEveryMs);
}

void MirrorWatch::ask(const std::string& name, group::Group& group) {
  const std::string question = group::info_question();
  for (auto& [id, replica] : group.replicas().all()) {
    if (!replica.connected()) continue;
    replica.link->call(question, kTimeoutMs,
                       [this, name, id = id](const Result<std::string_view>& answer) {
                         const auto told = group::told_info(answer);
                         const wire::Json* mirror = told ? told->find("mirror") : nullptr;
                         if (mirror != nullptr) take(name, id, *mirror);
                       });
  }
}

void MirrorWatch::take(const std::string& name, uint32_t id, const wire::Json& mirror) {
  auto found = gauges_.find({name, id});
  if (found == gauges_.end()) {
    const daemon::Labels labels = {{"group", name}, {"replica", std::to_string(id)}};
    const Gauges gauges{
        metrics_.gauge("tandem_mirror_applied_index",
                       "the entry that a replica's table in PostgreSQL is as of", labels),
        metrics_.gauge("tandem_mirror_lag_entries",
                       "entries that a replica has applied and its table in PostgreSQL has not",
                       labels),
        metrics_.gauge("tandem_mirror_trouble", "1 where that table does not go on", labels)};
    found = gauges_.emplace(std::pair(name, id), gauges).first;
  }
  found->second.applied.set(number_in(mirror, "applied_index"));
  found->second.lag.set(number_in(mirror, "lag"));
  found->second.trouble.set(mirror.find("trouble") != nullptr ? 1 : 0);
}

}  // namespace tandem::front
