#include "storehost/part.h"

#include <cstdint>
#include <memory>
#include <utility>

namespace tandem::storehost {
namespace {

class RpcReply final : public store::Reply {
 public:
  explicit RpcReply(rpc::Reply reply) : reply_(std::move(reply)) {}

  void answer(uint16_t status, uint64_t index, std::string_view body) override {
    replica::answer(reply_, status, index, body);
  }
  void fail(const Error& error) override { replica::answer_error(reply_, error); }
  void refuse_method() override { replica::refuse_method(reply_); }

 private:
  rpc::Reply reply_;
};

}  // namespace

void Part::on_request(rpc::Reply reply, const wire::Request& request) {
  service_.on_request(std::make_unique<RpcReply>(std::move(reply)), request);
}

void Part::add_info(wire::Json& info) const {
  service_.add_info(info);
  if (more_info_) more_info_(info);
}

void Part::start(UniqueFunction<void(Status)> done) {
  service_.start();
  done({});
}

}  // namespace tandem::storehost
