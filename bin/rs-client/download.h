// A stream of a service: asked for until it begins, taken piece by piece, and begun anew where it
// breaks off and what has come of it can be taken back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "loop/loop.h"
#include "session.h"

namespace tandem::client {

class Download {
 public:
  class Taker {
   public:
    virtual ~Taker() = default;
    virtual Status take(std::string_view bytes) = 0;
    // No more comes: whether all of it has.
    virtual Status end() = 0;
    // Forgets what has come; false: it cannot.
    virtual bool begin_anew() = 0;
    virtual uint64_t rows() const = 0;
  };

  // `noun`: what it is, for messages. All of them outlive this.
  Download(Session& session, std::string url, std::string noun, Taker& taker);

  // Turns the loop until all of it has come.
  Status run();

 private:
  void ask();
  void take(std::string_view bytes);
  void on_end(Result<fetch::Answer> answer);
  bool asks_again(const Result<fetch::Answer>& answer);
  void end(Error error);
  void show_progress();

  Session& session_;
  const std::string url_;
  const std::string noun_;
  Taker& taker_;
  loop::Timer again_;
  loop::Timer silence_;
  loop::Timer progress_;
  std::string request_id_;
  uint64_t fetch_id_ = 0;
  uint64_t pause_ms_;
  uint64_t bytes_ = 0;
  int64_t begun_ms_ = 0;
  int tries_ = 1;
  std::optional<Error> ended_;
};

}  // namespace tandem::client
