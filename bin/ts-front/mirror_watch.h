// What the replicas tell of their mirrors in PostgreSQL, as metrics: asked now and then.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "daemon/metrics.h"
#include "group/group.h"
#include "loop/loop.h"
#include "wire/json.h"

namespace tandem::front {

class MirrorWatch {
 public:
  // All of them outlive this.
  MirrorWatch(loop::Loop& loop, daemon::Metrics& metrics, group::Group& orders,
              group::Group& catalog);

 private:
  struct Gauges {
    daemon::Gauge applied;
    daemon::Gauge lag;
    daemon::Gauge trouble;
  };

  void ask(const std::string& name, group::Group& group);
  void take(const std::string& name, uint32_t id, const wire::Json& mirror);

  daemon::Metrics& metrics_;
  group::Group& orders_;
  group::Group& catalog_;
  // By group and replica; none of one that has told of no mirror.
  std::map<std::pair<std::string, uint32_t>, Gauges> gauges_;
  loop::Timer asker_;
};

}  // namespace tandem::front
