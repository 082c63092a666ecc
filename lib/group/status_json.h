// A group and its replicas as people and programs are shown them: the status reports of the process
// that watches over the group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "group/group.h"
#include "group/leadership.h"
#include "group/replicas.h"
#include "repl/types.h"
#include "wire/json.h"

namespace tandem::group {

struct RoleNames {
  std::string_view leader = "leader";
  std::string_view follower = "follower";
};

wire::Json record_json(const repl::Record& record);
// Sets in `json`: group, ready, reason, remedy, leader_open, record, in_flight.
void add_group(wire::Json& json, const Group& group);
// ready, reason, remedy.
void add_readiness(wire::Json& json, const Status& ready);
// {"tables":"file","coordination":"local"}: what the rows of replicas tell of their tables, and how
// processes coordinate.
wire::Json backends_json(std::string_view coordination, const wire::Json::Array& rows);

// A row for each replica, made of what is known of it here and what it tells of itself.
class ReplicaRows {
 public:
  // `leadership` outlives this. `more` are members to be taken over from what a replica tells,
  // besides those of every group.
  ReplicaRows(const Leadership& leadership, RoleNames names, std::vector<std::string> more = {});

  // `told`: nullptr where it does not answer.
  void add(const ReplicaLink& replica, const wire::Json* told);
  // One that is to be there; nothing where it has a row.
  void add_absent(int64_t id);
  // Its process runs and has not registered; `trouble` says what it waits for.
  void add_starting(repl::ReplicaId id, int64_t pid, const std::string& trouble,
                    std::optional<int64_t> since_ms);
  // The rows by an integer member of theirs, each with its lag behind the furthest log of all.
  wire::Json::Array take(std::string_view sorted_by);

 private:
  std::string_view role_of(repl::ReplicaId id) const;

  const Leadership& leadership_;
  const RoleNames names_;
  const std::vector<std::string> more_;
  wire::Json::Array rows_;
  int64_t newest_ = 0;
};

}  // namespace tandem::group
