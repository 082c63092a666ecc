// Who is asked as Consul would be: the model of it, or somebody else.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "sim/coord/consul_model.h"
#include "sim/random.h"
#include "sim/schedule.h"

namespace tandem::sim {

using Reply = ConsulModel::Reply;
using Request = ConsulModel::Request;

inline const std::string kKeys = "/v1/kv/model-test/";
inline const std::string kHolder =
    R"({"Node":"tandem","NodeChecks":[],"TTL":"10s","LockDelay":"0s","Behavior":"release"})";

class Consul {
 public:
  virtual ~Consul() = default;
  // A number for finish().
  virtual size_t begin(const Request& request) = 0;
  virtual bool finished(size_t number) = 0;
  virtual Reply finish(size_t number) = 0;
  virtual void save() = 0;
  virtual void go_back() = 0;

  Reply ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    return finish(begin({method, target, body}));
  }
};

class Model final : public Consul {
 public:
  size_t begin(const Request& request) override {
    const size_t number = ++last_;
    model.serve(request, [this, number](const Reply& reply) { replies_[number] = reply; });
    return number;
  }
  bool finished(size_t number) override { return replies_.contains(number); }
  Reply finish(size_t number) override {
    while (!finished(number)) schedule.run_one();
    return replies_.at(number);
  }
  void save() override { saved_ = model.state(); }
  void go_back() override { model.restore(saved_, true); }

  Schedule schedule;
  Random random{1};
  ConsulModel model{schedule, random};

 private:
  size_t last_ = 0;
  std::map<size_t, Reply> replies_;
  ConsulModel::State saved_;
};

}  // namespace tandem::sim
