// Coordination by Consul (https://developer.hashicorp.com/consul/api-docs), as coord/coord.h
// defines it. The keys of a group, below <prefix>/<group>/:
//
//   record          the record's text as it is; Flags are the version
//   members/<id>    JSON (coord/member_text.h), as long as the member is registered
//   last/<id>       the last entry of a member, kept when that is removed
//   locks/<name>    JSON: the holder's text, and its process; held by its session
//
// A swap reads the record, compares version and text with what is expected, and puts the next one
// with the modify index that was read, so that it is applied to that very state or not at all.
//
// A record that was moved to another back end (consulhost/record_move.h), or is on its way from
// there, has kMovedFlag in its Flags as well. It is what it was when it went, and void: reads and
// swaps fail, and watches tell nothing.
//
// What has no version, as a record that was written by hand, is damaged, and not there as far as
// swaps are concerned: whoever knows the record may put it back.
//
// Pure: requests, time and processes are given.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/timers.h"
#include "consul/client.h"
#include "consul/processes.h"
#include "consul/transport.h"
#include "coord/coord.h"

namespace tandem::consul {

constexpr uint64_t kMovedFlag = uint64_t{1} << 62;
bool is_moved(const Entry& record);
// 0: it has none, or was moved.
uint64_t version_of(const Entry& record);

struct Options {
  std::string prefix = "tandem";
};

// All outlive what it gives.
std::unique_ptr<coord::Coord> make_coord(Transport& transport, Processes& processes, Time time,
                                         Options options);

// kConfig where a prefix of keys is not names of coord/names.h with slashes between them.
Status check_prefix(const std::string& prefix);

}  // namespace tandem::consul
