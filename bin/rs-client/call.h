// One call of a service: what is asked, whether asking again is safe, and what an answer means.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "fetch/answer.h"

namespace tandem::client {

struct Call {
  enum class Kind {
    kRead,   // changes nothing
    kWrite,  // carries a key, so that repeating it does it once
    kOnce,   // is repeated only where it is certain that nothing was done
  };

  Kind kind = Kind::kRead;
  std::string method = "GET";
  std::string url = {};
  std::string body = {};
  std::string key = {};                   // of a kWrite
  std::vector<std::string> headers = {};  // beside those that every call has
  int64_t max_pause_ms = 1000;            // between two tries
  // How messages of a service begin that are an answer, namely no, and neither a wrong question nor
  // a wrong address: with 404 kNotFound, with 400 kConflict. What a command names by an id or a
  // name and is not there, or is there already, is one for every command.
  std::vector<std::string_view> no = {};
  // Turns an answer in another wire format that the service may speak into the usual one, before
  // anything is judged by it.
  void (*translate)(fetch::Answer& answer) = nullptr;
  UniqueFunction<void()> on_repeat = {};  // told of each try after the first
};

// A 2xx answer.
struct Reply {
  int status = 0;
  std::string body;
  std::string request_id;
  std::string allow = {};  // the header of that name
  uint64_t db_index = 0;   // that the answer reflects; 0: it does not say
  bool echoes_id = false;  // it has the request id that was sent, as every tandem service answers
};

// Whether trying again may help and cannot do the call twice: the connection could not be made or
// broke, or the service said 502, 503, 504 or 408.
bool worth_repeating(Call::Kind kind, const Result<fetch::Answer>& answer);

// Whether a write may have been carried out though `answer` does not say so: it was sent, and then
// the connection broke, the time was over, or the service said 408, 500, 502 or 504. Never of a
// kRead.
bool may_be_done(Call::Kind kind, const Result<fetch::Answer>& answer);

// Whether `reply` tells what became of a write with a key, also where earlier tries may have done
// it: under a key the service answers what it answered first. A service that can't be reached, or
// is another one, tells nothing.
bool settles(const Result<Reply>& reply);

// Whether a write that ended with `error` may have been done: kUnknown, and kBug, an answer from
// which nothing follows.
bool is_open(const Error& error);

// Where the body of a success is no JSON: another service answers there.
Error no_sense(const Error& parsing, const Reply& reply);

// Whether judge() or no_sense() has found that another service answers at that address.
bool is_another_service(const Error& error);

// A reply, or for every status that is no success an Error with the service's own message, status
// and request id, of the kind that the table in call.cc gives: what is not there is kNotFound, what
// was refused kBadInput, and a path that is not there kUnavailable, as another service answers.
// `no` is that of the call.
Result<Reply> judge(fetch::Answer answer, std::string_view request_id,
                    const std::vector<std::string_view>& no = {});

}  // namespace tandem::client
