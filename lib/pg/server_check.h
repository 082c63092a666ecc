// Which servers are taken, and what a session is set to. Pure. Private to lib/pg.
//
// A person, or another program that shares the server, can change almost every default by ALTER
// SYSTEM, ALTER DATABASE or ALTER ROLE. What an answer or its durability could hang on is therefore
// set by each session.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tandem::pg {

struct ConnectOptions;

struct ServerFacts {
  int version = 0;  // 150004: 15.4
  std::string fsync;
  std::string encoding;  // of the database
  std::string standard_conforming_strings;
  bool is_standby = false;
};

// kConfig: older than 13, or too old to say its version. Asked before anything else.
Status check_version(int version);
// kConfig: the server or the database may lose or change what it is given. kUnavailable: it is a
// standby, which takes no writes until it is promoted.
Status check_server(const ServerFacts& facts);

// Parameters of the session, in the order in which they are set; those of the options win.
std::vector<std::pair<std::string, std::string>> session_settings(const ConnectOptions& options,
                                                                  int server_version);

}  // namespace tandem::pg
