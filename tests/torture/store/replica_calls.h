// Calls by rpc to replicas of the store, each one by itself, past the fronts and their leaders.
// Blocking; the thread that made it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "rpc/client.h"
#include "wire/envelope.h"

namespace tandem::torture::store {

struct ReplicaAnswer {
  uint16_t status = 0;  // 0: none
  std::string body;
};

class ReplicaCalls {
 public:
  explicit ReplicaCalls(const std::vector<std::string>& urls);
  ~ReplicaCalls();
  ReplicaCalls(const ReplicaCalls&) = delete;
  ReplicaCalls& operator=(const ReplicaCalls&) = delete;

  // The same to every replica, in the order of the urls.
  std::vector<ReplicaAnswer> ask_each(const wire::Request& request);
  // One after the other to one replica, many under way at a time; stops at the first one without an
  // answer.
  std::vector<ReplicaAnswer> ask_all(size_t replica, wire::Method method,
                                     const std::vector<std::string>& bodies);

 private:
  struct Pending {
    ReplicaAnswer* answer = nullptr;
    size_t* left = nullptr;
  };
  void call(size_t replica, const wire::Request& request, Pending pending, uint64_t timeout_ms);
  void wait(const size_t& left);

  loop::Loop loop_;
  std::vector<std::unique_ptr<rpc::Client>> clients_;
};

}  // namespace tandem::torture::store
