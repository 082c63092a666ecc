#include "rideshare/connect.h"

#include <algorithm>
#include <utility>

#include "rpc/client.h"
#include "rpc/url.h"

namespace tandem::rideshare {
namespace {

class RpcTransport final : public Transport {
 public:
  RpcTransport(loop::Loop& loop, rpc::ClientOptions options) : client_(loop, std::move(options)) {}
  Status start() { return client_.start(); }
  bool connected() const override { return client_.connected(); }
  void call(std::string_view payload, uint64_t timeout_ms, Completion done) override {
    client_.call(payload, timeout_ms, std::move(done));
  }

 private:
  rpc::Client client_;
};

class LoopAlarm final : public Alarm {
 public:
  LoopAlarm(loop::Loop& loop, UniqueFunction<void()> ring)
      : loop_(loop), timer_(loop, std::move(ring)) {}
  int64_t now_ms() const override { return static_cast<int64_t>(loop_.now_ms()); }
  void set(int64_t at_ms) override {
    timer_.start(static_cast<uint64_t>(std::max<int64_t>(at_ms - now_ms(), 0)));
  }

 private:
  loop::Loop& loop_;
  loop::Timer timer_;
};

class RpcConnection final : public Connection {
 public:
  RpcConnection(loop::Loop& loop, const Options& options,
                std::vector<std::unique_ptr<Transport>> transports)
      : alarm_(loop, [this] { client_.on_alarm(); }),
        client_(options, std::move(transports), alarm_, system_clock()) {}
  DbClient& client() override { return client_; }

 private:
  LoopAlarm alarm_;
  DbClient client_;
};

}  // namespace

Status check_addresses(const std::vector<std::string>& urls) {
  if (urls.empty()) return fail(ErrorKind::kConfig, "database.urls is empty");
  for (const std::string& url : urls) {
    if (Status good = rpc::check_url(url); !good) return good;
  }
  return {};
}

Result<std::unique_ptr<Connection>> connect(loop::Loop& loop, const std::vector<std::string>& urls,
                                            const Options& options) {
  if (Status good = check_addresses(urls); !good) return fail(good.error());
  std::vector<std::unique_ptr<Transport>> transports;
  for (const std::string& url : urls) {
    rpc::ClientOptions client_options;
    client_options.url = url;
    client_options.max_outstanding = options.max_in_flight;
    auto transport = std::make_unique<RpcTransport>(loop, std::move(client_options));
    if (auto started = transport->start(); !started) return fail(started.error());
    transports.push_back(std::move(transport));
  }
  return std::make_unique<RpcConnection>(loop, options, std::move(transports));
}

}  // namespace tandem::rideshare
