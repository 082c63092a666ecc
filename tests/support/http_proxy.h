// An HTTP proxy on the loop of a test that does harm: what becomes of each request the test says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fetch/fetcher.h"
#include "loop/loop.h"
#include "support/http_server.h"

namespace tandem::support {

enum class Harm {
  kNone,
  kDelay,       // of the answer, by `delay_ms`
  kCutBefore,   // the connection, before anything is passed on
  kCutAfter,    // the connection, once it was carried out and before anything of the answer
  kHalf,        // of the answer, then the connection is cut
  kSilence,     // it is carried out and never answered
  kError,       // 500 instead of passing it on
  kTooMany,     // 429 instead of passing it on
  kErrorAfter,  // 500 though it was carried out
  kPage,        // another program's page, as if all was well
  kNoPage,      // another program's page that there is no such page
};

class HttpProxy {
 public:
  // `upstream`: "http://127.0.0.1:8500".
  HttpProxy(loop::Loop& loop, std::string upstream)
      : loop_(loop), upstream_(std::move(upstream)), fetcher_(loop, {}), server_(loop) {
    server_.take = [this](const std::string& request, const HttpServer::Reply& reply) {
      pass(request, reply);
    };
  }

  std::string url() const { return server_.url(""); }
  // Asked of each request, as its bytes are.
  std::function<Harm(const std::string&)> harm = [](const std::string&) { return Harm::kNone; };
  uint64_t delay_ms = 50;

 private:
  void pass(const std::string& request, const HttpServer::Reply& reply) {
    const Harm what = harm(request);
    switch (what) {
      case Harm::kCutBefore:
        return reply.say(HttpServer::kHangUp);
      case Harm::kError:
        return reply.say(HttpServer::answer(500, "rpc error making call: EOF"));
      case Harm::kPage:
        return reply.say(HttpServer::answer(200, "<html>Welcome!</html>"));
      case Harm::kNoPage:
        return reply.say(HttpServer::answer(404, "<html>Not Found</html>"));
      case Harm::kTooMany:
        return reply.say(HttpServer::answer(429, "too many connections"));
      default:
        break;
    }
    const size_t blank = request.find(' ');
    fetch::Request onwards;
    onwards.method = request.substr(0, blank);
    onwards.url = upstream_ + request.substr(blank + 1, request.find(' ', blank + 1) - blank - 1);
    onwards.body = request.substr(request.find("\r\n\r\n") + 4);
    onwards.timeout_ms = 60'000;
    const auto sent = fetcher_.fetch(std::move(onwards),
                                     [this, what, reply](const Result<fetch::Answer>& answer) {
                                       if (!answer) return reply.say(HttpServer::kHangUp);
                                       answered(what, reply, text_of(*answer));
                                     });
    if (!sent) reply.say(HttpServer::kHangUp);
  }

  void answered(Harm what, const HttpServer::Reply& reply, const std::string& text) {
    switch (what) {
      case Harm::kCutAfter:
        return reply.say(HttpServer::kHangUp);
      case Harm::kErrorAfter:
        return reply.say(HttpServer::answer(500, "rpc error making call: EOF"));
      case Harm::kHalf:
        reply.say(text.substr(0, text.size() - 1));
        return reply.say(HttpServer::kHangUp);
      case Harm::kSilence:
        return;
      case Harm::kDelay: {
        delayed_.push_back(
            std::make_unique<loop::Timer>(loop_, [reply, text] { reply.say(text); }));

        delayed_.back()->start(delay_ms);
        return;
      }
      default:
        return reply.say(text);
    }
  }

  static std::string text_of(const fetch::Answer& answer) {
    const std::string index(answer.header("X-Consul-Index"));
    return HttpServer::answer(answer.status, answer.body,
                              index.empty() ? "" : "X-Consul-Index: " + index + "\r\n");
  }

  loop::Loop& loop_;
  const std::string upstream_;
  std::vector<std::unique_ptr<loop::Timer>> delayed_;
  fetch::Fetcher fetcher_;
  HttpServer server_;
};

}  // namespace tandem::support
