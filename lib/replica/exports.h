// The state of this replica on its way out, as an export or a backup: each is a picture, spooled
// (spool.h), and then given away in parts as they are asked for.
//
//   kDbExport, kBackup  waits for the state that is wanted, as a read does; 200
//                   {"export":ID,"replica":N}, with "index":I where the picture is taken by then;
//                   429 where there are too many
//   kExportPart     {"export":ID,"offset":BYTES}: 200 with the bytes that follow, 204 at the end, 202:
//                   it is not spooled yet, ask again; 404: there is no such export (any more), 410: it
//                   failed. {"export":ID,"close":true}: 204, it is forgotten.
//
// Whoever asks leaves: an export that nobody asks about for some time is forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/self.h"
#include "loop/background.h"
#include "loop/loop.h"
#include "replica/host.h"
#include "replica/spool.h"
#include "rpc/server.h"
#include "wire/envelope.h"

namespace tandem::replica {

class Exports {
 public:
  static constexpr size_t kMaxExports = 2;
  static constexpr size_t kPartBytes = size_t{256} << 10;
  // Called when the picture is taken.
  using MakeForm = std::function<Result<std::unique_ptr<SpoolForm>>(repl::Picture& picture)>;

  // Both outlive this. REQUIRES: replica.open() was without error.
  Exports(loop::Loop& loop, Host& replica);
  ~Exports();
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;

  void begin(rpc::Reply reply, const wire::Request& request, MakeForm make_form);
  // A snapshot of the group (storage/snapshot.h) that has whatever was answered before, whichever
  // state `request` asks for.
  void begin_backup(rpc::Reply reply, const wire::Request& request);
  void part(rpc::Reply reply, const wire::Request& request);

 private:
  struct Question {
    rpc::Reply reply;
    uint64_t offset = 0;
    uint64_t since_ms = 0;
  };
  struct Export {
    std::shared_ptr<Spool> spool;  // shared with the job that works on it
    MakeForm make_form;
    uint64_t index = 0;     // of the picture; 0: it is not taken yet
    uint64_t asked_ms = 0;  // last, of the loop
    bool wanted = false;    // a part was asked for
    bool spooled = false;
    Status status;
    std::vector<Question> waiting;  // until it is spooled
  };

  void start(const std::string& id);
  void spool(const std::string& id, Result<repl::Picture> picture);
  void spooled(const std::string& id, Status status);
  void answer_part(Export& about, Question question);
  void look();
  void forget(const std::string& id);

  loop::Loop& loop_;
  Host& replica_;
  std::map<std::string, Export> exports_;
  loop::Timer looks_;
  loop::Background background_;
  Self<Exports> self_;  // last: goes first
};

}  // namespace tandem::replica
