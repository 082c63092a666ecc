// Histories written by hand, one line an operation.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "history/history.h"

namespace tandem::history {

inline Operation operation(uint32_t client, Time called, Time returned, Kind kind, int64_t value) {
  Operation o;
  o.client = client;
  o.called = called;
  o.returned = returned;
  o.key = "k";
  o.kind = kind;
  o.value = value;
  return o;
}

inline Operation read(uint32_t client, Time called, Time returned, int64_t value) {
  return operation(client, called, returned, Kind::kRead, value);
}

inline Operation write(uint32_t client, Time called, Time returned, int64_t value) {
  return operation(client, called, returned, Kind::kWrite, value);
}

inline Operation compare_set(uint32_t client, Time called, Time returned, int64_t expected,
                             int64_t value) {
  Operation o = operation(client, called, returned, Kind::kCompareSet, value);
  o.expected = expected;
  return o;
}

inline Operation increment(uint32_t client, Time called, Time returned, int64_t by) {
  return operation(client, called, returned, Kind::kIncrement, by);
}

inline Operation add(uint32_t client, Time called, Time returned, int64_t value) {
  return operation(client, called, returned, Kind::kAdd, value);
}

inline Operation append(uint32_t client, Time called, Time returned, int64_t value) {
  return operation(client, called, returned, Kind::kAppend, value);
}

inline Operation read_set(uint32_t client, Time called, Time returned,
                          std::vector<int64_t> values) {
  Operation o = operation(client, called, returned, Kind::kReadSet, 0);
  o.values = std::move(values);
  return o;
}

inline Operation read_list(uint32_t client, Time called, Time returned,
                           std::vector<int64_t> values) {
  Operation o = read_set(client, called, returned, std::move(values));
  o.kind = Kind::kReadList;
  return o;
}

inline Operation with(Operation o, Outcome outcome) {
  o.outcome = outcome;
  return o;
}

inline Operation unknown(Operation o) { return with(std::move(o), Outcome::kUnknown); }

inline Operation at_index(Operation o, uint64_t index, uint64_t session = 0) {
  o.index = index;
  o.session = session;
  if (session != 0) o.level = Level::kSession;
  return o;
}

inline Operation of_key(Operation o, std::string key) {
  o.key = std::move(key);
  return o;
}

}  // namespace tandem::history
