#include "pg/connecting.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "pg/connect_error.h"

namespace tandem::pg {
namespace {

// Where the conninfo has none, libpq takes them from the environment.
std::string own_options(const ConninfoValues& conninfo) {
  const auto set = value_of(conninfo, "options");
  if (set) return *set;
  const char* from_environment = std::getenv("PGOPTIONS");
  return from_environment == nullptr ? "" : from_environment;
}

}  // namespace

void Connecting::start(const ConnectOptions& options) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options.conninfo) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  const auto add = [&keywords, &values](const char* keyword, const std::string& value) {
    if (value.empty()) return;
    keywords.push_back(keyword);  // the last of a keyword counts
    values.push_back(value.c_str());
  };
  const std::string encoding = "UTF8";
  // A role may have one that is too short for setting another; what the start asks for comes first.
  const std::string no_timeout = own_options(options.conninfo) + " -c statement_timeout=0";
  add("application_name", options.application_name);
  add("client_encoding", encoding);
  add("options", no_timeout);
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  conn_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (conn_ != nullptr) {
    PQsetErrorVerbosity(conn_.get(), PQERRORS_VERBOSE);
    // By default notices are written to stderr.
    PQsetNoticeReceiver(
        conn_.get(), [](void*, const PGresult*) {}, nullptr);
  }
  // Neither a failure nor the first step in here: `done` comes from the loop.
  soon_ = std::make_unique<loop::Timer>(loop_, [this] {
    if (conn_ == nullptr) {
      finish(fail(ErrorKind::kExhausted, "no memory for a connection to PostgreSQL"));
    } else if (PQstatus(conn_.get()) == CONNECTION_BAD) {
      finish(fail(failure()));
    } else {
      wait_for(UV_WRITABLE);
    }
  });
  soon_->start(0);
}

void Connecting::wait_for(int events) {
  // Made anew for each step: libpq may have closed one socket and opened another, which mostly gets
  // the same number.
  poll_ = std::make_unique<loop::Poll>(loop_, PQsocket(conn_.get()), [this](int) { step(); });
  poll_->start(events);
}

void Connecting::step() {
  poll_.reset();
  switch (PQconnectPoll(conn_.get())) {
    case PGRES_POLLING_READING:
      return wait_for(UV_READABLE);
    case PGRES_POLLING_WRITING:
      return wait_for(UV_WRITABLE);
    case PGRES_POLLING_OK:
      PQsetErrorVerbosity(conn_.get(), PQERRORS_DEFAULT);
      return finish(std::move(conn_));
    default:
      return finish(fail(failure()));
  }
}

// As soon as libpq has understood its options it has a user, that of the system if nobody else.
Error Connecting::failure() const {
  const std::string text = PQerrorMessage(conn_.get());
  if (PQuser(conn_.get()) == nullptr) return options_error(text);
  return connect_error(text, PQconnectionNeedsPassword(conn_.get()) != 0);
}

void Connecting::finish(Result<Conn> result) {
  Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace tandem::pg
