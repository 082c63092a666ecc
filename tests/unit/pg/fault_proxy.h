// Stands between a connection and the server, on the loop of the test: a socket of its own, through
// which bytes go until a fault that the test asks for. And a server that says what it is told to.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "loop/loop.h"

namespace tandem::pg {

enum class Fault { kNone, kCut, kStall, kGarbage };

class FaultProxy {
 public:
  // Listens in `directory`, and passes on to the server whose socket is in `server_directory`.
  FaultProxy(loop::Loop& loop, const std::string& directory, const std::string& server_directory);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  // Of each connection that is made from now on, after so many bytes in that direction.
  void plan(Fault fault, bool from_server, size_t after_bytes) {
    fault_ = fault;
    from_server_ = from_server;
    after_bytes_ = after_bytes;
  }
  // Bytes of the last connection, of both directions.
  size_t sent_by_client() const { return sent_by_client_; }
  size_t sent_by_server() const { return sent_by_server_; }
  bool has_happened() const { return has_happened_; }
  // Cuts what is there now.
  void cut();

 private:
  struct Pair;
  void accept();
  void read(Pair& pair, bool from_server);
  bool write(Pair& pair, bool to_client);
  void inject(std::string& bytes, size_t before);

  loop::Loop& loop_;
  const std::string server_directory_;
  int listener_ = -1;
  std::unique_ptr<loop::Poll> accepts_;
  std::list<std::unique_ptr<Pair>> pairs_;
  Fault fault_ = Fault::kNone;
  bool from_server_ = true;
  size_t after_bytes_ = 0;
  size_t sent_by_client_ = 0;
  size_t sent_by_server_ = 0;
  bool has_happened_ = false;
};

// Takes a connection, waits for its first bytes, and answers with what it was given; then closes it
// or, where it is told to, leaves it as it is.
class ScriptedServer {
 public:
  ScriptedServer(loop::Loop& loop, const std::string& directory);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string answer;
  bool closes = true;
  size_t asked = 0;

 private:
  struct Peer;
  loop::Loop& loop_;
  int listener_ = -1;
  std::unique_ptr<loop::Poll> accepts_;
  std::list<std::unique_ptr<Peer>> peers_;
};

}  // namespace tandem::pg
